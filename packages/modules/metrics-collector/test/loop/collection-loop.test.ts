import { BackendError, InvalidInputError, type Log, silentLog } from '@dwcp/core';
import {
  CollectionLoop,
  type CollectionLoopOptions,
  InstrumentRegistry,
  type MetricCollector,
  type MetricSink,
} from '@dwcp/metrics-collector';
import { ManualClock, RecordingMetricStore } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

const START = Date.parse('2026-01-02T03:04:05.300Z');
const labels = { region: 'eu', instance: 'box' };

function setUp(options: Partial<CollectionLoopOptions> = {}): {
  readonly clock: ManualClock;
  readonly store: RecordingMetricStore;
  readonly loop: CollectionLoop;
} {
  const clock = new ManualClock(START);
  const store = new RecordingMetricStore();
  const loop = new CollectionLoop({ store, clock, labels, ...options });
  return { clock, store, loop };
}

function collectorOf(
  name: string,
  collect: (sink: MetricSink, unixMs: number) => void | Promise<void>,
): MetricCollector {
  const metadata = [{ name: `${name}_value`, type: 'gauge', help: 'V.', unit: '' }] as const;
  return { name, describe: () => metadata, collect };
}

const series = (name: string, job = 'dwcp'): string =>
  `${name}{instance="box", job="${job}", region="eu"}`;

describe('ticks', () => {
  test('come once per second on the grid: 10 minutes give 600 distinct points', async () => {
    const { clock, store, loop } = setUp();
    let value = 0;
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, value++)));
    loop.start();
    await clock.advance(600_000);
    const rows = store.of(series('a_value'));
    expect(rows).toHaveLength(600);
    const grid = Array.from(
      { length: 600 },
      (_, i) => Date.parse('2026-01-02T03:04:06Z') + i * 1_000,
    );
    expect(rows.map(({ unixMs }) => unixMs)).toEqual(grid);
    expect(store.batches).toHaveLength(600);
  });

  test('do not drift when timers are late, nor double when they are early', async () => {
    const { clock, store, loop } = setUp();
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    loop.start();
    for (const wanderMs of [-4, 9, 300, -2, 650, 0]) {
      await clock.advance(700);
      clock.setUnixMs(clock.nowUnixMs() + wanderMs);
      await clock.advance(300);
    }
    await clock.advance(2_000);
    const times = store.of(series('a_value')).map(({ unixMs }) => unixMs);
    expect(times.every((unixMs) => unixMs % 1_000 === 0)).toBe(true);
    expect(new Set(times).size).toBe(times.length);
    expect(times.length).toBeGreaterThanOrEqual(7);
  });

  test('may begin at once, off the grid, and then keep to it', async () => {
    const { clock, store, loop } = setUp();
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    loop.start({ atOnce: true });
    await clock.advance(2_000);
    const times = store.of(series('a_value')).map(({ unixMs }) => unixMs - START);
    expect(times).toEqual([0, 700, 1_700]);
    expect(store.of(series('dwcp_collection_missed_ticks_total')).at(-1)?.value).toBe(0);
  });

  test('that are missed are counted', async () => {
    const { clock, store, loop } = setUp();
    loop.start();
    await clock.advance(1_000);
    clock.setUnixMs(clock.nowUnixMs() + 5_000);
    await clock.advance(2_000);
    const rows = store.of(series('dwcp_collection_missed_ticks_total'));
    expect(rows.at(-1)?.value).toBe(5);
  });

  test('pause while the clock is behind what was collected', async () => {
    const { clock, store, loop } = setUp();
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    loop.start();
    await clock.advance(5_000);
    clock.setUnixMs(clock.nowUnixMs() - 3_000);
    await clock.advance(10_000);
    const times = store.of(series('a_value')).map(({ unixMs }) => unixMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
    expect(times.length).toBe(5 + 10 - 3);
  });

  test('follow another interval', async () => {
    const { clock, store, loop } = setUp({ intervalMs: 15_000 });
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    loop.start();
    await clock.advance(60_000);
    expect(store.of(series('a_value')).map(({ unixMs }) => unixMs % 15_000)).toEqual([0, 0, 0, 0]);
    const { clock: other, store: otherStore } = setUp();
    expect(
      () => new CollectionLoop({ store: otherStore, clock: other, labels, intervalMs: 50 }),
    ).toThrow(InvalidInputError);
  });
});

