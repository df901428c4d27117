import { BackendError, InvalidInputError } from '@dwcp/core';
import {
  CollectionLoop,
  groupingKeyOf,
  InstrumentRegistry,
  parseGroupingPath,
  Pushgateway,
  pushGroupJson,
  type PushgatewayOptions,
} from '@dwcp/metrics-collector';
import { ManualClock, RecordingMetricStore } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { pushedSamples, sendTo, shown } from './harness.ts';
import { MemoryPushStorage } from './memory-push-storage.ts';

const START = Date.parse('2026-01-02T03:04:05.500Z');

interface SetUp {
  readonly clock: ManualClock;
  readonly storage: MemoryPushStorage;
  readonly instruments: InstrumentRegistry;
  readonly gateway: Pushgateway;
  readonly put: (path: string, body: string) => Promise<number>;
  readonly lines: () => readonly string[];
}

async function setUp(options: Partial<PushgatewayOptions> = {}): Promise<SetUp> {
  const clock = new ManualClock(START);
  const storage = new MemoryPushStorage();
  const instruments = new InstrumentRegistry({ clock });
  const gateway = await Pushgateway.open({ clock, storage, instruments, ...options });
  return {
    clock,
    storage,
    instruments,
    gateway,
    put: (path, body) => sendTo(gateway, { method: 'PUT', path, body, status: 0 }),
    lines: () => pushedSamples(shown(gateway.expose('text'))),
  };
}

const sample = (exposition: string, series: string): string | undefined =>
  exposition
    .split('\n')
    .find((line) => line.startsWith(`${series} `))
    ?.slice(series.length + 1);

describe('times of a group', () => {
  const pushed = 'push_time_seconds{instance="",job="a"}';
  const failed = 'push_failure_time_seconds{instance="",job="a"}';

  test('tell the last push that was taken and the last that was refused', async () => {
    const { clock, gateway, put } = await setUp();
    await put('job/a', 'm 1\n');
    expect(sample(gateway.expose('text'), pushed)).toBe('1767323045.5');
    expect(sample(gateway.expose('text'), failed)).toBe('0');
    await clock.advance(1_000);
    expect(await put('job/a', 'm 1 123\n')).toBe(400);
    await clock.advance(1_000);
    expect(sample(gateway.expose('text'), pushed)).toBe('1767323045.5');
    expect(sample(gateway.expose('text'), failed)).toBe('1767323046.5');
    await put('job/a', 'm 2\n');
    expect(sample(gateway.expose('text'), pushed)).toBe('1767323047.5');
    expect(sample(gateway.expose('text'), failed)).toBe('1767323046.5');
  });

  test('are there for a group whose only push was refused, but not when it could not be read', async () => {
    const { gateway, put } = await setUp();
    expect(await put('job/unread', 'm\n')).toBe(400);
    expect(await put('job/a', 'm 1 123\n')).toBe(400);
    expect(gateway.groups().map(({ labels }) => labels)).toEqual([[['job', 'a']]]);
    expect(sample(gateway.expose('text'), pushed)).toBe('0');
    expect(sample(gateway.expose('text'), failed)).toBe('1767323045.5');
  });
});

