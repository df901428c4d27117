import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  ChangedRuleGroupSchema,
  type ChangedRuleGroupView,
  type RuleGroupCheckView,
  RuleGroupCheckSchema,
  type RuleGroupDetailView,
  RuleGroupDetailSchema,
  RuleGroupHistorySchema,
  type RuleGroupHistoryView,
  RuleGroupsSchema,
  type RuleGroupsView,
} from '@dwcp/api-schema';
import { type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, expect, test } from 'vitest';

import { AlertingWorld, MINUTE, settings } from '../alerting/alerting-world.ts';

const ALERTMANAGER = `
route: { receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 10s, repeat_interval: 12h }
receivers:
  - { name: team, webhook_configs: [{ url: 'URL/team' }] }
`;
const CONFIGURED = `groups:
  - name: fixed
    interval: 5s
    rules:
      - { alert: Fixed, expr: absent(never) == 2 }
`;
const SETTINGS = settings('  ruleFiles: [fixed.yml]\n');

let world: AlertingWorld | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  world = undefined;
});

async function start(): Promise<AlertingWorld> {
  world = await AlertingWorld.start({
    'dwcp.yml': SETTINGS,
    'alertmanager.yml': ALERTMANAGER,
    'fixed.yml': CONFIGURED,
  });
  return world;
}

const full = (threshold: number): string => `groups:
  - name: disks
    interval: 5s
    rules:
      # A comment of the author.
      - { alert: Full, expr: disk_used > ${threshold}, labels: { severity: warning } }
      - { alert: Brim, expr: disk_used > 0.99 }
`;

async function asked<T>(
  here: AlertingWorld,
  schema: TSchema,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await here.ask<T>(method, path, body);
  expect(Value.Errors(schema, answer), `${path} answered ${JSON.stringify(answer)}`).toEqual([]);
  return answer;
}

const put = (here: AlertingWorld, body: object, name = 'disks'): Promise<ChangedRuleGroupView> =>
  asked(here, ChangedRuleGroupSchema, 'PUT', `/api/v1/rule-groups/${name}`, body);
const patch = (here: AlertingWorld, body: object): Promise<ChangedRuleGroupView> =>
  asked(here, ChangedRuleGroupSchema, 'PATCH', '/api/v1/rule-groups/disks', body);
const detail = (here: AlertingWorld, name = 'disks'): Promise<RuleGroupDetailView> =>
  asked(here, RuleGroupDetailSchema, 'GET', `/api/v1/rule-groups/${name}`);
const historyOf = async (here: AlertingWorld): Promise<RuleGroupHistoryView['items']> => {
  const path = '/api/v1/rule-groups/disks/history';
  const page = await asked<RuleGroupHistoryView>(here, RuleGroupHistorySchema, 'GET', path);
  return page.items;
};

