import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { DEFAULT_LEVELS, incidentConfig, parseRuleFile } from '@dwcp/alerting';
import { expect, test } from 'vitest';

const guide = readFileSync(
  join(import.meta.dirname, '../../../../../docs/guides/incidents.md'),
  'utf8',
);

test('the rule in docs/guides/incidents.md has the dedup that the text says', () => {
  const [, rule = ''] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? [];
  const file = `groups:\n  - name: guide\n    rules:\n${rule.replaceAll(/^/gm, '      ').trimEnd()}\n`;
  const [group] = parseRuleFile(file, 'guide.yml');
  expect(group?.rules[0]).toMatchObject({
    name: 'DiskFull',
    dedup: { by: ['metric', 'severity'], windowMs: 300_000 },
  });
});

test('the levels and limits in docs/guides/incidents.md are the defaults', () => {
  for (const [index, { name, afterMs }] of DEFAULT_LEVELS.entries()) {
    const next = DEFAULT_LEVELS[index + 1];
    const from = afterMs / 60_000;
    const span = next === undefined ? `${from} and more` : `${from} to ${next.afterMs / 60_000}`;
    expect(guide).toMatch(new RegExp(`\\| ${name} +\\| ${span} +\\|`));
  }
  const { windowMs, maxSpanMs, maxAlerts, closeAfterMs, retentionMs, maxClosed, maxHops } =
    incidentConfig({});
  expect([windowMs, maxSpanMs, closeAfterMs].map((ms) => ms / 60_000)).toEqual([5, 60, 5]);
  expect([maxAlerts, maxClosed, maxHops, retentionMs / 86_400_000]).toEqual([1_000, 10_000, 3, 30]);
});