describe('in the store', () => {
  async function withLoop(options: Partial<PushgatewayOptions> = {}) {
    const context = await setUp(options);
    const store = new RecordingMetricStore();
    const { clock, gateway } = context;
    const labels = { region: 'eu', instance: 'hub-1' };
    const loop = new CollectionLoop({ store, clock, labels, intervalMs: 1_000 });
    loop.register(gateway);
    loop.start();
    return { ...context, store, loop };
  }

  test('samples go on at each collection while the process that pushed is gone', async () => {
    const { clock, store, put, loop } = await withLoop();
    await put('job/main', 'test_metric_main 123\n');
    await put('job/pc2/instance/pc2', 'test_metric_pc2 456\n');
    await clock.advance(5_000);
    await loop[Symbol.asyncDispose]();
    const at = [6, 7, 8, 9, 10].map(
      (second) => Date.parse('2026-01-02T03:04:00Z') + second * 1_000,
    );
    const main = store.of('test_metric_main{job="main", region="eu"}');
    expect(main.slice(0, 5).map(({ unixMs, value }) => [unixMs, value])).toEqual(
      at.map((unixMs) => [unixMs, 123]),
    );
    const pc2 = store.of('test_metric_pc2{instance="pc2", job="pc2", region="eu"}');
    expect(pc2.slice(0, 5).map(({ value }) => value)).toEqual([456, 456, 456, 456, 456]);
  });

  test('job and instance are those of the push; without an instance there is none', async () => {
    const { clock, store, put, loop } = await withLoop();
    await put('job/a', 'm{instance="i",region="us"} 1\nn 2\n');
    await clock.advance(1_000);
    await loop[Symbol.asyncDispose]();
    const series = new Set(store.rows().map((row) => row.series));
    expect([...series].filter((text) => !text.startsWith('dwcp_')).sort()).toEqual([
      'm{instance="i", job="a", region="us"}',
      'n{job="a", region="eu"}',
      'push_failure_time_seconds{job="a", region="eu"}',
      'push_time_seconds{job="a", region="eu"}',
    ]);
  });

  test('no series has two samples of one moment', async () => {
    const { clock, store, put, loop } = await withLoop();
    await put('job/a', 'm 1\n');
    expect(await put('job/a/x@base64/=', 'm 2\n')).toBe(400);
    await put('job/a', 'm 3\n');
    await clock.advance(3_000);
    await loop[Symbol.asyncDispose]();
    const points = store.rows().map(({ series, unixMs }) => `${series} ${unixMs}`);
    expect(points.length).toBeGreaterThan(0);
    expect(new Set(points).size).toBe(points.length);
  });

  test('a deletion ends the series with a staleness marker, the other groups go on', async () => {
    const { clock, store, put, gateway, loop } = await withLoop();
    await put('job/a', 'm 1\n');
    await put('job/b', 'm 2\n');
    await clock.advance(2_000);
    await sendTo(gateway, { method: 'DELETE', path: 'job/a', status: 202 });
    await clock.advance(2_000);
    const a = store.of('m{job="a", region="eu"}').map(({ value }) => value);
    const b = store.of('m{job="b", region="eu"}').map(({ value }) => value);
    await loop[Symbol.asyncDispose]();
    expect(a).toEqual([1, 1, 'stale']);
    expect(b).toEqual([2, 2, 2, 2]);
  });

  test('metrics that a PUT leaves out end too', async () => {
    const { clock, store, put, loop } = await withLoop();
    await put('job/a', 'm 1\nn 1\n');
    await clock.advance(1_000);
    await put('job/a', 'm 2\n');
    await clock.advance(2_000);
    const n = store.of('n{job="a", region="eu"}').map(({ value }) => value);
    await loop[Symbol.asyncDispose]();
    expect(n).toEqual([1, 'stale']);
  });

  test('a group older than the time to live is dropped, marked stale and counted', async () => {
    const { clock, store, storage, put, instruments, gateway, loop } = await withLoop({
      timeToLiveMs: 3_000,
    });
    await put('job/a', 'm 1\n');
    await clock.advance(2_000);
    await put('job/b', 'm 2\n');
    await clock.advance(3_000);
    const a = store.of('m{job="a", region="eu"}').map(({ value }) => value);
    await loop[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    expect(a).toEqual([1, 1, 1, 'stale']);
    expect([...storage.groups.values()].map(({ labels }) => labels)).toEqual([[['job', 'b']]]);
    expect(await instruments.expose('text')).toContain('dwcp_pushgateway_expired_groups_total 1\n');
  });

  test('metadata reach the store, and the array stays the same until there is more to say', async () => {
    const { clock, store, put, gateway, loop } = await withLoop();
    await put('job/a', '# HELP m Things.\n# TYPE m counter\nm 1\n');
    await clock.advance(1_000);
    const described = gateway.describe();
    expect(store.metadataPuts).toContainEqual({
      name: 'm',
      type: 'counter',
      help: 'Things.',
      unit: '',
    });
    await put('job/a', '# HELP m Things.\n# TYPE m counter\nm 2\n');
    expect(gateway.describe()).toBe(described);
    await put('job/a', '# HELP m Other things.\n# TYPE m counter\nm 2\n');
    expect(gateway.describe()).not.toBe(described);
    await loop[Symbol.asyncDispose]();
  });
});

describe('storage', () => {
  test('a restart brings every group back, times and odd numbers included', async () => {
    const { clock, storage, gateway, put } = await setUp();
    await put(
      'job/a/x/1',
      'm NaN\nn -Inf\n# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_count 1\n',
    );
    await put('job/b', '# TYPE s summary\ns{quantile="0.5"} 3\ns_sum 4\n');
    await put('job/c', 'm 1 1\n');
    await gateway[Symbol.asyncDispose]();
    const before = gateway.expose('text');
    await clock.advance(60_000);
    await using again = await Pushgateway.open({ clock, storage });
    expect(again.expose('text').split('\n').sort()).toEqual(before.split('\n').sort());
    expect(
      await sendTo(again, {
        method: 'PUT',
        path: 'job/d',
        body: '# TYPE m gauge\nm 1\n',
        status: 0,
      }),
    ).toBe(400);
  });

  test('a push is answered after it is durable, and pushes that wait share the next write', async () => {
    const { storage, put } = await setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    storage.gate = promise;
    const order: string[] = [];
    const pushes = [1, 2, 3, 4].map((value) =>
      put('job/a', `m ${value}\n`).then((status) => order.push(`${value} ${status}`)),
    );
    await new Promise(setImmediate);
    expect(order).toEqual([]);
    resolve();
    await Promise.all(pushes);
    expect(order).toEqual(['1 200', '2 200', '3 200', '4 200']);
    expect(storage.writes).toHaveLength(2);
    expect([...storage.groups.values()][0]?.families[0]?.metrics[0]).toMatchObject({ value: 4 });
  });

  test('a write that fails is told to who pushed, counted, and made good by the next push', async () => {
    const { storage, gateway, put, instruments } = await setUp();
    storage.failure = new BackendError('disk', 'no space', { retryable: true });
    const grouping = parseGroupingPath('job/a');
    const body = Buffer.from('m 1\n');
    await expect(gateway.push({ grouping, body, method: 'PUT' })).rejects.toThrow('no space');
    storage.failure = undefined;
    expect(await put('job/a', 'm 2\n')).toBe(200);
    expect(storage.groups.size).toBe(1);
    const exposition = await instruments.expose('text');
    expect(exposition).toContain('dwcp_pushgateway_save_failures_total 1\n');
    expect(exposition).toContain('dwcp_pushgateway_requests_total{kind="replace"} 1\n');
  });

  test('a series that a crash left in two groups belongs to the newer push', async () => {
    const { clock, storage, put } = await setUp();
    await put('job/a', 'm{instance="i"} 1\nkept 1\n');
    const old = storage.groups.get(groupingKeyOf([['job', 'a']]).key);
    await clock.advance(1_000);
    await put('job/a', 'kept 1\n');
    await put('job/a/instance/i', 'm 2\n');
    if (old !== undefined) storage.groups.set(groupingKeyOf(old.labels).key, old);
    const instruments = new InstrumentRegistry({ clock });
    await using again = await Pushgateway.open({ clock, storage, instruments });
    expect(pushedSamples(shown(again.expose('text')))).toEqual([
      'kept{instance="",job="a"} 1',
      'm{instance="i",job="a"} 2',
    ]);
    expect(await instruments.expose('text')).toContain(
      'dwcp_pushgateway_conflicting_families_total 1\n',
    );
  });

  test('a wipe removes all groups, from the storage too', async () => {
    const { storage, gateway, put } = await setUp();
    await put('job/a', 'm 1\n');
    await put('job/b', 'm 1\n');
    expect(await gateway.wipe()).toBe(2);
    expect(storage.groups.size).toBe(0);
    expect(gateway.expose('text')).toBe('');
    expect(gateway.stats()).toEqual({ groupCount: 0, seriesCount: 0, waiting: 0 });
  });
});

describe('limits', () => {
  test('of groups, series and bytes refuse a push and count it by reason', async () => {
    const { gateway, put, lines, instruments } = await setUp({
      maxGroups: 2,
      maxSeries: 10,
      maxBodyBytes: 100,
    });
    expect(await put('job/a', 'm 1\nn 1\n')).toBe(200);
    expect(await put('job/b', 'm 1\n')).toBe(200);
    expect(await put('job/c', 'm 1\n')).toBe(429);
    expect(await put('job/b', 'm 1\no 1\np 1\nq 1\nr 1\n')).toBe(429);
    expect(await put('job/b', 'm 1\no 1\np 1\nq 1\n')).toBe(200);
    expect(await put('job/b', `# ${'x'.repeat(100)}\n`)).toBe(413);
    expect(lines()).toHaveLength(6);
    expect(gateway.stats()).toMatchObject({ groupCount: 2, seriesCount: 10 });
    const exposition = await instruments.expose('text');
    for (const reason of ['group-limit', 'series-limit', 'body-limit']) {
      expect(exposition).toContain(`dwcp_pushgateway_refused_total{reason="${reason}"} 1\n`);
    }
    expect(exposition).toContain('dwcp_pushgateway_series 10\n');
  });

  test('of pushes that wait for the disk', async () => {
    const { storage, put } = await setUp({ maxWaiting: 2 });
    const { promise, resolve } = Promise.withResolvers<void>();
    storage.gate = promise;
    const waiting = [put('job/a', 'm 1\n'), put('job/b', 'm 1\n')];
    expect(await put('job/c', 'm 1\n')).toBe(503);
    resolve();
    expect(await Promise.all(waiting)).toEqual([200, 200]);
  });

  test('must be above 0', async () => {
    const opened = Pushgateway.open({ clock: new ManualClock(), maxGroups: 0 });
    await expect(opened).rejects.toThrow(InvalidInputError);
    await expect(opened).rejects.toThrow('maxGroups: must be above 0, got 0');
  });
});

test('the query API shows groups as Pushgateway does', async () => {
  const { gateway, put } = await setUp();
  await put(
    'job/a',
    '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1000000"} 1000000\nh_count 1000000\nh_sum 1e6\n# TYPE s summary\ns{quantile="0.5"} NaN\ns_count 2\n# TYPE g gauge\ng{x="1"} 0.00001\n',
  );
  const [group] = gateway.groups();
  if (group === undefined) throw new Error('no group');
  const time = { time_stamp: '2026-01-02T03:04:05.500Z' };
  const labels = { instance: '', job: 'a' };
  expect(pushGroupJson(group)).toEqual({
    labels: { job: 'a' },
    last_push_successful: true,
    push_time_seconds: {
      ...time,
      type: 'GAUGE',
      help: 'Last Unix time when changing this group in the Pushgateway succeeded.',
      metrics: [{ labels, value: '1.7673230455e+09' }],
    },
    push_failure_time_seconds: {
      ...time,
      type: 'GAUGE',
      help: 'Last Unix time when changing this group in the Pushgateway failed.',
      metrics: [{ labels, value: '0' }],
    },
    h: {
      ...time,
      type: 'HISTOGRAM',
      help: 'H.',
      metrics: [{ labels, buckets: { '1e+06': '1000000' }, count: '1000000', sum: '1e+06' }],
    },
    s: {
      ...time,
      type: 'SUMMARY',
      metrics: [{ labels, quantiles: { '0.5': 'NaN' }, count: '2', sum: '0' }],
    },
    g: { ...time, type: 'GAUGE', metrics: [{ labels: { ...labels, x: '1' }, value: '1e-05' }] },
  });
});

test('a refusal says which metric, in the words of the registry', async () => {
  const { gateway } = await setUp();
  const push = (body: string): Promise<void> =>
    gateway.push({ grouping: parseGroupingPath('job/a'), body: Buffer.from(body), method: 'PUT' });
  const prefix = 'pushed metrics are invalid or inconsistent with existing metrics: ';
  await expect(push('m{x="1"} 1\nm{x="1"} 2\n')).rejects.toThrow(
    `${prefix}collected metric m{instance="",job="a",x="1"} was collected before with the same name and label values`,
  );
  await expect(push('m 1 5\n')).rejects.toThrow(`${prefix}pushed metrics must not have timestamps`);
  await expect(push('m 1\nm x\n')).rejects.toThrow(
    /^text format parsing error in line 2: expected a value, got "x"/,
  );
  await expect(push('m 1')).rejects.toThrow(
    'text format parsing error in line 1: unexpected end of input stream',
  );
});
