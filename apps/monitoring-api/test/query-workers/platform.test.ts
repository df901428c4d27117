import { expect, test } from 'vitest';

import { Platform } from '../platform.ts';

/** More points than the main thread takes on. */
const HEAVY = `/api/v1/query?query=${encodeURIComponent('count_over_time(vector(1)[100d:1s])')}`;

async function workerQueries(platform: Platform): Promise<string | undefined> {
  const text = await (await platform.fetch('/metrics')).text();
  return /^dwcp_query_worker_queries_total\{.*outcome="success".*\} (\d+)$/m.exec(text)?.[1];
}

test('the platform answers a heavy query on a worker', async () => {
  await using platform = await Platform.start({ query: { workers: 1 } });

  const answer = await platform.json(HEAVY);

  expect(answer).toMatchObject({
    status: 'success',
    data: { result: [{ metric: {}, value: [expect.any(Number), '8640000'] }] },
  });
  expect(await workerQueries(platform)).toBe('1');
});

test('without workers it answers all the same', async () => {
  await using platform = await Platform.start({ query: { workers: 0 } });

  const answer = await platform.json(HEAVY);

  expect(answer).toMatchObject({ status: 'success' });
  expect(await workerQueries(platform)).toBe(undefined);
});
