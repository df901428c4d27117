import { PrometheusMetricStore, PrometheusServer } from '@dwcp/adapter-prometheus';
import { BackendError, InvalidInputError, Labels, SampleBatchBuilder } from '@dwcp/core';
import { batchOf } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { receiver } from './receiver.ts';

const t0 = Date.parse('2026-01-02T03:00:00Z');
const series = (name: string): Labels => Labels.from({ __name__: name });

/** A row refused as Prometheus does it: nothing of the request is stored. */
function refusing(
  word: string,
  text: string,
): (request: { readonly samples: readonly string[] }) => readonly [number, string] | undefined {
  return ({ samples }) =>
    samples.some((sample) => sample.includes(word)) ? [400, `${text}\n`] : undefined;
}

describe('options', () => {
  test.each([
    { maxRememberedSeries: 1 },
    { maxMetadata: 0 },
    { maxWaitingAppends: 0 },
    { maxSamplesPerRequest: -1 },
    { maxSplits: -1 },
    { maxAheadMs: Number.NaN },
    { outOfOrderWindowMs: -1 },
    { maxLabels: 0 },
  ])('%j is refused by its name', (options) => {
    using server = new PrometheusServer({ url: 'http://127.0.0.1:1' });
    const open = (): PrometheusMetricStore => new PrometheusMetricStore(server, options);
    expect(open).toThrow(InvalidInputError);
    expect(open).toThrow(new RegExp(`^${Object.keys(options)[0]}: `));
  });
});

describe('a write', () => {
  test('has each series once, its samples with their bits', async () => {
    await using to = await receiver();
    const result = await to.store.append(
      batchOf([
        [series('a'), t0, 1],
        [series('b'), t0, 'stale'],
        [series('a'), t0 + 1, -0.5],
      ]),
    );
    expect(result).toEqual({ appended: 3, rejected: {} });
    expect(to.received).toEqual([
      {
        samples: [`a ${t0} 1`, `a ${t0 + 1} -0.5`, `b ${t0} 7ff00000:2`],
        histograms: [],
        exemplars: [],
        metadata: [],
      },
    ]);
  });

  test('is cut at the size of a request, between series and inside one', async () => {
    await using to = await receiver({ maxSamplesPerRequest: 3 });
    const rows = [0, 1, 2, 3, 4].map((i) => [series('long'), t0 + i, i] as const);
    await to.store.append(batchOf([[series('a'), t0, 1], [series('b'), t0, 1], ...rows]));
    expect(to.received.map(({ samples }) => samples)).toEqual([
      [`a ${t0} 1`, `b ${t0} 1`],
      [`long ${t0} 0`, `long ${t0 + 1} 1`, `long ${t0 + 2} 2`],
      [`long ${t0 + 3} 3`, `long ${t0 + 4} 4`],
    ]);
  });

  test('of one append ends before the next begins, in their order', async () => {
    await using to = await receiver();
    const appends = Array.from({ length: 30 }, (_, i) =>
      to.store.append(batchOf([[series('a'), t0 + i, i]])),
    );
    for (const result of await Promise.all(appends)) expect(result.appended).toBe(1);
    expect(to.received.flatMap(({ samples }) => samples)).toEqual(
      Array.from({ length: 30 }, (_, i) => `a ${t0 + i} ${i}`),
    );
  });

  test('with too many before it fails at once and is counted', async () => {
    await using to = await receiver({ maxWaitingAppends: 2 });
    const append = async (i: number): Promise<unknown> =>
      to.store.append(batchOf([[series('a'), t0 + i, i]]));
    const taken = [append(0), append(1)];
    await expect(append(2)).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('maxWaitingAppends') as string,
    });
    await Promise.all(taken);
    expect(to.store.counters().overflowedAppends).toBe(1);
  });

  test.each([429, 500, 502, 503])('answered %i can be tried again', async (status) => {
    await using to = await receiver();
    to.answer = () => [status, 'busy'];
    const failed = to.store.append(batchOf([[series('a'), t0, 1]]));
    await expect(failed).rejects.toMatchObject({ retryable: true });
    to.answer = () => undefined;
    expect(await to.store.append(batchOf([[series('a'), t0, 1]]))).toMatchObject({ appended: 1 });
  });

  test.each([
    [400, 'snappy: corrupt input'],
    [404, 'remote write receiver needs to be enabled with --web.enable-remote-write-receiver'],
    [413, 'too large'],
  ])('answered %i %s cannot, and the words are passed on', async (status, text) => {
    await using to = await receiver();
    to.answer = () => [status, text];
    const failed = to.store.append(batchOf([[series('a'), t0, 1]]));
    await expect(failed).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining(`answered ${status}: ${text}`) as string,
    });
    await expect(failed).rejects.toBeInstanceOf(BackendError);
  });

  test('that fails in its second part says what is stored', async () => {
    await using to = await receiver({ maxSamplesPerRequest: 1 });
    to.answer = ({ samples }) => (samples[0]?.startsWith('b') === true ? [503, 'busy'] : undefined);
    const rows = ['a', 'b', 'c'].map((name) => [series(name), t0, 1] as const);
    const failed = to.store.append(batchOf(rows));
    await expect(failed).rejects.toThrow(/busy \(1 rows of the batch were stored before\)$/);
    to.answer = () => undefined;
    expect(await to.store.append(batchOf(rows))).toEqual({ appended: 3, rejected: {} });
    const sent = to.received.flatMap(({ samples }) => samples);
    expect(sent.filter((sample) => sample.startsWith('a'))).toHaveLength(1);
  });

  test('after the end of the store is refused', async () => {
    await using to = await receiver();
    await to.store[Symbol.asyncDispose]();
    const failed = to.store.append(batchOf([[series('a'), t0, 1]]));
    await expect(failed).rejects.toMatchObject({ retryable: false });
  });

  test('given up while it waits is not sent', async () => {
    await using to = await receiver();
    const abort = new AbortController();
    const first = to.store.append(batchOf([[series('a'), t0, 1]]));
    const second = to.store.append(batchOf([[series('b'), t0, 1]]), { signal: abort.signal });
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(second).rejects.toBe(reason);
    await first;
    expect(to.received).toHaveLength(1);
  });
});

