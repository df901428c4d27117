import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { eventually } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';

import { Platform, TemporaryFolder } from '../platform.ts';

const RULES = `
groups:
  - name: g
    interval: 1s
    rules:
      - { alert: Always, expr: 'vector(7)', labels: { severity: critical } }
      - { alert: Soon, expr: 'vector(1)', for: 1h }
`;

let platform: Platform;
let folder: TemporaryFolder;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function dwcp(...argv: readonly string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await run({
    argv: [...argv, '--url', platform.url],
    env: { USER: 'ada' },
    cwd: folder.path,
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

interface Listed {
  readonly alerts: readonly { readonly labels: Record<string, string>; readonly state: string }[];
}

async function states(): Promise<Readonly<Record<string, string>>> {
  const { alerts } = JSON.parse((await dwcp('alerts', '--json')).out) as Listed;
  return Object.fromEntries(alerts.map(({ labels, state }) => [labels['alertname'], state]));
}

beforeAll(async () => {
  folder = await TemporaryFolder.make();
  const file = join(folder.path, 'rules.yml');
  writeFileSync(file, RULES);
  platform = await Platform.start({
    alerting: {
      ruleFiles: [file],
      webhooks: [{ name: 'silent', url: 'http://127.0.0.1:9/', allowPrivateNetwork: true }],
    },
  });
  await platform.fetch('/api/v2/alerts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels: { alertname: 'Posted', incident: 'i-1' } }]),
  });
  await eventually(async () => Object.keys(await states()).length === 3, {
    timeoutMs: 10_000,
    what: 'alerts of rules',
  });
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test('alerts are those of rules and those that were sent, the worst first', async () => {
  const { code, out, err } = await dwcp('alerts');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const [level, , header, ...rows] = out.trimEnd().split('\n');
  expect(level).toBe('ORANGE  critical alerts: 1');
  expect(header).toMatch(/^ALERT +STATE +SEVERITY +FOR +VALUE +INCIDENT$/);
  expect(rows[0]).toMatch(/^Always\S* +firing +critical +\d+(ms|s) +7e\+00/);
  expect(rows.toSorted()[1]).toMatch(/^Posted\S* +firing +\d+(ms|s) +i-1$/);
  expect(rows.toSorted()[2]).toMatch(/^Soon\S* +pending +\d+(ms|s) +1e\+00$/);
  expect(rows).toHaveLength(3);
});

describe('dwcp silence', () => {
  test('add prints the id, list shows it, the alert is suppressed, expire ends it', async () => {
    const added = await dwcp('silence', 'add', 'alertname="Posted"', '--comment', 'known');
    expect(added).toMatchObject({ code: 0, err: '' });
    const id = added.out.trim();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const { out } = await dwcp('silence', 'list', 'alertname="Posted"');
    expect(out.split('\n')[1]).toMatch(/^alertname="Posted" +active +\S+Z +ada +known +\S+$/);
    expect(out).toContain(id);
    expect((await states())['Posted']).toBe('suppressed');
    expect(await dwcp('silence', 'expire', id)).toEqual({
      code: 0,
      out: `${id} is over\n`,
      err: '',
    });
    expect((await states())['Posted']).toBe('firing');
    expect((await dwcp('silence', 'list')).out).toBe('no silences\n');
    expect((await dwcp('silence', 'list', '--expired')).out).toContain(id);
  });

  test.each(['a="b"', 'a!="b"', 'a=~"b.*"', 'a!~"b.*"'])(
    'list shows the matcher %s',
    async (text) => {
      const options = ['--comment', 'x', '--duration', '1h', '--by', 'bob', '--json'];
      const { out } = await dwcp('silence', 'add', 'c="d"', text, ...options);
      const { silenceID } = JSON.parse(out) as { readonly silenceID: string };
      const listed = (await dwcp('silence', 'list', 'c="d"')).out;
      expect(listed).toContain(text);
      expect(listed).toContain('bob');
      await dwcp('silence', 'expire', silenceID);
    },
  );

  test('an id that nobody knows is told, with code 1', async () => {
    const { code, err } = await dwcp('silence', 'expire', '00000000-0000-4000-8000-000000000000');
    expect(code).toBe(1);
    expect(err).toContain('answered 404');
  });

  test('a silence that the server refuses is told in its words', async () => {
    const { code, err } = await dwcp('silence', 'add', 'a=~".*"', '--comment', 'all');
    expect(code).toBe(1);
    expect(err).toContain('answered 400');
    expect(err).toContain('must not match an empty value');
  });

  test.each([
    [[], 'silence wants add, list or expire'],
    [['end'], 'silence wants add, list or expire, got "end"'],
    [['add', '--comment', 'x'], 'silence add wants matchers'],
    [['add', 'a="b"'], 'silence add wants --comment'],
    [['add', 'a', '--comment', 'x'], '"a" is no matcher'],
    [['add', 'a="b"', '--comment', 'x', '--duration', 'soon'], '--duration wants a time'],
    [['expire'], 'silence expire wants one id or more'],
    [['list', '--comment', 'x'], 'silence list takes no --comment'],
  ])('%j is a wrong command line', async (argv, message) => {
    const { code, err } = await dwcp('silence', ...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe('docs/guides/terminal.md', () => {
  const root = join(import.meta.dirname, '../../../..');
  const guide = readFileSync(join(root, 'docs/guides/terminal.md'), 'utf8');
  const examples = [...guide.matchAll(/^dwcp ((?:alerts|silence (?:add|list)).*)$/gm)].map(
    ([, line = '']) => line,
  );

  test('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  test.each(examples)('dwcp %s', async (line) => {
    const argv = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare ?? '',
    );
    const { code, out, err } = await dwcp(...argv);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).not.toBe('');
  });
});
