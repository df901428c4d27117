import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';

import { TemporaryFolder } from '../platform.ts';

const CONFIG = `
route:
  receiver: team
  group_by: [alertname]
  routes:
    - matchers: [severity="critical"]
      receiver: pager
      group_wait: 0s
      continue: true
    - matchers: ['team=~"a|b"']
      receiver: team
      group_by: ['...']
      mute_time_intervals: [weekend]
receivers:
  - name: team
    webhook_configs: [{ url: 'http://localhost/' }]
  - name: pager
time_intervals:
  - name: weekend
    time_intervals: [{ weekdays: [saturday, sunday] }]
`;
const SATURDAY = '2026-01-03T12:00:00Z';
const MONDAY = '2026-01-05T12:00:00Z';

let folder: TemporaryFolder;

async function dwcp(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const code = await run({
    argv: ['routes', ...argv],
    env: {},
    cwd: folder.path,
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

beforeAll(async () => {
  folder = await TemporaryFolder.make();
  writeFileSync(join(folder.path, 'alertmanager.yml'), CONFIG);
  writeFileSync(join(folder.path, 'bad.yml'), 'route:\n  receiver: none\nreceivers: []\n');
});
afterAll(() => folder[Symbol.asyncDispose]());

const test_ = ['test', '--config', 'alertmanager.yml'] as const;

describe('dwcp routes test', () => {
  test('tells the receivers in order, with the route, the group, the timers and what mutes', async () => {
    const labels = ['alertname=Down', 'severity=critical', 'team=a'];
    expect(await dwcp(...test_, ...labels, '--at', SATURDAY)).toEqual({
      code: 0,
      out: `1. pager (tells nobody)
   route   {} > {severity="critical"}
   group   by alertname; {}/{severity="critical"}:{alertname="Down"}
   timing  wait 0s, interval 5m, repeat 4h
2. team (team/webhook[0])
   route   {} > {team=~"a|b"}
   group   by every label; {}/{team=~"a|b"}:{alertname="Down", severity="critical", team="a"}
   timing  wait 30s, interval 5m, repeat 4h
   at      2026-01-03T12:00:00.000Z: quiet because of weekend
`,
      err: '',
    });
    const { out } = await dwcp(...test_, ...labels, '--at', MONDAY);
    expect(out).toContain('at      2026-01-05T12:00:00.000Z: open\n');
  });

  test('labels that no child matches go to the root', async () => {
    const { out } = await dwcp(...test_, 'severity=info', 'team=');
    expect(out).toMatch(/^1\. team \(team\/webhook\[0\]\)\n {3}route {3}\{\}\n/);
  });

  test('--verify compares the receivers', async () => {
    const labels = ['severity=critical', 'team=a'];
    expect((await dwcp(...test_, ...labels, '--verify', 'pager,team')).code).toBe(0);
    const wrong = await dwcp(...test_, ...labels, '--verify', 'team');
    expect(wrong).toMatchObject({ code: 1, err: 'dwcp: expected team, got pager,team\n' });
  });

  test('--json prints the labels and all that was found', async () => {
    const { out } = await dwcp(...test_, 'team=b', '--at', SATURDAY, '--json');
    expect(JSON.parse(out)).toMatchObject({
      at: '2026-01-03T12:00:00.000Z',
      labels: { team: 'b' },
      routes: [{ receiver: 'team', mutedBy: ['weekend'], groupBy: 'all' }],
    });
  });

  test('a configuration that is wrong or absent is told, with code 1', async () => {
    const bad = await dwcp('test', '--config', 'bad.yml', 'a=b');
    expect(bad.code).toBe(1);
    expect(bad.err).toContain('bad.yml');
    const absent = await dwcp('test', '--config', 'absent.yml', 'a=b');
    expect(absent.code).toBe(1);
    expect(absent.err).toContain('absent.yml');
  });

  test.each([
    [['test'], 'routes test wants --config'],
    [[...test_], 'wants labels such as severity=critical'],
    [[...test_, 'severity'], '"severity" is no label; write it as name=value'],
    [[...test_, 'a=b', '--at', 'soon'], '--at wants RFC 3339 or Unix seconds, got "soon"'],
    [['show', '--config', 'alertmanager.yml', 'a=b'], 'routes show wants only --config'],
    [['draw'], 'routes wants test or show, got "draw"'],
  ])('%j is a wrong command line', async (argv, message) => {
    const { code, err } = await dwcp(...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

test('dwcp routes show prints the tree', async () => {
  expect(await dwcp('show', '--config', 'alertmanager.yml')).toEqual({
    code: 0,
    out: `default -> team
  {severity="critical"} continue -> pager
  {team=~"a|b"} -> team
`,
    err: '',
  });
});

describe('docs/guides/terminal.md', () => {
  const root = join(import.meta.dirname, '../../../..');
  const guide = readFileSync(join(root, 'docs/guides/terminal.md'), 'utf8');
  const examples = [...guide.matchAll(/^dwcp routes (.*)$/gm)].map(([, line = '']) => line);

  test('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  test.each(examples)('dwcp routes %s', async (line) => {
    const { code, out } = await dwcp(...line.split(' '));
    expect(out).not.toBe('');
    // The example's receivers are not those of this tree, where the team is missing.
    expect(code).toBe(line.includes('--verify') ? 1 : 0);
  });
});
