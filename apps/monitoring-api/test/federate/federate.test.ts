import { Labels, type MetricType, type NativeHistogram, SampleBatchBuilder } from '@dwcp/core';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { countTurns } from '../counted-turns.ts';
import { federateApp } from './federate-app.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const MINUTE = 60_000;

let clock: ManualClock;
let store: MemoryMetricStore;
let app: FastifyInstance;
beforeEach(async () => {
  clock = new ManualClock(NOW);
  store = new MemoryMetricStore();
  app = await federateApp({ store, clock });
});

/** @param samples value by age in milliseconds, oldest first; `stale` for the marker */
async function append(
  labels: Readonly<Record<string, string>>,
  samples: Readonly<Record<number, number | 'stale'>>,
): Promise<void> {
  const batch = new SampleBatchBuilder();
  const ages = Object.entries(samples).sort(([a], [b]) => Number(b) - Number(a));
  for (const [age, value] of ages) {
    const unixMs = NOW - Number(age);
    if (value === 'stale') batch.addStale(Labels.from(labels), unixMs);
    else batch.add(Labels.from(labels), unixMs, value);
  }
  const { rejected } = await store.append(batch.build());
  expect(rejected).toEqual({});
}

const federate = (...selectors: readonly string[]) => {
  const query = selectors.map((text) => `match[]=${encodeURIComponent(text)}`);
  return app.inject(`/federate?${query.join('&')}`);
};
const lines = async (...selectors: readonly string[]): Promise<readonly string[]> =>
  (await federate(...selectors)).body.split('\n').filter((line) => line !== '');

test('the latest sample of each chosen series comes with its timestamp', async () => {
  await append({ __name__: 'm', job: 'a', instance: 'i' }, { 30_000: 1, 15_000: 2.5 });
  await append({ __name__: 'm', job: 'b', instance: 'i' }, { 15_000: 3 });
  await append({ __name__: 'n', job: 'a', instance: 'i' }, { 1: 4 });
  const answer = await federate('{job="a"}');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(answer.body).toBe(
    `# TYPE m untyped\nm{instance="i",job="a"} 2.5 ${NOW - 15_000}\n` +
      `# TYPE n untyped\nn{instance="i",job="a"} 4 ${NOW - 1}\n`,
  );
});

test('several selectors give the union, each series once', async () => {
  await append({ __name__: 'm', job: 'a' }, { 0: 1 });
  await append({ __name__: 'm', job: 'b' }, { 0: 2 });
  await append({ __name__: 'm', job: 'c' }, { 0: 3 });
  expect(await lines('m{job="a"}', '{job=~"a|c"}')).toEqual([
    '# TYPE m untyped',
    `m{job="a",instance=""} 1 ${NOW}`,
    `m{job="c",instance=""} 3 ${NOW}`,
  ]);
});

test('series that ended, and those older than five minutes, are not shown', async () => {
  await append({ __name__: 'ended', instance: 'i' }, { 2_000: 1, 1_000: 'stale' });
  await append({ __name__: 'back', instance: 'i' }, { 2_000: 'stale', 1_000: 1 });
  await append({ __name__: 'old', instance: 'i' }, { [5 * MINUTE + 1]: 1 });
  await append({ __name__: 'young', instance: 'i' }, { [5 * MINUTE]: 1 });
  await append({ __name__: 'future', instance: 'i' }, { [-1]: 1 });
  const names = (await lines('{instance="i"}'))
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.split('{')[0]);
  expect(names).toEqual(['back', 'young']);
});

test('a series without an instance gets an empty one', async () => {
  await append({ __name__: 'm' }, { 0: 1 });
  expect(await lines('m')).toEqual(['# TYPE m untyped', `m{instance=""} 1 ${NOW}`]);
});

