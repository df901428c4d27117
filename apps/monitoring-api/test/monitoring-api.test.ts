import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { InvalidInputError, QueryError } from '@dwcp/core';
import {
  BackendError,
  MonitoringAPI,
  type MonitoringOptions,
  RuleFileError,
} from '@dwcp/monitoring';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Platform, TemporaryFolder } from './platform.ts';

const QUIET = { collection: { host: false, process: false } };

async function open(dir: string, more: Partial<MonitoringOptions> = {}): Promise<MonitoringAPI> {
  const monitoring = new MonitoringAPI({
    region: 'eu-west',
    service: 'shop',
    dataDir: dir,
    ...QUIET,
    ...more,
  });
  await monitoring.initialize();
  return monitoring;
}

describe('recording', () => {
  let platform: Platform;
  let monitoring: MonitoringAPI;
  beforeAll(async () => {
    platform = await Platform.start();
    ({ monitoring } = platform);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  test('a metric is a sample of now with the labels of the process', async () => {
    monitoring.recordMetric('queue_length', 7, { queue: 'mail' });
    await monitoring.flush();
    const { series } = await monitoring.getMetrics({
      name: 'queue_length',
      step: '1s',
      end: new Date(),
    });
    expect(series).toHaveLength(1);
    expect(series[0]?.labels).toEqual({
      __name__: 'queue_length',
      queue: 'mail',
      region: 'eu-west',
      instance: 'shop-1',
      job: 'shop',
    });
    expect(series[0]?.points.at(-1)?.[1]).toBe(7);
  });

  test("the caller's labels win over those of the process", async () => {
    monitoring.recordMetric('elsewhere', 1, { region: 'us-east' });
    await monitoring.flush();
    const of = async (region: string): Promise<number> =>
      (await monitoring.getMetrics({ name: 'elsewhere', region })).series.length;
    expect([await of('us-east'), await of('eu-west')]).toEqual([1, 0]);
  });

  test('counters and histograms come from the instruments', async () => {
    monitoring.instruments.counter({ name: 'sold_total', help: 'Sold.' }).inc(5);
    await monitoring.flush();
    const { series } = await monitoring.getMetrics({ expression: 'sum(sold_total)' });
    expect(series[0]?.points.at(-1)?.[1]).toBe(5);
  });

  test('wrong arguments never throw: they are counted', () => {
    const before = monitoring.status().recordErrors;
    const loose = monitoring as unknown as Record<string, (...args: unknown[]) => void>;
    loose['recordMetric']?.('', 1);
    loose['recordMetric']?.('x', 'not a number');
    loose['recordMetric']?.('x', Number.NaN);
    loose['recordMetric']?.('x', 1, null);
    loose['recordMetric']?.('x', 1, { 'bad label': 'y' });
    loose['recordMetric']?.('x', 1, { __name__: 'y' });
    loose['recordMetric']?.('x', 1, { nested: {} });
    loose['recordLog']?.(null);
    loose['recordLog']?.({ level: 'loud', message: 'x' });
    loose['recordTrace']?.(undefined);
    expect(monitoring.status().recordErrors - before).toBeGreaterThanOrEqual(8);
  });

  test('a function runs inside its trace, and its error is recorded and passed on', async () => {
    let traceId = '';
    const failing = monitoring.trace('outer', () =>
      monitoring.trace('inner', async (span) => {
        traceId = span.context.traceId;
        expect(monitoring.activeContext()?.spanId).toBe(span.context.spanId);
        await Promise.resolve();
        monitoring.recordLog({ level: 'error', message: 'in the trace' });
        throw new Error('boom');
      }),
    );
    await expect(failing).rejects.toThrow('boom');
    await monitoring.flush();
    const { items } = await monitoring.getTraces({ hasError: true, operation: 'inner' });
    expect(items[0]).toMatchObject({ traceId, rootName: 'outer', spanCount: 2, errorCount: 2 });
  });

  test('traces are found by their filters and not by others', async () => {
    monitoring.recordTrace('filtered', { attributes: { tenant: 'a' } }).finish();
    await monitoring.flush();
    const names = async (filter: Parameters<MonitoringAPI['getTraces']>[0]): Promise<string[]> =>
      (await monitoring.getTraces(filter)).items.map(({ rootName }) => rootName);
    expect(await names({ attributes: { tenant: 'a' }, region: 'eu-west' })).toEqual(['filtered']);
    expect(await names({ attributes: { tenant: 'b' } })).toEqual([]);
    expect(await names({ region: 'us-east' })).toEqual([]);
    expect(await names({ operation: 'filtered', minDurationMs: 60_000 })).toEqual([]);
    expect(await names({ operation: 'filtered', end: new Date(0) })).toEqual([]);
  });

  test('a cancelled query stops', async () => {
    const signal = AbortSignal.abort();
    const attempts = [
      monitoring.getMetrics({ expression: 'up' }, { signal }),
      monitoring.getTraces({}, { signal }),
      monitoring.getAlerts({}, { signal }),
      monitoring.getRegionHealth('eu-west', { signal }),
    ];
    const results = await Promise.allSettled(attempts);
    expect(results.map(({ status }) => status)).toEqual(attempts.map(() => 'rejected'));
  });

  test.each([
    [{}, 'name'],
    [{ name: 'a', expression: 'b' }, 'name'],
    [{ expression: 'b', region: 'eu' }, 'region'],
    [{ name: 'a', start: 'noon' }, 'start'],
    [{ name: 'a', start: 2, end: 1 }, 'end'],
    [{ name: 'a', step: '0s' }, 'step'],
  ])('getMetrics(%j) names the field %s', async (request, field) => {
    const failure = await monitoring.getMetrics(request).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidInputError);
    expect((failure as InvalidInputError).field).toBe(field);
  });

  test('an expression that does not parse is a QueryError', async () => {
    await expect(monitoring.getMetrics({ expression: 'sum(' })).rejects.toThrow(QueryError);
  });
});

describe('judgements', () => {
  test('a region is unknown until there is data, then judged by it', async () => {
    await using platform = await Platform.start({ collection: { host: false, process: true } });
    const { monitoring } = platform;
    expect(await monitoring.getRegionHealth('nowhere')).toMatchObject({
      region: 'nowhere',
      status: 'unknown',
      reasons: [],
      inputs: {
        upRatio: { present: false },
        errorRatio: { present: false },
        dataAgeSeconds: { present: false },
      },
    });
    await platform.importText('up{job="a"} 1\nup{job="b"} 1\nup{job="c"} 0\n');
    const health = await monitoring.getRegionHealth();
    expect(health).toMatchObject({ region: 'eu-west', status: 'degraded' });
    expect(health.reasons).toEqual(['33 % of the scrape targets do not answer']);
    expect(health.inputs.upRatio).toEqual({ present: true, value: 2 / 3 });
    expect(health.inputs.dataAgeSeconds.present).toBe(true);
    await platform.importText('up{job="d",region="us-east"} 0\n');
    expect(await monitoring.getRegionHealth('us-east')).toMatchObject({ status: 'unhealthy' });
  });

  test('an objective is measured by its expressions, over its window', async () => {
    await using platform = await Platform.start({
      slos: [
        {
          id: 'met',
          objective: 0.9,
          window: '1h',
          goodExpression: 'sum(good)',
          totalExpression: 'sum(all)',
        },
        { id: 'missed', objective: 0.99, errorRatioExpression: '1 - sum(good) / sum(all)' },
        {
          id: 'windowed',
          objective: 0.5,
          window: '10m',
          errorRatioExpression: 'max_over_time(bad[$window])',
        },
        { id: 'silent', objective: 0.9, errorRatioExpression: 'nothing_here' },
        {
          id: 'all-bad',
          objective: 0.9,
          goodExpression: 'nothing_here',
          totalExpression: 'sum(all)',
        },
      ],
    });
    const { monitoring } = platform;
    await platform.importText('good 95\nall 100\nbad 0.25\n');
    const met = await monitoring.getSlaCompliance('met');
    expect(met).toMatchObject({ id: 'met', window: '1h', dataPresent: true, compliant: true });
    expect(met.goodRatio).toBeCloseTo(0.95, 10);
    // Half of the tenth that may fail has failed.
    expect(met.errorBudgetRemainingRatio).toBeCloseTo(0.5, 10);
    const missed = await monitoring.getSlaCompliance('missed');
    expect(missed.compliant).toBe(false);
    expect(missed.errorBudgetRemainingRatio).toBeCloseTo(-4, 6);
    expect(await monitoring.getSlaCompliance('windowed')).toMatchObject({ goodRatio: 0.75 });
    expect(await monitoring.getSlaCompliance('silent')).toMatchObject({
      dataPresent: false,
      compliant: null,
      goodRatio: null,
    });
    expect(await monitoring.getSlaCompliance('all-bad')).toMatchObject({
      goodRatio: 0,
      compliant: false,
    });
    await expect(monitoring.getSlaCompliance('other')).rejects.toThrow(
      'id: "other" is not among the configured slos: met, missed, windowed, silent, all-bad',
    );
  });

  test('alerts of a rule file fire and are filtered by severity', async () => {
    await using folder = await TemporaryFolder.make();
    const { writeFile } = await import('node:fs/promises');
    const file = join(folder.path, 'a.rules.yml');
    await writeFile(
      file,
      'groups:\n- name: g\n  interval: 200ms\n  rules:\n' +
        '  - alert: TooMuch\n    expr: too_much > 1\n    labels: { severity: critical }\n' +
        '  - alert: Odd\n    expr: too_much > 2\n    labels: { severity: info }\n',
    );
    await using platform = await Platform.start({ alerting: { ruleFiles: [file] } });
    await platform.importText('too_much 5\n');
    const { monitoring } = platform;
    await expect
      .poll(async () => (await monitoring.getAlerts({ state: 'firing' })).length, {
        timeout: 5_000,
      })
      .toBe(2);
    const critical = await monitoring.getAlerts({ severity: 'critical' });
    expect(critical.map(({ labels }) => labels.get('alertname'))).toEqual(['TooMuch']);
    expect(critical[0]?.generatorUrl).toContain('/explore?q=');
    expect(monitoring.status().rules).toEqual({ groups: 1, alertsFiring: 2, alertsPending: 0 });
    expect(await monitoring.getRegionHealth()).toMatchObject({ status: 'unhealthy' });
    const rules = (await platform.json('/api/v1/rules?type=alert&rule_name[]=Odd')) as {
      data: { groups: { rules: { name: string; state: string }[] }[] };
    };
    expect(rules.data.groups[0]?.rules).toMatchObject([{ name: 'Odd', state: 'firing' }]);
  });
});

describe('life and death', () => {
  test('initialize may be called again, and a second process is kept out', async () => {
    await using folder = await TemporaryFolder.make();
    await using first = await open(folder.path);
    await first.initialize();
    await using second = new MonitoringAPI({ region: 'eu', dataDir: folder.path, ...QUIET });
    const failure = await second.initialize().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BackendError);
    expect((failure as Error).message).toContain('in use');
    // It can be tried again once the way is free.
    await first.close();
    await second.initialize();
  });

  test('a wrong rule file fails the start with its line, and nothing stays locked', async () => {
    await using folder = await TemporaryFolder.make();
    const { writeFile } = await import('node:fs/promises');
    const file = join(folder.path, 'bad.yml');
    await writeFile(file, 'groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(\n');
    const dataDir = join(folder.path, 'data');
    await using monitoring = new MonitoringAPI({
      region: 'eu',
      dataDir,
      alerting: { ruleFiles: [file] },
      ...QUIET,
    });
    const failure = await monitoring.initialize().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RuleFileError);
    expect((failure as Error).message).toContain('bad.yml:5');
    await using _ = await open(dataDir);
  });

  test('closing stores what waits, and what comes later is dropped and counted', async () => {
    await using folder = await TemporaryFolder.make();
    const monitoring = await open(folder.path);
    monitoring.recordMetric('last_value', 3);
    monitoring.recordLog('info', 'last words');
    const trace = monitoring.recordTrace('last trace');
    trace.finish();
    await Promise.all([monitoring.close(), monitoring.close()]);
    monitoring.recordMetric('too_late', 1);
    monitoring.recordLog('info', 'too late');
    monitoring.recordTrace('too late').finish();
    await monitoring.flush();
    const dropped = monitoring.status().queues.map((queue) => [queue.name, queue.dropped]);
    expect(Object.fromEntries(dropped)).toEqual({
      alerts: 0,
      samples: 1,
      collections: 0,
      logs: 1,
      spans: 1,
    });

    await using again = await open(folder.path);
    const { series } = await again.getMetrics({ name: 'last_value' });
    expect(series[0]?.points.at(-1)?.[1]).toBe(3);
    expect((await again.getTraces({ operation: 'last trace' })).items[0]?.traceId).toBe(
      trace.context.traceId,
    );
    expect((await again.getMetrics({ name: 'too_late' })).series).toEqual([]);
  });

  test('what was recorded before initialize is kept', async () => {
    await using folder = await TemporaryFolder.make();
    await using monitoring = new MonitoringAPI({ region: 'eu', dataDir: folder.path, ...QUIET });
    monitoring.recordMetric('early', 1);
    await monitoring.initialize();
    await monitoring.flush();
    expect((await monitoring.getMetrics({ name: 'early' })).series).toHaveLength(1);
  });

  test('closing before initialize is quick, and initialize afterwards is refused', async () => {
    await using folder = await TemporaryFolder.make();
    const monitoring = new MonitoringAPI({ region: 'eu', dataDir: folder.path, ...QUIET });
    monitoring.recordMetric('never', 1);
    const startMs = performance.now();
    await monitoring.close({ timeoutMs: 5_000 });
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await expect(monitoring.initialize()).rejects.toThrow('closed');
  });

  test('a configured server is told apart from a connected one', async () => {
    await using platform = await Platform.start({
      prometheusURL: 'http://localhost:9090',
      grafanaURL: 'http://localhost:3000',
      grafanaAPIKey: 'glsa_secret',
      jaegerEndpoint: 'localhost:6831',
      elasticsearchURL: 'http://localhost:9200',
    });
    const { backends } = platform.monitoring.status();
    expect(backends.map(({ name, state }) => [name, state])).toEqual([
      ['prometheus', 'not-connected'],
      ['grafana', 'not-connected'],
      ['jaeger', 'not-connected'],
      ['elasticsearch', 'not-connected'],
    ]);
    await platform.monitoring.flush();
    const logs = (await platform.json('/api/v1/logs?text=not+connected&level=warn')) as {
      items: unknown[];
    };
    expect(logs.items).toHaveLength(1);
    expect(JSON.stringify(await platform.json('/api/v1/status'))).not.toContain('glsa_secret');
  });

  test('an embedding program ends by itself, and what it recorded is there', async () => {
    await using folder = await TemporaryFolder.make();
    const child = spawn(
      process.execPath,
      [
        '--conditions=@dwcp/source',
        join(import.meta.dirname, 'children/embed-and-end.ts'),
        folder.path,
      ],
      // Node would warn of colours asked for and forbidden at once.
      { stdio: ['ignore', 'pipe', 'pipe'], env: {} },
    );
    let doneMs = 0;
    child.stdout.once('data', () => {
      doneMs = performance.now();
    });
    const exit = Promise.withResolvers<{ code: number | null; endedMs: number }>();
    child.once('exit', (code) => exit.resolve({ code, endedMs: performance.now() }));
    const [output, errors, { code, endedMs }] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      exit.promise,
    ]);
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(endedMs - doneMs).toBeLessThan(1_000);

    await using again = await open(folder.path);
    const { traceId } = JSON.parse(output) as { traceId: string };
    expect((await again.getTraces({ operation: 'last trace' })).items[0]?.traceId).toBe(traceId);
    const last = async (name: string): Promise<number | undefined> =>
      (
        await again.getMetrics({ expression: `max(last_over_time(${name}[5m]))` })
      ).series[0]?.points.at(-1)?.[1];
    expect(await last('before_initialize')).toBe(1);
    expect(await last('orders_waiting')).toBe(42);
    expect(await last('orders_total')).toBe(3);
  }, 20_000);
});