describe('one tick', () => {
  test('is one batch with the samples of all collectors and of the instruments', async () => {
    const instruments = new InstrumentRegistry({ clock: new ManualClock() });
    instruments.gauge({ name: 'dwcp_queue_size', help: 'Q.' }).set(3);
    const { clock, store, loop } = setUp({ instruments });
    loop.register(
      collectorOf('a', (sink) => sink.add('a_value', { x: '1' }, 1)),
      { job: 'host' },
    );
    loop.register(collectorOf('b', (sink) => sink.add('b_value', undefined, 2)));
    loop.start();
    await clock.advance(1_000);
    expect(store.batches).toHaveLength(1);
    expect(store.rows()).toEqual(
      expect.arrayContaining([
        {
          series: 'a_value{instance="box", job="host", region="eu", x="1"}',
          unixMs: START + 700,
          value: 1,
        },
        { series: series('b_value'), unixMs: START + 700, value: 2 },
        { series: series('dwcp_queue_size'), unixMs: START + 700, value: 3 },
      ]),
    );
  });

  test('tells the store what the metrics mean, once', async () => {
    const { clock, store, loop } = setUp();
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    loop.start();
    await clock.advance(3_000);
    expect(store.metadataPuts.filter(({ name }) => name === 'a_value')).toHaveLength(1);
    expect(store.metadataPuts.map(({ name }) => name)).toContain(
      'dwcp_collection_duration_seconds',
    );
  });

  test('measures itself', async () => {
    const { clock, store, loop } = setUp();
    loop.start();
    await clock.advance(3_000);
    expect(
      store.of(series('dwcp_collection_duration_seconds_count')).map(({ value }) => value),
    ).toEqual([0, 1, 2]);
    expect(store.of(series('dwcp_collection_samples_total')).at(-1)?.value).toBeGreaterThan(0);
  });
});

describe('a collector that fails', () => {
  test('loses its own samples only, is shown in the status and logged once per change', async () => {
    const logged: string[] = [];
    const log: Log = {
      ...silentLog,
      warn: (fields, message) => logged.push(`warn ${String(fields['collector'])} ${message}`),
      info: (fields, message) => logged.push(`info ${String(fields['collector'])} ${message}`),
      child: () => log,
    };
    const { clock, store, loop } = setUp({ log });
    let broken = false;
    loop.register(
      collectorOf('bad', (sink) => {
        sink.add('bad_value', undefined, 1);
        if (broken) throw new Error('no such file');
      }),
    );
    loop.register(collectorOf('good', (sink) => sink.add('good_value', undefined, 1)));
    loop.start();
    await clock.advance(2_000);
    broken = true;
    await clock.advance(3_000);
    expect(loop.status().find(({ name }) => name === 'bad')).toEqual({
      name: 'bad',
      job: 'dwcp',
      state: 'down',
      lastRunUnixMs: START + 4_700,
      lastDurationMs: 0,
      lastSampleCount: 0,
      runs: 5,
      failures: 3,
      error: 'no such file',
    });
    broken = false;
    await clock.advance(1_000);
    expect(store.of(series('bad_value')).map(({ value }) => value)).toEqual([1, 1, 'stale', 1]);
    expect(store.of(series('good_value'))).toHaveLength(6);
    expect(logged).toEqual(['warn bad collector failed', 'info bad collector works again']);
    expect(loop.status().find(({ name }) => name === 'bad')).toMatchObject({
      state: 'up',
      error: undefined,
    });
  });

  test('by never answering delays the tick by its time-out at most, and is not asked again meanwhile', async () => {
    const { clock, store, loop } = setUp();
    const answer = Promise.withResolvers<void>();
    let asked = 0;
    loop.register(
      collectorOf('slow', async (sink) => {
        asked++;
        await answer.promise;
        sink.add('slow_value', undefined, asked);
      }),
    );
    loop.register(collectorOf('good', (sink) => sink.add('good_value', undefined, 1)));
    loop.start();
    await clock.advance(5_000);
    expect(asked).toBe(1);
    expect(store.of(series('good_value'))).toHaveLength(5);
    expect(loop.status().find(({ name }) => name === 'slow')).toMatchObject({
      state: 'down',
      failures: 5,
    });
    answer.resolve();
    await clock.advance(1_000);
    expect(store.of(series('slow_value'))).toEqual([
      { series: series('slow_value'), unixMs: START + 5_700, value: 2 },
    ]);
  });
});

