import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  AlertPipeline,
  DecisionLog,
  explainAlert,
  MemoryDecisionStore,
  MemoryRecordStore,
  parseAlertmanagerConfig,
  parseRuleFile,
  PipelineDecisions,
  type PipelineRecord,
  RuleManager,
  pipelineNotifier,
  RuleDecisions,
} from '@dwcp/alerting';
import { Labels, SampleBatchBuilder, silentLog } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { fastify } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';
import { alertExplainRoutes } from '#src/server/alert-explain.ts';
import { sendProblem } from '#src/server/problem.ts';
import { serializerCompiler, validatorCompiler } from '#src/server/validation.ts';

const MINUTE = 60_000;
const RULES = `
groups:
  - name: disks
    interval: 15s
    rules:
      - alert: Full
        expr: disk > 0.9
        annotations: { runbook_url: https://runbooks.example/full }
      - { alert: Slow, expr: disk > 0.99, for: 5m }
`;
const ALERTMANAGER = `
route: { receiver: team, group_by: [alertname], group_wait: 30s }
receivers: [{ name: team, webhook_configs: [{ url: 'http://localhost/' }] }]
`;

/** 04:00:00 and a few minutes, at which the tests ask. */
const clock = new ManualClock(Date.parse('2026-01-02T04:00:00Z'));
const stack = new AsyncDisposableStack();
let url = '';
let askedUnixMs = 0;

beforeAll(async () => {
  const store = new MemoryMetricStore();
  const query = new PromqlEngine({ store, clock });
  const decisions = stack.use(new DecisionLog({ store: new MemoryDecisionStore(), clock }));
  const sending = new PipelineDecisions(decisions, { nowUnixMs: () => clock.nowUnixMs() });
  const pipeline = stack.use(
    await AlertPipeline.open({
      config: parseAlertmanagerConfig(ALERTMANAGER, 'alertmanager.yml'),
      store: new MemoryRecordStore<PipelineRecord>(),
      outbox: { accept: async () => undefined },
      clock,
      externalUrl: '',
      onCommit: sending.committed,
      onFlush: sending.flushed,
      newId: () => 'silence-1',
    }),
  );
  const rules = stack.use(
    new RuleManager({
      groups: parseRuleFile(RULES, 'disks.yml'),
      query,
      store,
      clock,
      notifiers: [pipelineNotifier(pipeline, { name: 'routes', validForMs: 240_000 })],
      repeatIntervalMs: MINUTE,
      onEvaluated: new RuleDecisions(decisions).evaluated,
    }),
  );
  await pipeline.setSilence({
    matchers: [{ name: 'instance', operator: '=', value: 'a:1' }],
    startsAtUnixMs: clock.nowUnixMs(),
    endsAtUnixMs: clock.nowUnixMs() + 60 * MINUTE,
    createdBy: 'ada',
    comment: 'deploy',
  });
  rules.start();
  for (let round = 0; round < 12; round++) {
    const batch = new SampleBatchBuilder();
    batch.add(Labels.from({ __name__: 'disk', instance: 'a:1' }), clock.nowUnixMs(), 0.97);
    await store.append(batch.build());
    await clock.advance(15_000);
  }
  askedUnixMs = clock.nowUnixMs();
  const app = fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error, silentLog));
  alertExplainRoutes(app, {
    clock,
    decisions: () => decisions,
    explain: async (question) =>
      await explainAlert(question, {
        decisions,
        query,
        rules: rules.alertingRules(),
        pipeline: pipeline.state,
        deliveries: [],
        nowUnixMs: clock.nowUnixMs(),
      }),
  });
  url = await app.listen({ port: 0, host: '127.0.0.1' });
  stack.defer(async () => {
    await app.close();
  });
});
afterAll(async () => {
  await stack.disposeAsync();
});

