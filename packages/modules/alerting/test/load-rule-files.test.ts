import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadRuleFiles, RuleFileError } from '@dwcp/alerting';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

function folder(files: Readonly<Record<string, string>>): { readonly dir: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'dwcp-rules-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

const good = (name: string): string => `groups:\n  - name: ${name}\n`;

test('patterns name files, each once, in the order of their paths', async () => {
  using files = folder({ 'b.yml': good('b'), 'a.yml': good('a'), 'c.txt': good('c') });
  const groups = await loadRuleFiles([join(files.dir, '*.yml'), join(files.dir, 'b.yml')]);
  expect(groups.map(({ name, file }) => [name, file])).toEqual([
    ['a', join(files.dir, 'a.yml')],
    ['b', join(files.dir, 'b.yml')],
  ]);
});

test('a pattern that meets nothing is no error', async () => {
  using files = folder({});
  expect(await loadRuleFiles([join(files.dir, '*.yml')])).toEqual([]);
});

test('one bad file refuses all, with the problems of every file', async () => {
  using files = folder({ 'a.yml': good('a'), 'b.yml': 'groups: x', 'c.yml': 'group: []' });
  const paths = [join(files.dir, '*.yml'), join(files.dir, 'missing.yml')];
  const error: unknown = await loadRuleFiles(paths).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RuleFileError);
  const message = String(error);
  expect(message).toContain('b.yml:1:9: groups is "x"');
  expect(message).toContain('c.yml:1:1: "group" is not a key');
  expect(message).toContain('missing.yml:1:1: cannot be read');
});

const shipped = join(import.meta.dirname, '../../../../configs/prometheus/resource.yml');

test('the shipped rules load, are answered by the engine, and each says what it means', async () => {
  const groups = await loadRuleFiles([shipped]);
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThanOrEqual(8);
  const clock = new ManualClock();
  const engine = new PromqlEngine({ store: new MemoryMetricStore(), clock });
  for (const rule of rules) {
    const { value } = await engine.instant({
      expression: rule.expression,
      unixMs: clock.nowUnixMs(),
    });
    expect([rule.name, value]).toEqual([rule.name, { kind: 'vector', samples: [] }]);
    expect(rule).toMatchObject({
      kind: 'alerting',
      labels: { severity: expect.stringMatching(/^(critical|warning|info)$/) },
      annotations: { summary: expect.any(String), description: expect.any(String) },
    });
  }
});