describe('what the server refuses', () => {
  const many = Array.from({ length: 100 }, (_, i) => [series(`s${i}_`), t0, i] as const);

  test.each([
    ['out of order sample', 'out-of-order'],
    ['duplicate sample for timestamp', 'duplicate'],
    ['out of bounds', 'too-old'],
    ['too old sample', 'too-old'],
    ['label name "a" is not unique: invalid sample', 'invalid'],
  ] as const)('for %j is found, counted as %s, and the rest is stored', async (text, reason) => {
    await using to = await receiver();
    to.answer = refusing('s42_', text);
    expect(await to.store.append(batchOf(many))).toEqual({
      appended: 99,
      rejected: { [reason]: 1 },
    });
    expect(to.received.length).toBeLessThan(2 * Math.log2(100) + 2);
    expect(to.store.counters()).toMatchObject({
      writeRequests: to.received.length,
      writeSplits: (to.received.length - 1) / 2,
    });
  });

  test('inside one series takes its own sample with it only', async () => {
    await using to = await receiver();
    const rows = [0, 1, 2, 3, 4].map((i) => [series('a'), t0 + i, i] as const);
    to.answer = refusing(`${t0 + 2}`, 'out of order sample');
    expect(await to.store.append(batchOf([...rows, [series('a'), t0 + 2, 2]]))).toEqual({
      appended: 4,
      rejected: { 'out-of-order': 2 },
    });
  });

  test('beyond the splits allowed goes with its neighbours, which are counted and not stored', async () => {
    await using to = await receiver({ maxSplits: 1 });
    to.answer = refusing('s42_', 'out of bounds');
    expect(await to.store.append(batchOf(many))).toEqual({
      appended: 50,
      rejected: { 'too-old': 50 },
    });
    expect(to.received).toHaveLength(3);
  });
});