test('a rule is made, fires, is edited, switched off and on, and deleted; each takes effect at once and is on record', async () => {
  const here = await start();
  // Looked at for 5 minutes.
  await here.store('disk_used{mount="/"} 0.95\n');
  const told = (): readonly string[] => here.toldTo('team');

  const made = await put(here, { yaml: full(0.9), by: 'ann', comment: 'disks fill up' });
  expect(made).toMatchObject({ changed: true, group: { version: 1, by: 'ann', enabled: true } });
  await here.until('that it fires', () => told().length === 1);
  expect(told()).toEqual(['Full firing']);

  const edited = await put(here, { yaml: full(0.97), by: 'bob', version: 1 });
  expect(edited.diff).toContain('-      - { alert: Full, expr: disk_used > 0.9,');
  await here.until('that its end is told', () => told().length === 2);
  expect(told()[1]).toBe('Full resolved');

  await put(here, { yaml: full(0.9), by: 'bob', version: 2 });
  await here.until('that it fires again', () => told().length === 3);
  expect(await patch(here, { enabled: false, by: 'cyd', comment: 'noisy' })).toMatchObject({
    group: { version: 4, enabled: false },
    diff: '',
  });
  await here.until('that it is over', () => told().length === 4);
  expect(told()[3]).toBe('Full resolved');
  const groups = async (): Promise<readonly string[]> => {
    const path = '/api/v1/rules';
    const { data } = await here.ask<{ data: { groups: { name: string }[] } }>('GET', path);
    return data.groups.map(({ name }) => name);
  };
  expect(await groups()).toEqual(['fixed']);

  await here.store('disk_used{mount="/"} 0.95\n');
  await patch(here, { enabled: true, by: 'cyd' });
  await here.until('that it fires once more', () => told().length === 5);
  expect((await groups()).toSorted()).toEqual(['disks', 'fixed']);
  await here.ask('DELETE', '/api/v1/rule-groups/disks', { by: 'ann', comment: 'not needed' });
  await here.until('that its end is told', () => told().length === 6);
  expect(told()[5]).toBe('Full resolved');
  expect((await here.send('GET', '/api/v1/rule-groups/disks')).status).toBe(404);

  const history = await historyOf(here);
  expect(history.map((one) => [one.action, one.by, one.fromVersion, one.toVersion])).toEqual([
    ['delete', 'ann', 5, 6],
    ['enable', 'cyd', 4, 5],
    ['disable', 'cyd', 3, 4],
    ['edit', 'bob', 2, 3],
    ['edit', 'bob', 1, 2],
    ['create', 'ann', null, 1],
  ]);
  expect(history.map(({ comment }) => comment)).toEqual([
    'not needed',
    '',
    'noisy',
    '',
    '',
    'disks fill up',
  ]);
  // What was deleted can be read there.
  expect(history[0]?.diff).toContain('-      # A comment of the author.\n');
  await here.runtime.flush();
  const path = '/api/v1/logs?text=rule%20group%20changed&start=0&end=4000000000';
  const { items } = await here.ask<{ items: { attributes: Record<string, unknown> }[] }>(
    'GET',
    path,
  );
  expect(items.map(({ attributes }) => attributes['by'])).toEqual(history.map(({ by }) => by));
});

test('one rule is switched off, and stays so when its group is edited and after a restart', async () => {
  const here = await start();
  await put(here, { yaml: full(0.9), by: 'ann' });
  await patch(here, { enabled: false, rule: 'Full', labels: { severity: 'warning' }, by: 'bob' });
  const isOn = async (): Promise<Readonly<Record<string, boolean>>> =>
    Object.fromEntries((await detail(here)).ruleList.map(({ name, enabled }) => [name, enabled]));
  expect(await isOn()).toEqual({ Full: false, Brim: true });
  // It is the same rule for its author, if not for its labels.
  const yaml = full(0.5).replace('severity: warning', 'severity: critical');
  await put(here, { yaml, by: 'ann', version: 2 });
  expect(await isOn()).toEqual({ Full: false, Brim: true });
  await here.store('disk_used 1\n');
  await here.until('that the other one fires', () => here.toldTo('team').length === 1);
  expect(here.toldTo('team')).toEqual(['Brim firing']);

  await here.end();
  await here.open();
  expect(await isOn()).toEqual({ Full: false, Brim: true });
  expect(await detail(here)).toMatchObject({ yaml, version: 3, by: 'ann', disabledRules: 1 });
  expect((await historyOf(here)).map(({ action, rules }) => [action, rules])).toEqual([
    ['edit', undefined],
    ['disable', ['Full']],
    ['create', undefined],
  ]);
  await here.store('disk_used 1\n');
  await here.run(MINUTE);
  expect(here.toldTo('team')).toEqual(['Brim firing']);
  // The file is one that every reader of rule files takes.
  const file = await readFile(join(here.folder.path, 'data/alerting/rules/disks.yml'), 'utf8');
  expect(file.split('\n').slice(1).join('\n')).toBe(yaml);
});