describe('families', () => {
  const describeMetric = (name: string, type: MetricType): void =>
    store.putMetadata([{ name, type, help: 'Help.', unit: '' }]);

  test('have the type that is known, and are put together and sorted', async () => {
    describeMetric('h', 'histogram');
    describeMetric('s', 'summary');
    describeMetric('c', 'counter');
    describeMetric('g', 'gauge');
    describeMetric('build', 'info');
    for (const name of [
      's_sum',
      'h_sum',
      'h_errors',
      's',
      'h_bucket',
      'c_total',
      'g',
      's_bucket',
      'build_info',
    ]) {
      await append({ __name__: name, instance: 'i' }, { 0: 1 });
    }
    expect((await lines('{instance="i"}')).map((line) => line.split('{')[0])).toEqual([
      '# TYPE build_info gauge',
      'build_info',
      '# TYPE c_total counter',
      'c_total',
      '# TYPE g gauge',
      'g',
      '# TYPE h histogram',
      'h_bucket',
      'h_sum',
      '# TYPE h_errors untyped',
      'h_errors',
      '# TYPE s summary',
      's',
      's_sum',
      '# TYPE s_bucket untyped',
      's_bucket',
    ]);
  });

  test('keep odd values and labels', async () => {
    await append({ __name__: 'a', instance: 'i', x: 'q"\\\n' }, { 0: Number.NaN });
    await append({ __name__: 'b', instance: 'i' }, { 0: -Infinity });
    expect((await lines('{instance="i"}')).filter((line) => !line.startsWith('#'))).toEqual([
      `a{instance="i",x="q\\"\\\\\\n"} NaN ${NOW}`,
      `b{instance="i"} -Inf ${NOW}`,
    ]);
  });
});

test('native histograms are left out and counted', async () => {
  const batch = new SampleBatchBuilder();
  const histogram: NativeHistogram = {
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 1,
    sum: 1,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [1],
    negativeSpans: [],
    negativeBuckets: [],
    counterResetHint: 'unknown',
  };
  batch.addHistogram(Labels.from({ __name__: 'n' }), NOW, histogram);
  await store.append(batch.build());
  await append({ __name__: 'm', instance: 'i' }, { 0: 1 });
  expect(await lines('{__name__=~".+"}')).toEqual([
    '# TYPE m untyped',
    `m{instance="i"} 1 ${NOW}`,
    '# 1 native histograms left out: text 0.0.4 has none',
  ]);
});

describe('thousands of series', () => {
  const SERIES = 5_000;

  beforeEach(async () => {
    const batch = new SampleBatchBuilder();
    for (let i = 0; i < SERIES; i++) {
      // Neither by name nor by label in the order of the answer.
      const labels = { __name__: `m${i % 3}`, a: String((i * 7) % SERIES), instance: 'i' };
      batch.add(Labels.from(labels), NOW, i);
    }
    await store.append(batch.build());
  });
  afterEach(() => vi.restoreAllMocks());

  test('come in order, each once', async () => {
    const rows = (await lines('m0', '{__name__=~"m[012]"}')).filter((row) => !row.startsWith('#'));
    expect(rows).toHaveLength(SERIES);
    expect(rows).toEqual(rows.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(new Set(rows).size).toBe(SERIES);
  });

  test('let others have their turn while the text is made', async () => {
    const { turns, result } = await countTurns(() => federate('{instance="i"}'));
    const { body } = result;
    expect(body.split('\n')).toHaveLength(SERIES + 3 + 1);
    // To gather, to sort and to write 500 to 1,000 of them is a piece each.
    expect(turns).toBeGreaterThan(SERIES / 500 + SERIES / 1_000 + SERIES / 500);
  });
});

describe('errors', () => {
  test('no match[] gives nothing, as in Prometheus', async () => {
    await append({ __name__: 'm' }, { 0: 1 });
    const answer = await app.inject('/federate');
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  test('a selector that does not parse is 400 in the words of the parser', async () => {
    const answer = await federate('m', '{job=');
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.body).toMatch(/parse error/);
  });

  test('an expression that is no selector, and one that matches everything, are 400', async () => {
    expect((await federate('sum(m)')).statusCode).toBe(400);
    expect((await federate('{}')).statusCode).toBe(400);
  });

  test('too many at once are 503 and ask for another try', async () => {
    const busy = await federateApp({ store, clock, slots: 0 });
    const answer = await busy.inject('/federate?match[]=m');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
  });
});