describe('what is judged before', () => {
  test('a repeat of the newest sample is not sent, an older or another one is refused', async () => {
    await using to = await receiver();
    await to.store.append(batchOf([[series('a'), t0, 1]]));
    const result = await to.store.append(
      batchOf([
        [series('a'), t0, 1],
        [series('a'), t0, 2],
        [series('a'), t0 - 1, 1],
      ]),
    );
    expect(result).toEqual({ appended: 1, rejected: { duplicate: 1, 'out-of-order': 1 } });
    expect(to.received).toHaveLength(1);
  });

  test('with a window late samples are sent, in order of time, those before it not', async () => {
    await using to = await receiver({ outOfOrderWindowMs: 10 });
    await to.store.append(batchOf([[series('a'), t0, 1]]));
    const result = await to.store.append(
      batchOf([
        [series('a'), t0 + 1, 2],
        [series('a'), t0 - 9, 3],
        [series('a'), t0 - 9, 4],
        [series('a'), t0 - 10, 5],
      ]),
    );
    expect(result).toEqual({ appended: 2, rejected: { duplicate: 1, 'out-of-order': 1 } });
    expect(to.received[1]?.samples).toEqual([`a ${t0 - 9} 3`, `a ${t0 + 1} 2`]);
  });

  test('what a failed write held is not remembered', async () => {
    await using to = await receiver();
    to.answer = () => [500, 'busy'];
    await expect(to.store.append(batchOf([[series('a'), t0, 1]]))).rejects.toThrow('busy');
    to.answer = () => undefined;
    expect(await to.store.append(batchOf([[series('a'), t0, 2]]))).toEqual({
      appended: 1,
      rejected: {},
    });
  });

  test('series beyond the memory are forgotten, counted and left to the server', async () => {
    await using to = await receiver({ maxRememberedSeries: 4 });
    for (let i = 0; i < 10; i++) await to.store.append(batchOf([[series(`s${i}`), t0, i]]));
    expect(to.store.counters().forgottenSeries).toBeGreaterThanOrEqual(6);
    await to.store.append(batchOf([[series('s0'), t0, 0]]));
    expect(to.received).toHaveLength(11);
  });

  test('a sample too far ahead is not sent, since it would close the server to others', async () => {
    await using to = await receiver({ maxAheadMs: 1_000 });
    const now = to.clock.nowUnixMs();
    const rows = [now + 1_000, now + 1_001].map((unixMs) => [series('a'), unixMs, 1] as const);
    expect(await to.store.append(batchOf(rows))).toEqual({
      appended: 1,
      rejected: { 'too-far-ahead': 1 },
    });
  });

  test('what VictoriaMetrics passes over in silence is refused aloud', async () => {
    await using to = await receiver({ product: 'victoria-metrics' });
    const wide = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`l${i}`, 'x']));
    const builder = new SampleBatchBuilder();
    builder.add(series('a'), t0, Number.NaN);
    builder.addStale(series('a'), t0 + 1);
    builder.add(series('b'), -1, 1);
    builder.add(Labels.from(wide), t0, 1);
    builder.add(Labels.from({ __name__: 'c', long: 'x'.repeat(16_385) }), t0, 1);
    builder.addHistogram(series('h'), t0, {
      schema: 0,
      count: 1,
      sum: 1,
      zeroThreshold: 0,
      zeroCount: 1,
      positiveSpans: [],
      positiveBuckets: [],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
    });
    builder.addExemplar(series('a'), { labels: Labels.from({ trace_id: '1' }), value: 1 });
    expect(await to.store.append(builder.build())).toEqual({
      appended: 1,
      appendedExemplars: 0,
      rejected: { invalid: 3, 'label-limit': 2, exemplar: 1 },
    });
    expect(to.received.map(({ samples }) => samples)).toEqual([[`a ${t0 + 1} 7ff00000:2`]]);
  });

  test.each([
    [
      { labels: [series('a')], timestamps: new Float64Array(2), values: new Float64Array(1) },
      'timestamps',
    ],
    [
      { labels: [series('a')], timestamps: new Float64Array(1), values: new Float64Array(0) },
      'values',
    ],
    [
      { labels: [series('a')], timestamps: Float64Array.of(0.5), values: new Float64Array(1) },
      'timestamps[0]',
    ],
  ])('a batch that is none is refused whole %#', async (batch, field) => {
    await using to = await receiver();
    await expect(to.store.append(batch)).rejects.toMatchObject({ field });
    expect(to.received).toEqual([]);
  });
});

describe('what rides along', () => {
  test('exemplars go with their series and are counted', async () => {
    await using to = await receiver();
    const builder = new SampleBatchBuilder();
    builder.add(series('a'), t0, 1);
    const exemplar = { labels: Labels.from({ trace_id: 'x' }), value: 0.5, unixMs: t0 };
    builder.addExemplar(series('a'), exemplar);
    expect(await to.store.append(builder.build())).toEqual({
      appended: 1,
      appendedExemplars: 1,
      rejected: {},
    });
    expect(to.received[0]?.exemplars).toEqual([exemplar]);
  });

  test('metadata go once with the next write, again when put anew', async () => {
    await using to = await receiver({ maxMetadata: 1 });
    const meta = { name: 'a', type: 'gauge', help: 'Hälp.', unit: 's' } as const;
    to.store.putMetadata([meta, { ...meta, name: 'b' }]);
    for (let i = 0; i < 3; i++) {
      await to.store.append(batchOf([[series('a'), t0 + i, 1]]));
      if (i === 1) to.store.putMetadata([{ ...meta, help: 'New.' }]);
    }
    expect(to.received.map(({ metadata }) => metadata)).toEqual([
      [meta],
      [],
      [{ ...meta, help: 'New.' }],
    ]);
    expect(to.store.counters().droppedMetadata).toBe(1);
  });

  test('metadata of a failed write stay for the next', async () => {
    await using to = await receiver();
    to.store.putMetadata([{ name: 'a', type: 'gauge', help: '', unit: '' }]);
    to.answer = () => [500, 'busy'];
    await expect(to.store.append(batchOf([[series('a'), t0, 1]]))).rejects.toThrow('busy');
    to.answer = () => undefined;
    await to.store.append(batchOf([[series('a'), t0, 1]]));
    expect(to.received[1]?.metadata).toHaveLength(1);
  });
});