test('a group in JSON becomes a rule file', async () => {
  const here = await start();
  const group = {
    interval: '10s',
    rules: [
      {
        alert: 'Slow',
        condition: { threshold: { metric: 'latency', operator: '>', value: 0.5 } },
        for: '5m',
        annotations: { summary: 'yes', count: 5 },
      },
    ],
  };
  const { group: made } = await put(here, { group, by: 'ann', enabled: false });
  expect(made).toMatchObject({ intervalMs: 10_000, rules: 1, enabled: false });
  expect(made.ruleList[0]).toMatchObject({ name: 'Slow', query: 'latency > 0.5' });
  expect(made.yaml).toContain('  - name: disks\n');
  const again = await put(here, { group, by: 'bob', version: 1 });
  expect(again).toMatchObject({ changed: false, group: { version: 1, by: 'ann' } });
});

test('deduplication of a rule holds from its first alert on', async () => {
  const here = await start();
  const dedup = 'dedup: { by: [alertname], window: 5m }';
  const yaml = full(0.9).replace('Full, ', `Full, ${dedup}, `);
  await put(here, { yaml, by: 'ann' });
  await here.store('disk_used{mount="/"} 0.95\ndisk_used{mount="/home"} 0.95\n');
  await here.until('that it fires', () => here.toldTo('team').length === 1);
  await here.run(MINUTE);
  expect(here.toldTo('team')).toEqual(['Full firing']);
});

test('groups of the configuration are listed, and not changed here', async () => {
  const here = await start();
  await put(here, { yaml: full(0.9), by: 'ann' });
  const { items } = await asked<RuleGroupsView>(
    here,
    RuleGroupsSchema,
    'GET',
    '/api/v1/rule-groups',
  );
  expect(items).toMatchObject([
    { name: 'disks', source: 'managed', version: 1, rules: 2, broken: false },
    { name: 'fixed', source: 'file', version: null, rules: 1 },
  ]);
  expect(await detail(here, 'fixed')).toMatchObject({ yaml: null, ruleList: [{ name: 'Fixed' }] });
  for (const [method, body] of [
    ['PUT', { yaml: full(0.9).replace('disks', 'fixed'), by: 'ann' }],
    ['PATCH', { enabled: false, by: 'ann' }],
    ['DELETE', { by: 'ann' }],
  ] as const) {
    const response = await here.send(method, '/api/v1/rule-groups/fixed', body);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({
      type: 'urn:dwcp:problem:rule-group-read-only',
      detail: expect.stringContaining('fixed.yml of alerting.ruleFiles') as unknown,
    });
  }
});

test('a check tells problems, differences and what the rules give, and changes nothing', async () => {
  const here = await start();
  await here.store('disk_used{mount="/"} 0.95\ndisk_used{mount="/home"} 0.97\n');
  await put(here, { yaml: full(0.99), by: 'ann' });
  const check = (yaml: string): Promise<RuleGroupCheckView> =>
    asked(here, RuleGroupCheckSchema, 'POST', '/api/v1/rule-groups/check', { yaml });
  const found = await check(
    `${full(0.9)}      - { alert: Text, expr: '"a"' }
      - { record: 'disks:used', expr: scalar(count(disk_used)) }
      - { alert: Lines, condition: { log_count: { query: error, window: 5m, operator: '>', value: 3 } } }
`,
  );
  expect(found).toMatchObject({ ok: true, name: 'disks', version: 1, problems: [] });
  expect(found.diff).toContain('disk_used > 0.9,');
  expect(found.rules.map(({ name, series, note }) => [name, series, note])).toEqual([
    ['Full', 2, undefined],
    ['Brim', 0, undefined],
    ['Text', null, 'gives a string; a rule needs a vector or a scalar'],
    ['disks:used', 1, undefined],
    ['Lines', null, 'log records are counted once it is saved'],
  ]);
  const bad = await check('groups: [{ name: disks, rules: [{ alert: A, expr: "up ==" }] }]');
  expect(bad).toMatchObject({
    ok: false,
    rules: [],
    problems: [{ line: 1, column: 51, where: 'group "disks", rule 1 "A"' }],
  });
  expect(await detail(here)).toMatchObject({ version: 1, yaml: full(0.99) });
});