async function dwcp(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const code = await run({
    argv: [...argv, '--url', url],
    env: {},
    cwd: '/',
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

test('an explanation is read from the top: the answer, why, when, and what to do', async () => {
  const { code, out, err } = await dwcp('alert', 'explain', 'Full');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatchInlineSnapshot(`
    "Full{instance="a:1"}: it fires since 2026-01-02 04:00:05Z (2m54s), with the value 0.97; the silence silence-1 of ada (deploy) holds it back until 2026-01-02 05:00:00Z

    rule    Full in group disks, disks.yml
            disk > 0.9
            no wait, evaluated every 15s
            disk > 0.9: holds for 1 of 1 series
              0.97 > 0.9  yes  disk{instance="a:1"}

    alert   {alertname="Full", instance="a:1"} firing, value 0.97
    route   team  {}
            group {}:{alertname="Full"}
            looked at next at 2026-01-02 04:05:35Z

    when
            2026-01-02 04:00:00Z  silence set by ada: {instance="a:1"} (deploy)
            2026-01-02 04:00:05Z  inactive to firing with 0.97 {instance="a:1"}, 12 times until 2026-01-02 04:02:50Z
            2026-01-02 04:00:05Z  in 1 group, 3 times until 2026-01-02 04:02:05Z
            2026-01-02 04:00:35Z  group looked at: held back (team)

    next
            read the runbook: https://runbooks.example/full
            end the silence
              dwcp silence expire silence-1
    "
  `);
});

test('an alert that did not fire: what its series were, and where it would go', async () => {
  const { out } = await dwcp('alert', 'explain', '{alertname="Slow"}');
  expect(out).toMatchInlineSnapshot(`
    "Slow: 0.97 > 0.99 is not so for disk{instance="a:1"}, it misses by 0.02: no alert

    rule    Slow in group disks, disks.yml
            disk > 0.99
            for 5m, evaluated every 15s
            disk > 0.99: holds for 0 of 1 series
              0.97 > 0.99  no, by 0.02  disk{instance="a:1"}

    alert   none then; one would go this way
    route   team  {}
            group {}:{alertname="Slow"}
    "
  `);
});

test('--at asks about a moment of the past', async () => {
  const { out } = await dwcp('alert', 'explain', 'Full', '--at', '2026-01-02T03:30:00Z');
  expect(out).toContain('Full: no series matches disk');
});

test('--json prints what the server answered, moments as RFC 3339', async () => {
  const { out } = await dwcp('alert', 'explain', 'Full', '--json');
  const answer = JSON.parse(out) as Record<string, unknown>;
  expect(answer).toMatchObject({
    at: new Date(askedUnixMs).toISOString(),
    verdict: { code: 'silenced' },
    alerts: [
      { silencedBy: [{ id: 'silence-1', endsAt: '2026-01-02T05:00:00.000Z' }], state: 'firing' },
    ],
    rules: [{ name: 'Full', comparisons: [{ holdingCount: 1 }] }],
  });
  expect(out).not.toContain('UnixMs');
});

test.each([
  ['at=soon&alert=Full', 'at: must be RFC 3339 or Unix seconds, got "soon"'],
  ['at=2027-01-02T03:04:05Z&alert=Full', 'at: "2027-01-02T03:04:05Z" is in the future'],
  ['alert=Full{a=~"b"}', 'alert: '],
  ['alert=', 'alert'],
  ['', 'alert'],
])('the request %s is refused', async (search, message) => {
  const response = await fetch(`${url}/api/v1/alerts/explain?${encodeURI(search)}`);
  expect(response.status).toBe(400);
  expect(((await response.json()) as { readonly detail: string }).detail).toContain(message);
});

test('decisions are searched by alert and kind, page by page', async () => {
  const page = async (search: string) =>
    (await (await fetch(`${url}/api/v1/alerts/decisions?${search}`)).json()) as {
      readonly items: readonly { readonly decision: { readonly kind: string } }[];
      readonly nextCursor: string | null;
    };
  const all = await page('alert=Full');
  expect(all.nextCursor).toBeNull();
  expect(all.items.map(({ decision }) => decision.kind).toSorted()).toEqual([
    'evaluated',
    'flushed',
    'routed',
    'rule',
    'weighed',
  ]);
  const first = await page('alert=Full&limit=4');
  const second = await page(`alert=Full&limit=4&cursor=${first.nextCursor}`);
  expect([...first.items, ...second.items]).toEqual(all.items);
  const routed = await page('alert=Full&kind=routed&kind=silence');
  expect(routed.items).toMatchObject([
    { alertName: 'Full', decision: { routes: [{ receiver: 'team' }] } },
  ]);
});

test.each([
  [['alert'], 'alert wants explain'],
  [['alert', 'explain'], 'alert explain wants one alert'],
  [['alert', 'explain', 'A', 'B'], 'alert explain wants one alert'],
  [['alert', 'explain', 'A', '--at', 'soon'], '--at wants RFC 3339 or Unix seconds'],
])('%j is a wrong command line', async (argv, message) => {
  const { code, err } = await dwcp(...argv);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

test('the examples of docs/guides/terminal.md run', async () => {
  const root = join(import.meta.dirname, '../../../..');
  const guide = readFileSync(join(root, 'docs/guides/terminal.md'), 'utf8');
  const examples = [...guide.matchAll(/^dwcp (alert explain .*)$/gm)].map(([, line = '']) => line);
  expect(examples.length).toBeGreaterThanOrEqual(2);
  for (const line of examples) {
    const argv = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare ?? '',
    );
    const at = argv.indexOf('--at');
    // This server does not tell what now is.
    if (at !== -1) argv.splice(at, 2);
    const { code, err } = await dwcp(...argv);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  }
  const shown = /^Full\{.*$/m.exec(guide)?.[0];
  expect((await dwcp('alert', 'explain', 'Full')).out).toContain(`${shown}\n`);
});
