import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type IncidentPageView } from '@dwcp/api-schema';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';
import { parseConfigText } from '#src/config/file-source.ts';
import { parseConfig } from '#src/config/parse-config.ts';

import { AlertingWorld, MINUTE, settings } from './alerting-world.ts';

const ALERTMANAGER = `
route: { receiver: team, group_by: [alertname], group_wait: 10s }
receivers: [{ name: team, webhook_configs: [{ url: 'URL/team' }] }]
`;

let world: AlertingWorld;
beforeEach(async () => {
  world = await AlertingWorld.start({
    'dwcp.yml': settings('  incidents: { topology: { web: [db] } }\n'),
    'alertmanager.yml': ALERTMANAGER,
  });
});
afterEach(() => world[Symbol.asyncDispose]());

async function dwcp(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', ''];
  const code = await run({
    argv: [...argv, '--url', world.url],
    env: { USER: 'ada' },
    cwd: '/',
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

async function done(...argv: readonly string[]): Promise<string> {
  const { code, out, err } = await dwcp(...argv);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

describe('an alert by hand', () => {
  test('is raised, listed, acknowledged and ended', async () => {
    const labels = ['severity=critical', 'service=db', 'region=eu'];
    const fingerprint = (
      await done('alert', 'trigger', 'Drill', ...labels, '--annotation', 'summary=a drill')
    ).trim();
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    await world.run(MINUTE);
    expect(world.webhook.told[0]?.alerts[0]?.annotations).toEqual({
      summary: 'a drill',
      origin: 'manual',
      triggered_by: 'ada',
    });
    const listed = (await done('alerts')).split('\n');
    expect(listed[0]).toBe('ORANGE  critical alerts: 1');
    expect(listed[3]).toMatch(/^Drill\{region="eu", service="db"\} +firing +critical +1m/);

    const name = '{alertname="Drill", region="eu", service="db", severity="critical"}';
    expect(await done('alert', 'ack', 'Drill', '--comment', 'on it', '--timeout', '30m')).toBe(
      `${name} is acknowledged\n`,
    );
    expect((await done('alert', 'explain', 'Drill')).split('\n')[0]).toContain(
      'it was acknowledged by ada',
    );
    expect(await done('alert', 'unack', fingerprint)).toBe(
      `${fingerprint} is not acknowledged any more\n`,
    );
    expect(await done('alert', 'resolve', 'Drill{region="eu"}', '--comment', 'over')).toBe(
      `${name} is over\n`,
    );
    await world.run(6 * MINUTE);
    expect(world.toldTo('team')).toEqual(['Drill firing', 'Drill resolved']);
    const explained = await done('alert', 'explain', fingerprint);
    expect(explained).toContain('triggered by ada');
    expect(explained).toContain('resolved by ada: over');
    expect(await dwcp('alert', 'resolve', 'Drill')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing fires that is Drill'),
    });
  });

  test('ends by itself after --duration', async () => {
    await done('alert', 'trigger', 'Short', '--duration', '5m');
    expect(await done('alerts')).toContain('Short');
    await world.run(6 * MINUTE);
    expect(await done('alerts')).toContain('nothing fires');
  });
});

describe('dwcp incidents', () => {
  beforeEach(async () => {
    await world.post(
      { alertname: 'DbDown', service: 'db', severity: 'critical', region: 'eu' },
      { alertname: 'WebSlow', service: 'web', severity: 'warning', region: 'eu' },
    );
    await world.run(MINUTE);
  });

  async function onlyId(): Promise<string> {
    const { items } = JSON.parse(await done('incidents', '--json')) as IncidentPageView;
    expect(items).toHaveLength(1);
    return items[0]?.id ?? '';
  }

  test('lists them, and tells one in full', async () => {
    const id = await onlyId();
    const [header, row] = (await done('incidents')).split('\n');
    expect(header).toMatch(/^INCIDENT +STATE +SEVERITY +AGE +FIRING +LEVEL +BY +ID$/);
    expect(row).toMatch(/^\w+, \w+ +open +critical +1m +2 of 2 +L1 +inc-\w+$/);
    const text = await done('incidents', id);
    expect(text).toMatch(new RegExp(`: open, critical, 2 of 2 alerts firing \\(${id}\\)\n`));
    expect(text).toMatch(/\nmay come from\n {2}\{alertname="DbDown"/);
    expect(text).toMatch(/\n {2}L1 {2}after 0s {2}reached 2026-/);
    expect(text).toContain('escalated: L1');
    expect(await done('incidents', '--state', 'closed')).toBe('no incidents\n');
  });

  test('an incident is acknowledged by its id, and status tells of it', async () => {
    const id = await onlyId();
    expect(await done('status')).toMatch(/\nlevel {4}ORANGE, 1 incident open, 0 acknowledged\n/);
    expect(await done('alert', 'ack', id, '--by', 'bob')).toBe(`${id} is acknowledged\n`);
    expect(await done('incidents', '--state', 'acknowledged')).toMatch(/acknowledged.*bob/);
    expect(await done('status')).toMatch(/\nlevel {4}ORANGE, 1 incident open, 1 acknowledged\n/);
    expect(await done('alert', 'unack', id)).toBe(`${id} is not acknowledged any more\n`);
  });

  test('a receiver that fails is seen in the status', async () => {
    world.webhook.answerTo = () => 503;
    await world.post({ alertname: 'Other' });
    await world.run(2 * MINUTE);
    expect(await done('status')).toMatch(/\nfailing {2}team\/webhook\[0\] since 2026-\S+: .*503/);
  });
});

test.each([
  [['alert', 'ack'], 'alert ack wants one alert: a name, labels, a fingerprint or the id of an'],
  [['alert', 'ack', 'A', '--timeout', 'soon'], '--timeout wants a time such as 30m, got "soon"'],
  [['alert', 'ack', 'A{b'], 'lacks the closing brace'],
  [['alert', 'resolve', 'A', 'B'], 'alert resolve wants one alert'],
  [['alert', 'trigger'], 'alert trigger wants a name'],
  [['alert', 'trigger', 'a=b'], 'alert trigger wants a name'],
  [['alert', 'trigger', 'A', 'b'], 'a label is NAME=VALUE, got "b"'],
  [['alert', 'trigger', 'A', '--annotation', 'b'], '--annotation is NAME=VALUE, got "b"'],
  [['alert', 'trigger', 'A', '--duration', '0s'], '--duration wants a time such as 2h, got "0s"'],
  [['alert', 'ring'], 'alert wants explain, ack, unack, trigger or resolve, got "ring"'],
  [['incidents', 'a', 'b'], 'incidents wants the id of one incident, or none'],
  [['incidents', '--state', 'shut'], '--state is one of open, unacknowledged'],
])('%j is a wrong command line', async (argv, message) => {
  const { code, err } = await dwcp(...argv);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

test.each(['terminal.md', 'incidents.md'])('the examples of docs/guides/%s run', async (name) => {
  const root = join(import.meta.dirname, '../../../..');
  const guide = readFileSync(join(root, 'docs/guides', name), 'utf8');
  const examples = [
    ...guide.matchAll(
      /^dwcp ((?:alert (?:ack|unack|trigger|resolve)|incidents)\b.*?)(?: # .*)?$/gm,
    ),
  ].map(([, line = '']) => line);
  expect(examples.length).toBeGreaterThanOrEqual(5);
  await world.post({ alertname: 'HostDown', instance: 'a:1' });
  const { items } = await world.ask<IncidentPageView>('GET', '/api/v1/incidents');
  for (const line of examples) {
    const argv = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare?.replace(/^inc-\w+$/, items[0]?.id ?? '') ?? '',
    );
    const { code, err } = await dwcp(...argv);
    expect({ line, code, err }).toEqual({ line, code: 0, err: '' });
  }
});

test.each(['incidents.md', 'alertmanager.md'])(
  'the settings in docs/guides/%s are taken',
  async (name) => {
    const root = join(import.meta.dirname, '../../../..');
    const guide = readFileSync(join(root, 'docs/guides', name), 'utf8');
    const examples = [...guide.matchAll(/```yaml\n(# dwcp\.yml\n[\s\S]*?)```/g)];
    expect(examples.length).toBeGreaterThan(0);
    for (const [, text = ''] of examples) {
      const source = parseConfigText(text, 'dwcp.yml', world.folder.path);
      const options = { cwd: '/', hostname: 'host-1', defaultRegion: 'eu' };
      expect(parseConfig({ ...options, sources: [source] })).toHaveProperty('alerting');
    }
  },
);
