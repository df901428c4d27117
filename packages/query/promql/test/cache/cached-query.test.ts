import {
  type ChangeTracker,
  Labels,
  type MetricQuery,
  type QueryOptions,
  type QueryResult,
  type RangeQuery,
  type Series,
} from '@dwcp/core';
import { CachedQuery, type CacheOutcome, PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const MINUTE = 60_000;

/** A store that remembers all its changes, and an engine over it that tells which ranges it was asked. */
class Bench implements ChangeTracker {
  readonly store = new MemoryMetricStore();
  readonly clock = new ManualClock(0);
  readonly asked: RangeQuery[] = [];
  /** How the cache said that it answered. */
  readonly outcomes: CacheOutcome[] = [];
  readonly engine = new PromqlEngine({ store: this.store, clock: this.clock });
  readonly #changes: number[] = [];

  get changeMark(): number {
    return this.#changes.length;
  }

  oldestChangeSince(mark: number): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#changes.slice(mark));
  }

  /** Puts samples of a series `up{i="<i>"}` at these times, each of the value given. */
  put(i: number, unixMs: readonly number[], value: (unixMs: number) => number): void {
    this.store.put({
      labels: Labels.from({ __name__: 'up', i: String(i) }),
      timestamps: Float64Array.from(unixMs),
      values: Float64Array.from(unixMs, value),
    });
    this.#changes.push(Math.min(...unixMs));
  }

  /** Everything may have changed. */
  clear(): void {
    this.store.clear();
    this.#changes.push(Number.NEGATIVE_INFINITY);
  }

  cached(options: { readonly maxBytes?: number } = {}): CachedQuery {
    const query: MetricQuery = {
      instant: (instant, own) => this.engine.instant(instant, own),
      range: (range, own) => {
        this.asked.push(range);
        return this.engine.range(range, own);
      },
    };
    const onAnswer = (from: CacheOutcome): void => void this.outcomes.push(from);
    return new CachedQuery({ query, changes: this, clock: this.clock, onAnswer, ...options });
  }
}

function minutes(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => (from + i) * MINUTE);
}

function plain(result: QueryResult): unknown {
  if (result.value.kind !== 'matrix') throw new Error('a range query answers with a matrix');
  return result.value.series.map(({ labels, timestamps, values }: Series) => [
    labels.key,
    [...timestamps],
    [...values],
  ]);
}

const hour: RangeQuery = {
  expression: 'sum(rate(up[5m]))',
  startUnixMs: 10 * MINUTE,
  endUnixMs: 70 * MINUTE,
  stepMs: MINUTE,
};

function filled(): Bench {
  const bench = new Bench();
  for (const i of [1, 2, 3]) bench.put(i, minutes(0, 61), (unixMs) => unixMs * i);
  return bench;
}

async function expectRight(cached: CachedQuery, bench: Bench, query: RangeQuery): Promise<void> {
  expect(plain(await cached.range(query))).toEqual(plain(await bench.engine.range(query)));
}