describe('the end of a series', () => {
  test('that a collector no longer gives is marked once', async () => {
    const { clock, store, loop } = setUp();
    let devices = ['sda', 'sdb'];
    loop.register(
      collectorOf('disk', (sink) => {
        for (const device of devices) sink.add('disk_value', { device }, 1);
      }),
    );
    loop.start();
    await clock.advance(1_000);
    devices = ['sda'];
    await clock.advance(2_000);
    const gone = store.rows().filter((row) => row.series.includes('sdb'));
    expect(gone.map(({ value }) => value)).toEqual([1, 'stale']);
    expect(
      store
        .rows()
        .filter((row) => row.series.includes('"sda"'))
        .map(({ value }) => value),
    ).toEqual([1, 1, 1]);
  });

  test('of a gauge that was removed is marked', async () => {
    const instruments = new InstrumentRegistry({ clock: new ManualClock() });
    const gauge = instruments.gauge({ name: 'dwcp_peer', help: 'P.', labelNames: ['peer'] });
    gauge.labels({ peer: 'x' }).set(1);
    const { clock, store, loop } = setUp({ instruments });
    loop.start();
    await clock.advance(1_000);
    gauge.remove({ peer: 'x' });
    await clock.advance(1_000);
    const rows = store.rows().filter((row) => row.series.startsWith('dwcp_peer'));
    expect(rows.map(({ value }) => value)).toEqual([1, 'stale']);
  });

  test('of an unregistered collector is marked, unless another one goes on with it', async () => {
    const { clock, store, loop } = setUp();
    const give = (sink: MetricSink): void => sink.add('shared_value', undefined, 1);
    const registered = loop.register(
      collectorOf('a', (sink) => {
        give(sink);
        sink.add('a_value', undefined, 1);
      }),
    );
    loop.start();
    await clock.advance(1_000);
    registered[Symbol.dispose]();
    loop.register(collectorOf('a', give));
    await clock.advance(1_000);
    expect(store.of(series('a_value')).map(({ value }) => value)).toEqual([1, 'stale']);
    expect(store.of(series('shared_value')).map(({ value }) => value)).toEqual([1, 1]);
  });

  test('of a collector unregistered while it runs is marked, and what it brings then is dropped', async () => {
    const { clock, store, loop } = setUp();
    let answer = Promise.resolve();
    loop.register(
      collectorOf('a', async (sink) => {
        await answer;
        sink.add('a_value', undefined, 1);
      }),
    );
    loop.start();
    await clock.advance(1_000);
    const late = Promise.withResolvers<void>();
    answer = late.promise;
    await clock.advance(1_000);
    loop.unregister('a');
    late.resolve();
    await clock.advance(1_000);
    expect(store.of(series('a_value'))).toEqual([
      { series: series('a_value'), unixMs: START + 700, value: 1 },
      { series: series('a_value'), unixMs: START + 1_700, value: 'stale' },
    ]);
  });

  test('comes for all with the end of the loop, between the last tick and the next', async () => {
    const { clock, store, loop } = setUp();
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    loop.start();
    await clock.advance(1_000);
    await loop.stop();
    await loop.stop();
    expect(store.of(series('a_value'))).toEqual([
      { series: series('a_value'), unixMs: START + 700, value: 1 },
      { series: series('a_value'), unixMs: START + 1_000, value: 'stale' },
    ]);
    expect(clock.timerCount).toBe(0);
    await clock.advance(10_000);
    expect(store.batches).toHaveLength(2);
  });

  test('of a loop that never ticked is nothing', async () => {
    const { store, loop } = setUp();
    await loop.stop();
    loop.start();
    expect(store.batches).toEqual([]);
  });
});

describe('a store', () => {
  test('that fails for a while gets the same samples later, in order', async () => {
    const { clock, store, loop } = setUp();
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    loop.start();
    await clock.advance(2_000);
    store.failure = new BackendError('store', 'disk full', { retryable: true });
    await clock.advance(3_000);
    expect(loop.queueStats().waiting).toBe(3);
    store.failure = undefined;
    await clock.advance(3_000);
    const times = store.of(series('a_value')).map(({ unixMs }) => unixMs - START);
    expect(times).toEqual([700, 1_700, 2_700, 3_700, 4_700, 5_700, 6_700, 7_700]);
    expect(store.of(series('dwcp_collection_append_failures_total')).at(-1)?.value).toBeGreaterThan(
      0,
    );
  });

  test('that is slow costs no tick', async () => {
    const { clock, store, loop } = setUp();
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    loop.start();
    await clock.advance(5_000);
    gate.resolve();
    await clock.advance(1_000);
    expect(store.of(series('a_value'))).toHaveLength(6);
  });

  test('that stays away fills the queue, and what comes then is dropped and counted', async () => {
    const { clock, store, loop } = setUp();
    store.failure = new BackendError('store', 'gone', { retryable: true });
    loop.start();
    await clock.advance(70_000);
    expect(loop.queueStats().waiting).toBe(60);
    store.failure = undefined;
    await clock.advance(3_000);
    // Ten while it was away, and one more at the tick right before the queue's next try.
    expect(store.of(series('dwcp_collection_dropped_batches_total')).at(-1)?.value).toBe(11);
  });

  test('that refuses a batch for good loses that batch only', async () => {
    const { clock, store, loop } = setUp();
    loop.register(collectorOf('a', (sink) => sink.add('a_value', undefined, 1)));
    loop.start();
    store.failure = new TypeError('bad batch');
    await clock.advance(1_000);
    store.failure = undefined;
    await clock.advance(2_000);
    expect(store.of(series('a_value'))).toHaveLength(2);
  });
});

test('two collectors of one name are refused', () => {
  const { loop } = setUp();
  loop.register(collectorOf('a', () => undefined));
  expect(() => loop.register(collectorOf('a', () => undefined))).toThrow(
    '"a" is registered already',
  );
  expect(() => loop.register(collectorOf('instruments', () => undefined))).toThrow(
    InvalidInputError,
  );
});
