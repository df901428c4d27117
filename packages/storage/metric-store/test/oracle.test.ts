// Random work on the store against the same work on a plain array.
import {
  compileMatchers,
  type LabelMatcher,
  Labels,
  type NativeHistogram,
  type SampleBatch,
  SampleBatchBuilder,
} from '@dwcp/core';
import { type EmbeddedMetricStore } from '@dwcp/metric-store';
import { rowsOf } from '@dwcp/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { everything, NOW, openStore } from './store-under-test.ts';
import { temporaryDirectory } from './temporary-directory.ts';

interface Row {
  readonly labels: Labels;
  readonly unixMs: number;
  readonly bits: string;
  readonly histogram: NativeHistogram | undefined;
  /** In no block yet: there the store can tell that it has it. */
  isInHead: boolean;
}

/** The port's words, as plainly as they can be written down. */
class Oracle {
  readonly rows: Row[] = [];

  append(batch: SampleBatch): { appended: number; rejected: Record<string, number> } {
    const result = { appended: 0, rejected: {} as Record<string, number> };
    const before = this.rows.length;
    const bits = new BigUint64Array(batch.values.buffer, batch.values.byteOffset);
    batch.labels.forEach((labels, i) => {
      const unixMs = batch.timestamps[i] ?? 0;
      const histogram = batch.histograms?.[i];
      const row = { labels, unixMs, histogram, bits: bits[i]?.toString(16) ?? '', isInHead: false };
      if (histogram !== undefined) row.bits = '7ff8000000000000';
      const last = this.rows.findLast((one) => one.labels.equals(labels));
      const same =
        last?.bits === row.bits && JSON.stringify(last.histogram) === JSON.stringify(histogram);
      if (last === undefined || unixMs > last.unixMs) {
        this.rows.push(row);
        result.appended++;
      } else if ((unixMs === last.unixMs && same) || this.#isHeld(row)) {
        result.appended++;
      } else {
        const reason = unixMs === last.unixMs ? 'duplicate' : 'out-of-order';
        result.rejected[reason] = (result.rejected[reason] ?? 0) + 1;
      }
    });
    for (const row of this.rows.slice(before)) row.isInHead = true;
    return result;
  }

  seal(): void {
    for (const row of this.rows) row.isInHead = false;
  }

  #isHeld({ labels, unixMs, bits, histogram }: Row): boolean {
    return this.rows.some(
      (row) =>
        row.isInHead &&
        row.unixMs === unixMs &&
        row.bits === bits &&
        row.histogram === undefined &&
        histogram === undefined &&
        row.labels.equals(labels),
    );
  }

  select(query: typeof everything): unknown {
    const matches = compileMatchers(query.matchers);
    const byKey = new Map<string, Row[]>();
    for (const row of this.rows) {
      if (row.unixMs < query.startUnixMs || row.unixMs > query.endUnixMs) continue;
      if (!matches(row.labels)) continue;
      byKey.set(row.labels.key, [...(byKey.get(row.labels.key) ?? []), row]);
    }
    return [...byKey.values()]
      .toSorted((a, b) => (a[0]?.labels ?? Labels.empty).compare(b[0]?.labels ?? Labels.empty))
      .map((rows) => ({
        labels: rows[0]?.labels.toObject(),
        samples: rows.map(({ unixMs, bits }) => [unixMs, bits]),
        histograms: rows.map(({ histogram }) => histogram),
      }));
  }
}

async function selected(store: EmbeddedMetricStore, query: typeof everything): Promise<unknown> {
  return (await store.select(query)).map((series) => ({
    ...rowsOf(series),
    histograms: Array.from({ length: series.values.length }, (_, i) => series.histograms?.[i]),
  }));
}

const label = fc.constantFrom('a', 'b', 'ü');
const labels = fc
  .record(
    { __name__: fc.constantFrom('m', 'n'), x: label, y: label },
    { requiredKeys: ['__name__'] },
  )
  .map((record) => Labels.from(record));
/** What metrics look like: counters, decimals, constants, floats, and the odd ones. */
const value = fc.oneof(
  fc.nat(100),
  fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  fc.integer({ min: -5_000, max: 5_000 }).map((n) => n / 1_000),
  fc.constantFrom(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, 'stale' as const),
  fc.double(),
);
const bucket = fc.oneof(fc.nat(1_000), fc.double({ noNaN: true, min: 0 }));
const histogram: fc.Arbitrary<NativeHistogram> = fc
  .array(bucket, { maxLength: 5 })
  .chain((buckets) =>
    fc.record({
      schema: fc.integer({ min: -4, max: 8 }),
      count: bucket,
      sum: fc.double({ noNaN: true }),
      zeroThreshold: fc.constantFrom(0, 1e-128),
      zeroCount: bucket,
      positiveSpans: fc.constant([{ offset: -2, length: buckets.length }]),
      positiveBuckets: fc.constant(buckets),
      negativeSpans: fc.constant([]),
      negativeBuckets: fc.constant([]),
      counterResetHint: fc.constantFrom('unknown', 'reset', 'not_reset', 'gauge'),
    }),
  );