describe('what is kept', () => {
  test('the same query again, and a part of it, are not evaluated', async () => {
    const bench = filled();
    const cached = bench.cached();
    await expectRight(cached, bench, hour);
    await expectRight(cached, bench, hour);
    await expectRight(cached, bench, { ...hour, startUnixMs: 20 * MINUTE });
    expect(bench.asked).toEqual([hour]);
    expect(bench.outcomes).toEqual(['miss', 'hit', 'hit']);
    expect(cached.stats.entries).toBe(1);
  });

  test('of a window that has moved on only the new steps are evaluated', async () => {
    const bench = filled();
    const cached = bench.cached();
    await cached.range({ ...hour, endUnixMs: 60 * MINUTE });
    bench.put(1, [61 * MINUTE], (unixMs) => unixMs);
    await expectRight(cached, bench, {
      ...hour,
      startUnixMs: 12 * MINUTE,
      endUnixMs: 62 * MINUTE,
    });
    expect(bench.asked.slice(1)).toEqual([
      { ...hour, startUnixMs: 61 * MINUTE, endUnixMs: 62 * MINUTE },
    ]);
  });

  test('a late sample takes back the steps that see it, and no earlier one', async () => {
    const bench = filled();
    const cached = bench.cached();
    await cached.range(hour);
    bench.put(2, [50 * MINUTE + 1], () => 1e9);
    await expectRight(cached, bench, hour);
    expect(bench.asked.slice(1)).toEqual([{ ...hour, startUnixMs: 51 * MINUTE }]);
    await expectRight(cached, bench, hour);
    expect(bench.asked).toHaveLength(2);
  });

  test('what lies before a kept range is evaluated too', async () => {
    const bench = filled();
    const cached = bench.cached();
    await cached.range({ ...hour, startUnixMs: 20 * MINUTE });
    await expectRight(cached, bench, hour);
    expect(bench.asked.slice(1)).toEqual([{ ...hour, endUnixMs: 19 * MINUTE }]);
  });

  test('samples at times that are yet to come decide steps with a negative offset', async () => {
    const bench = filled();
    const cached = bench.cached();
    const ahead = { ...hour, expression: 'up offset -10m' };
    await cached.range(ahead);
    bench.put(1, [70 * MINUTE], () => 7);
    await expectRight(cached, bench, ahead);
    expect(bench.asked.slice(1)).toEqual([{ ...ahead, startUnixMs: 60 * MINUTE }]);
  });

  test('samples after a fixed moment change nothing, samples before it everything', async () => {
    const bench = filled();
    const cached = bench.cached();
    const fixed = { ...hour, expression: 'up @ 1800 + vector(0)' };
    await cached.range(fixed);
    bench.put(1, [31 * MINUTE + 1], () => 7);
    await expectRight(cached, bench, fixed);
    expect(bench.asked).toHaveLength(1);
    bench.put(1, [30 * MINUTE - 1], () => 8);
    await expectRight(cached, bench, fixed);
    expect(bench.asked).toEqual([fixed, fixed]);
  });

  test('another step, another phase and another lookback are other answers', async () => {
    const bench = filled();
    const cached = bench.cached();
    await cached.range(hour);
    await expectRight(cached, bench, { ...hour, stepMs: 2 * MINUTE });
    await expectRight(cached, bench, { ...hour, startUnixMs: hour.startUnixMs + 1 });
    await cached.range(hour, { lookbackMs: 1_000 });
    expect(bench.outcomes).toEqual(['miss', 'miss', 'miss', 'miss']);
    expect(cached.stats.entries).toBe(4);
  });

  test('with the infos of the answer', async () => {
    const bench = filled();
    const cached = bench.cached();
    const { infos } = await cached.range(hour);
    expect(infos).toHaveLength(1);
    expect((await cached.range(hour)).infos).toEqual(infos);
    expect(bench.outcomes).toEqual(['miss', 'hit']);
  });

  test('after a change of unknown age nothing is', async () => {
    const bench = filled();
    const cached = bench.cached();
    await cached.range(hour);
    bench.clear();
    expect(plain(await cached.range(hour))).toEqual([]);
  });

  test('is bounded, and the least recently used goes first', async () => {
    const bench = filled();
    const one = bench.cached();
    await one.range(hour);
    const { sizeBytes } = one.stats;
    const cached = bench.cached({ maxBytes: sizeBytes * 9 });
    const numbered = (n: number): RangeQuery => ({
      ...hour,
      expression: `${hour.expression} + ${n}`,
    });
    for (let n = 10; n < 18; n++) await cached.range(numbered(n));
    await cached.range(numbered(10));
    for (let n = 18; n < 20; n++) await cached.range(numbered(n));
    expect(cached.stats.sizeBytes).toBeLessThanOrEqual(sizeBytes * 9);
    await cached.range(numbered(10));
    await cached.range(numbered(11));
    expect(bench.outcomes.slice(-2)).toEqual(['hit', 'miss']);
  });
});

