import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';

import { Platform, TemporaryFolder } from './platform.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const root = join(import.meta.dirname, '../../..');
let folder: TemporaryFolder;

async function dwcp(argv: readonly string[], cwd = folder.path): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await run({
    argv: ['rules', ...argv],
    env: {},
    cwd,
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

const GOOD = `groups:
  - name: g
    rules:
      - { alert: Down, expr: up == 0, annotations: { text: '{{ $labels.job }} is down' } }
      - { record: ups, expr: count(up) }
`;
const BAD = `groups:
  - name: g
    rules:
      - alert: Down
        expr: up ==
        for: soon
`;
const OWN = `groups:
  - name: own
    rules:
      - alert: Busy
        condition: { threshold: { metric: cpu, operator: '>', value: 0.9 } }
        on_error: alert
`;
const tests = (value: number, expected: string): string => `rule_files: [../good.yml]
tests:
  - name: down
    interval: 1m
    input_series: [{ series: 'up{job="x"}', values: '1 0' }]
    promql_expr_test:
      - { expr: up, eval_time: 0m, exp_samples: [{ labels: 'up{job="x"}', value: ${value} }] }
    alert_rule_test:
      - { eval_time: 1m, alertname: Down, exp_alerts: ${expected} }
`;
const FIRES = "[{ exp_labels: { job: x }, exp_annotations: { text: 'x is down' } }]";

beforeAll(async () => {
  folder = await TemporaryFolder.make();
  mkdirSync(join(folder.path, 'tests'));
  const files = {
    'good.yml': GOOD,
    'bad.yml': BAD,
    'own.yml': OWN,
    'tests/good.yml': tests(1, FIRES),
    'tests/failing.yml': tests(3, '[]'),
    'tests/unreadable.yml': 'tests:\n  - interval: soon\n',
    'tests/without-rules.yml': 'rule_files: [nothing*.yml]\ntests: [{}]\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('dwcp rules check', () => {
  test('counts the rules of a good file', async () => {
    expect(await dwcp(['check', 'good.yml'])).toEqual({
      code: 0,
      out: 'Checking good.yml\n  SUCCESS: 2 rules found\n\n',
      err: '',
    });
  });

  test('names file, line and column of every mistake, and goes on with the next file', async () => {
    const { code, out, err } = await dwcp(['check', 'bad.yml', 'good.yml']);
    expect(code).toBe(1);
    expect(out).toBe('Checking bad.yml\nChecking good.yml\n  SUCCESS: 2 rules found\n\n');
    const lines = err.split('\n');
    expect(lines[0]).toBe('  FAILED:');
    expect(lines[1]).toMatch(/^ {4}bad\.yml:5:15: group "g", rule 1 "Down": could not parse/);
    expect(lines[2]).toMatch(/^ {4}bad\.yml:6:14: .* for: "soon" is not a duration; write/);
  });

  test('--json has the problems with their places', async () => {
    const { code, out, err } = await dwcp(['check', 'bad.yml', 'good.yml', 'none.yml', '--json']);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      files: [
        { file: 'bad.yml', rules: 0, problems: [{ path: 'bad.yml', line: 5 }, { line: 6 }] },
        { file: 'good.yml', rules: 2, problems: [] },
        { file: 'none.yml', problems: [{ path: 'none.yml', line: 1, column: 1 }] },
      ],
    });
  });
});

describe('dwcp rules export', () => {
  const reason = 'Prometheus keeps alerts as they are when a rule fails';

  test('prints a plain Prometheus file, and beside it what that leaves out', async () => {
    const { code, out, err } = await dwcp(['export', 'good.yml', 'own.yml']);
    expect({ code, err }).toEqual({
      code: 0,
      err: `left out: group "own", rule "Busy", on_error: ${reason}\n`,
    });
    expect(out).toContain('- alert: Down\n        expr: up == 0\n');
    expect(out).toContain('- alert: Busy\n        expr: cpu > 0.9\n');
    writeFileSync(join(folder.path, 'exported.yml'), out);
    expect((await dwcp(['check', 'exported.yml'])).out).toContain('SUCCESS: 3 rules found');
  });

  test('--json has both', async () => {
    const { code, out } = await dwcp(['export', 'own.yml', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      yaml: expect.stringMatching(/^groups:\n/) as string,
      notes: [{ group: 'own', rule: 'Busy', key: 'on_error', outcome: 'left-out', reason }],
    });
  });

  test('a bad file is told with its place, and nothing is printed', async () => {
    const { code, out, err } = await dwcp(['export', 'good.yml', 'bad.yml']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^bad\.yml:5:15: group "g", rule 1 "Down": could not parse/);
  });
});

describe('dwcp rules test', () => {
  test('says SUCCESS when all comes out as expected', async () => {
    expect(await dwcp(['test', 'tests/good.yml'])).toEqual({
      code: 0,
      out: 'Unit Testing:  tests/good.yml\n  SUCCESS\n\n',
      err: '',
    });
  });

  test('tells what differed as promtool does', async () => {
    const { code, out, err } = await dwcp(['test', 'tests/failing.yml']);
    expect({ code, out }).toEqual({ code: 1, out: 'Unit Testing:  tests/failing.yml\n' });
    expect(err).toBe(`  FAILED:
    name: down,
    alertname: Down, time: 1m,
        exp:[],
        got:[
            0:
              Labels:{alertname="Down", job="x"}
              Annotations:{text="x is down"}
            ]

    name: down,
    expr: "up", time: 0s,
        exp: {__name__="up", job="x"} 3E+00
        got: {__name__="up", job="x"} 1E+00

`);
  });

  test('a test file that is wrong is told with its place, a pattern without files is a warning', async () => {
    const wrong = await dwcp(['test', 'tests/unreadable.yml', 'tests/without-rules.yml']);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain('    tests/unreadable.yml:2:15: test 1: interval: "soon" is not');
    expect(wrong.err).toContain('  WARNING: no file match pattern nothing*.yml\n');
    expect((await dwcp(['test', 'tests/without-rules.yml'])).code).toBe(0);
  });

  test('--json has every difference', async () => {
    const { code, out } = await dwcp(['test', 'tests/good.yml', 'tests/failing.yml', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      files: [
        { path: 'tests/good.yml', passed: true, tests: [{ name: 'down', failures: [] }] },
        {
          path: 'tests/failing.yml',
          passed: false,
          tests: [{ failures: [{ kind: 'alerts', evalTimeMs: 60_000 }, { kind: 'samples' }] }],
        },
      ],
    });
  });
});

describe('dwcp rules backtest', () => {
  const startSeconds = Math.floor(Date.now() / 1_000) - 600;
  let platform: Platform;
  beforeAll(async () => {
    platform = await Platform.start();
    // Down from the third to the eighth minute.
    const lines = Array.from({ length: 11 }, (_, minute) => {
      const value = minute >= 3 && minute <= 7 ? 0 : 1;
      return `up{job="x"} ${value} ${(startSeconds + minute * 60) * 1_000}`;
    });
    await platform.importText(`${lines.join('\n')}\n`);
    writeFileSync(
      join(folder.path, 'backtest.yml'),
      'groups: [{ name: g, interval: 1m, rules: [{ alert: Down, expr: \'up{job="x"} == 0\', for: 2m }] }]\n',
    );
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  const range = (end: number): readonly string[] => [
    '--rules=backtest.yml',
    `--url=${platform.url}`,
    `--start=${startSeconds}`,
    `--end=${startSeconds + end * 60}`,
  ];
  const at = (minute: number): string =>
    new Date((startSeconds + minute * 60) * 1_000).toISOString();

  test('tells when each alert would have fired, and for how long', async () => {
    const { code, out, err } = await dwcp(['backtest', ...range(10)]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [header = '', line = '', ...rest] = out.split('\n');
    expect(header).toMatch(/^ALERT\s+FIRED\s+ENDED\s+LASTED$/);
    expect(line).toMatch(/^Down\{job="x".*\}\s/);
    expect(line.split(/\s{2,}/).slice(1)).toEqual([at(5), at(8), '3m']);
    expect(rest).toEqual(['']);
  });

  test('--json has all rules', async () => {
    const { out } = await dwcp(['backtest', ...range(6), '--json']);
    expect(JSON.parse(out)).toMatchObject({
      rules: [
        {
          group: 'g',
          rule: 'Down',
          firings: [{ labels: { alertname: 'Down', job: 'x' }, firedAt: at(5), endedAt: null }],
        },
      ],
    });
  });

  test('says so when nothing would have fired', async () => {
    expect(await dwcp(['backtest', ...range(2)])).toEqual({
      code: 0,
      out: 'no alert would have fired\n',
      err: '',
    });
  });

  test('the example of docs/guides/terminal.md runs', async () => {
    const guide = readFileSync(join(root, 'docs/guides/terminal.md'), 'utf8');
    const [, example = ''] = /^dwcp rules (backtest .*)$/m.exec(guide) ?? [];
    const { code, err } = await dwcp([...example.split(' '), '--url', platform.url], root);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('rule files that are wrong are told before anything is asked', async () => {
    const { code, err } = await dwcp(['backtest', '--rules', 'bad.yml', '--start', 'now-1h']);
    expect(code).toBe(1);
    expect(err).toContain('bad.yml:5:15: group "g", rule 1 "Down": could not parse');
  });
});

test.each([
  [[], 'rules wants check, test, export, backtest, list, show, set'],
  [['lint'], 'delete, history, got "lint"'],
  [['list', '--start', '1'], '--start goes with rules backtest'],
  [['list', 'a'], 'rules list takes no names'],
  [['set', 'a.yml', '--limit', '3'], 'rules set takes no --limit'],
  [['set', 'a.yml', 'b.yml'], 'rules set wants one file'],
  [['set', 'a.yml', '--version', 'x'], '--version wants a whole number'],
  [['disable'], 'rules disable wants a group, and one of its rules or none'],
  [['disable', 'a', '--label', 'b=c'], '--label goes with the name of a rule'],
  [['disable', 'a', 'b', '--label', 'c'], '--label wants NAME=VALUE'],
  [['delete'], 'rules delete wants the name of one group'],
  [['history', 'a', '--limit', '0'], '--limit wants a whole number above 0'],
  [['check'], 'rules check wants one file or more'],
  [['test'], 'rules test wants one file or more'],
  [['export'], 'rules export wants one file or more'],
  [['check', 'a.yml', '--start', '1'], '--start goes with rules backtest'],
  [['backtest', 'a.yml'], 'rules backtest wants its files with --rules'],
  [['backtest', '--start', '1'], 'rules backtest wants --rules FILE'],
  [['backtest', '--rules', 'good.yml'], 'rules backtest wants --start'],
  [['backtest', '--rules', 'good.yml', '--start', 'noon'], '--start wants RFC 3339'],
  [['check', 'a.yml', '--fix'], "Unknown option '--fix'"],
])('rules %j is refused', async (argv, message) => {
  const { code, err } = await dwcp(argv);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

describe('docs/guides/terminal.md', () => {
  const guide = readFileSync(join(root, 'docs/guides/terminal.md'), 'utf8');
  const examples = [...guide.matchAll(/^dwcp rules ((?:check|test) .*)$/gm)].map(
    ([, line = '']) => line,
  );

  test('has examples of both commands', () => {
    expect(new Set(examples.map((line) => line.split(' ')[0]))).toEqual(new Set(['check', 'test']));
  });

  test.each(examples)('dwcp rules %s', async (line) => {
    const argv = line
      .split(' ')
      .flatMap((word) => (word.includes('*') ? globSync(word, { cwd: root }) : [word]));
    expect(argv.length).toBeGreaterThan(5);
    const { code, err } = await dwcp(argv, root);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });
});