const run = fc.record({
  kind: fc.constant('append' as const),
  labels,
  /** Mostly forward from the newest sample, sometimes back or onto it. */
  offsetMs: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: -3_000, max: 0 })),
  stepMs: fc.constantFrom(1, 999, 1_000, 15_000),
  jitterMs: fc.constantFrom(0, 0, 3),
  values: fc.oneof(
    fc.array(value, { minLength: 1, maxLength: 20 }),
    fc
      .tuple(value, fc.integer({ min: 200, max: 700 }))
      .map(([one, n]) => Array.from({ length: n }, () => one)),
    fc.integer({ min: 200, max: 700 }).map((n) => Array.from({ length: n }, (_, i) => i * 3)),
    fc.array(value, { minLength: 250, maxLength: 300 }),
    fc.array(histogram, { minLength: 1, maxLength: 5 }),
  ),
});
const matcher: fc.Arbitrary<LabelMatcher> = fc.record({
  name: fc.constantFrom('__name__', 'x', 'y', 'z'),
  operator: fc.constantFrom('=', '!=', '=~', '!~'),
  value: fc.constantFrom('', 'a', 'm', 'ü', 'a|b', '.*', '.+', '[^a]'),
});
const select = fc.record({
  kind: fc.constant('select' as const),
  matchers: fc.array(matcher, { maxLength: 2 }),
  // Beside samples that are there: exactly on one, or just off.
  from: fc.tuple(fc.nat(), fc.integer({ min: -1, max: 1 })),
  to: fc.tuple(fc.nat(), fc.integer({ min: -1, max: 1 })),
});
const other = fc.constantFrom(
  { kind: 'seal' as const },
  { kind: 'reopen' as const },
  { kind: 'maintain' as const },
  { kind: 'eight blocks' as const },
);

type Command =
  | { readonly kind: 'all' }
  | (typeof run extends fc.Arbitrary<infer T> ? T : never)
  | (typeof select extends fc.Arbitrary<infer T> ? T : never)
  | (typeof other extends fc.Arbitrary<infer T> ? T : never);

/** What the store said, and what the oracle said. */
interface Answers {
  readonly store: unknown;
  readonly oracle: unknown;
}

const nothing: Answers = { store: undefined, oracle: undefined };

/** Does the same to the store and to the oracle. */
class Pair {
  readonly dir: string;
  store: EmbeddedMetricStore;
  readonly #oracle = new Oracle();
  #newest = NOW - 86_400_000;

  constructor(dir: string, store: EmbeddedMetricStore) {
    this.dir = dir;
    this.store = store;
  }

  async obey(command: Command): Promise<Answers> {
    switch (command.kind) {
      case 'append':
        return this.#append(command);
      case 'seal':
        await this.store.seal();
        this.#oracle.seal();
        return nothing;
      case 'eight blocks':
        return this.#eightBlocks();
      case 'maintain':
        await this.store.maintain();
        return nothing;
      case 'reopen':
        await this.store.close();
        this.store = await openStore(this.dir);
        return nothing;
      case 'all':
        return this.select(everything);
      case 'select': {
        const { rows } = this.#oracle;
        const near = ([n, off]: [number, number]): number =>
          (rows[n % rows.length]?.unixMs ?? 0) + off;
        return this.select({
          matchers: command.matchers,
          startUnixMs: near(command.from),
          endUnixMs: near(command.to),
        });
      }
    }
  }

  async select(query: typeof everything): Promise<Answers> {
    return { store: await selected(this.store, query), oracle: this.#oracle.select(query) };
  }

  async #eightBlocks(): Promise<Answers> {
    const answers: Answers[] = [];
    for (let i = 0; i < 8; i++) {
      const builder = new SampleBatchBuilder();
      for (const x of ['a', `only ${i}`]) {
        builder.add(Labels.from({ __name__: 'm', x }), ++this.#newest, i / 10);
      }
      answers.push(await this.#both(builder.build()));
      await this.store.seal();
      this.#oracle.seal();
    }
    return {
      store: answers.map(({ store }) => store),
      oracle: answers.map(({ oracle }) => oracle),
    };
  }

  async #append(command: Extract<Command, { kind: 'append' }>): Promise<Answers> {
    const builder = new SampleBatchBuilder();
    let unixMs = this.#newest + command.offsetMs;
    for (const [i, one] of command.values.entries()) {
      const at = unixMs + (i % 7 === 3 ? command.jitterMs : 0);
      if (one === 'stale') builder.addStale(command.labels, at);
      else if (typeof one === 'number') builder.add(command.labels, at, one);
      else builder.addHistogram(command.labels, at, one);
      this.#newest = Math.max(this.#newest, at);
      unixMs += command.stepMs;
    }
    return this.#both(builder.build());
  }

  async #both(batch: SampleBatch): Promise<Answers> {
    const { appended, rejected } = await this.store.append(batch);
    return { store: { appended, rejected }, oracle: this.#oracle.append(batch) };
  }
}

test(
  'after any appends, seals, merges and restarts, any selection is what a plain array would give',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 4, arbitrary: run }, other, select), { maxLength: 40 }),
        async (commands) => {
          const dir = temporaryDirectory();
          const pair = new Pair(dir, await openStore(dir));
          const ending = [{ kind: 'all' }, { kind: 'seal' }, { kind: 'all' }] as const;
          for (const command of [...commands, ...ending]) {
            const { store, oracle } = await pair.obey(command);
            expect(store).toEqual(oracle);
          }
          expect(pair.store.stats()).toMatchObject({ corruptionCount: 0, lostSamples: 0 });
          await pair.store.close();
        },
      ),
      { numRuns: 60 },
    );
  },
);