describe('what is not kept', () => {
  const bypassing: readonly (readonly [string, Partial<RangeQuery>, QueryOptions])[] = [
    ['the end of the range', { expression: 'up @ end()' }, {}],
    ['the start of the range', { expression: 'rate(up[5m] @ start())' }, {}],
    ['a duration of the range', { expression: 'up offset range()' }, {}],
    ['a step that is no whole number', { stepMs: 1_000.5 }, {}],
    ['a single step', { endUnixMs: hour.startUnixMs }, {}],
    ['a caller who wants it fresh', {}, { noCache: true }],
  ];
  test.each(bypassing)('%s', async (_, change, options) => {
    const bench = filled();
    const cached = bench.cached();
    for (let i = 0; i < 2; i++) await cached.range({ ...hour, ...change }, options);
    expect(bench.asked).toHaveLength(2);
    expect(bench.outcomes).toEqual(['bypass', 'bypass']);
    expect(cached.stats.entries).toBe(0);
  });

  test('an answer with a warning, since nobody knows which steps it is about', async () => {
    const bench = filled();
    const cached = bench.cached();
    const warned = { ...hour, expression: 'quantile(2, up)' };
    const { warnings } = await cached.range(warned);
    expect(warnings).toHaveLength(1);
    expect((await cached.range(warned)).warnings).toEqual(warnings);
    expect(bench.asked).toHaveLength(2);
  });

  test('an expression that cannot be parsed: the engine says why', async () => {
    const cached = filled().cached();
    await expect(cached.range({ ...hour, expression: 'sum(' })).rejects.toThrow('parse error');
  });
});

test('a kept answer tells so in its cost', async () => {
  const bench = filled();
  const cached = bench.cached();
  const sum = { ...hour, expression: 'sum(up)' };
  const first = await cached.range(sum, { stats: true });
  expect(first.stats).toMatchObject({ cachedSteps: 0, steps: 61 });
  const again = await cached.range(sum, { stats: true });
  expect(again.stats).toMatchObject({ cachedSteps: 61, steps: 61, samplesRead: 0 });
  bench.put(1, [65 * MINUTE], () => 1);
  const part = await cached.range(sum, { stats: true });
  expect(part.stats).toMatchObject({ cachedSteps: 55, steps: 61 });
});

test('whatever comes, in whatever order, an answer is that of the engine', async () => {
  const expressions = [
    'up',
    'sum by (i) (increase(up[3m]))',
    'max_over_time(up[10m:2m])',
    'up offset -4m',
    'up - up offset 7m',
    'up @ 1500',
    'sum(up) unless sum(up @ 2400 offset -1m)',
    'absent(up{i="9"})',
    'count_over_time(up[5m] smoothed)',
  ] as const;
  const change = fc.record({
    kind: fc.constant('put' as const),
    i: fc.integer({ min: 1, max: 3 }),
    minute: fc.integer({ min: 0, max: 60 }),
    value: fc.integer({ min: 0, max: 100 }),
  });
  const query = fc.record({
    kind: fc.constant('ask' as const),
    expression: fc.constantFrom(...expressions),
    startMinute: fc.integer({ min: 0, max: 30 }),
    minutes: fc.integer({ min: 1, max: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(change, query), { maxLength: 40 }), async (actions) => {
      const bench = new Bench();
      const cached = bench.cached();
      for (const action of actions) {
        if (action.kind === 'put') {
          bench.put(action.i, [action.minute * MINUTE + 500], () => action.value);
          continue;
        }
        const startUnixMs = action.startMinute * MINUTE;
        const range = {
          expression: action.expression,
          startUnixMs,
          endUnixMs: startUnixMs + action.minutes * MINUTE,
          stepMs: MINUTE,
        };
        const outcome = async (of: MetricQuery): Promise<unknown> =>
          of.range(range).then(plain, (error: unknown) => String(error));
        expect(await outcome(cached)).toEqual(await outcome(bench.engine));
      }
    }),
    { numRuns: 200 },
  );
});