test('of two who edit the same version one is refused, and hears who was first', async () => {
  const here = await start();
  await put(here, { yaml: full(0.9), by: 'ann' });
  const edits = ['bob', 'cyd', 'dan', 'eve'].map(async (by, index) => {
    const body = { yaml: full(0.5 + index / 10), by, comment: `as ${by}`, version: 1 };
    const response = await here.send('PUT', '/api/v1/rule-groups/disks', body);
    return { by, status: response.status, body: (await response.json()) as { detail?: string } };
  });
  const answers = await Promise.all(edits);
  const won = answers.filter(({ status }) => status === 200);
  expect(won).toHaveLength(1);
  const [winner] = won;
  for (const { status, body } of answers.filter((one) => one !== winner)) {
    expect(status).toBe(409);
    expect(body.detail).toMatch(
      new RegExp(`is at version 2, not at version 1; ${winner?.by} changed it at .* \\(as `),
    );
  }
  expect(await detail(here)).toMatchObject({ version: 2, by: winner?.by });
});

test('a version may come as If-Match', async () => {
  const here = await start();
  await put(here, { yaml: full(0.9), by: 'ann' });
  const response = await fetch(`${here.url}/api/v1/rule-groups/disks`);
  const etag = response.headers.get('etag') ?? '';
  const edit = async (ifMatch: string, threshold: number): Promise<number> => {
    const { status } = await fetch(`${here.url}/api/v1/rule-groups/disks`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-match': ifMatch },
      body: JSON.stringify({ yaml: full(threshold), by: 'bob' }),
    });
    return status;
  };
  expect(await edit(etag, 0.8)).toBe(200);
  expect(await edit(etag, 0.7)).toBe(412);
  expect(await edit('W/"2"', 0.7)).toBe(400);
  expect(await detail(here)).toMatchObject({ version: 2, yaml: full(0.8) });
});

test('a damaged file stops no start, is listed as broken, and is mended by saving it again', async () => {
  const here = await start();
  await put(here, { yaml: full(0.9), by: 'ann' });
  await put(here, { yaml: full(0.9).replace('disks', 'other'), by: 'ann' }, 'other');
  await here.end();
  const file = join(here.folder.path, 'data/alerting/rules/disks.yml');
  const text = await readFile(file, 'utf8');
  // Well-formed still, with another threshold.
  await writeFile(file, text.replace('0.9,', '0.1,'));
  await here.open();
  const broken = await detail(here);
  expect(broken).toMatchObject({ broken: true, version: 1, by: 'ann', ruleList: [] });
  expect(broken.problems[0]?.problem).toContain('its checksum differs');
  expect(await detail(here, 'other')).toMatchObject({ broken: false });
  await here.run(MINUTE);
  const gauge = await (await fetch(`${here.url}/metrics`)).text();
  expect(gauge).toMatch(/^dwcp_managed_rule_groups_broken 1$/m);
  const off = await here.send('PATCH', '/api/v1/rule-groups/disks', { enabled: false, by: 'ann' });
  expect(off.status).toBe(409);
  await put(here, { yaml: full(0.9), by: 'ann', version: 1 });
  expect(await detail(here)).toMatchObject({ broken: false, version: 2, rules: 2 });
});

test('a reload takes both kinds up; a managed file damaged meanwhile goes on as it was', async () => {
  const here = await start();
  await put(here, { yaml: full(0.9), by: 'ann' });
  const file = join(here.folder.path, 'data/alerting/rules/disks.yml');
  await writeFile(file, 'groups: [');
  await here.write({ 'fixed.yml': CONFIGURED.replace('name: fixed', 'name: fixed2') });
  expect((await here.send('POST', '/-/reload')).status).toBe(204);
  expect(await detail(here)).toMatchObject({ broken: true, rules: 2, version: 1 });
  await here.store('disk_used 0.95\n');
  await here.until('that it fires', () => here.toldTo('team').length === 1);
  const { items } = await here.ask<RuleGroupsView>('GET', '/api/v1/rule-groups');
  expect(items.map(({ name }) => name)).toEqual(['disks', 'fixed2']);
});
