import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { Platform, TemporaryFolder } from './platform.ts';

test('a pattern in the logs of the platform fires a rule, and the API shows what it is made of', async () => {
  await using folder = await TemporaryFolder.make();
  const file = join(folder.path, 'logs.rules.yml');
  await writeFile(
    file,
    `groups:
- name: logs
  interval: 200ms
  rules:
  - alert: PaymentsRefused
    condition: { log_count: { query: payment refused, pattern: 'code=5\\d\\d$', level: error, by: [level], window: 5m, operator: '>=', value: 3 } }
    dedup: { by: [level] }
`,
  );
  await using platform = await Platform.start({ alerting: { ruleFiles: [file] } });
  const { monitoring } = platform;
  monitoring.recordLog('error', 'payment refused code=404');
  for (const id of [1, 2]) monitoring.recordLog('error', `payment ${id} refused, code=503`);
  await monitoring.flush();
  const fired = async (): Promise<readonly string[]> =>
    (await monitoring.getAlerts({ state: 'firing' })).map(({ labels }) => labels.toString());
  const counts = async (): Promise<unknown> =>
    await platform.json('/api/v1/query?query=sum(dwcp:log_matches:count)');
  await expect
    .poll(counts, { timeout: 5_000 })
    .toMatchObject({ data: { result: [{ value: [expect.anything(), '2'] }] } });
  expect(await fired()).toEqual([]);
  monitoring.recordLog('fatal', 'payment 3 refused, code=500');
  monitoring.recordLog('error', 'payment 4 refused, code=500');
  await monitoring.flush();
  await expect
    .poll(fired, { timeout: 5_000 })
    .toEqual(['{alertname="PaymentsRefused", level="error"}']);
  expect(await platform.json('/api/v1/rules')).toMatchObject({
    data: {
      groups: [
        {
          rules: [
            {
              query: expect.stringMatching(
                /^sum by \(level\) \(dwcp:log_matches:count\{/,
              ) as string,
              condition: { kind: 'log_count' },
              dedup: { by: ['level'], window: 300 },
            },
          ],
        },
      ],
    },
  });
});
