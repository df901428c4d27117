import {
  type CallOptions,
  Labels,
  type MetricQuery,
  QueryError,
  type QueryResult,
  type QueryValue,
  type SampleBatch,
} from '@dwcp/core';
import { describe, expect, test } from 'vitest';

import { type Deviations, expectDeviations } from './deviations.ts';
import { batchOf } from './metric-store-contract.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Samples of one series as `[seconds after the first moment, value]`. */
type Points = readonly (readonly [number, number | 'stale'])[];

/**
 * What every MetricQuery does. Registers its tests with Vitest.
 * @param open gives a query over these samples and no others; what it started it ends itself
 * @param nowUnixMs samples lie within the hour before this moment
 * @param deviations tests that a real server behind the adapter cannot pass
 */
export function metricQueryContract(
  name: string,
  open: (batch: SampleBatch) => Promise<MetricQuery>,
  nowUnixMs: number = Date.parse('2026-01-02T03:00:00Z'),
  deviations: Deviations = {},
): void {
  /** The moment that test times count from. */
  const t0 = nowUnixMs - 30 * MINUTE;

  const over = async (series: Readonly<Record<string, Points>>): Promise<Asked> => {
    const rows = Object.entries(series).flatMap(([text, points]) =>
      points.map(([seconds, value]) => [labelsOf(text), t0 + seconds * SECOND, value] as const),
    );
    return new Asked(await open(batchOf(rows)), t0);
  };

  describe(`${name} as a MetricQuery`, () => {
    expectDeviations(deviations);

    describe('values', () => {
      test('a scalar, a string, a vector and a matrix bear their moments', async () => {
        const asked = await over({ 'm a=1': [[0, 1], [10, 2], [20, 3]] }); // prettier-ignore
        const at = t0 + 15 * SECOND;
        expect(await asked.value('1 + 2', 15)).toEqual({ kind: 'scalar', unixMs: at, value: 3 });
        expect(await asked.value('time()', 15)).toEqual({
          kind: 'scalar',
          unixMs: at,
          value: at / 1_000,
        });
        expect(await asked.value('"grün"', 15)).toEqual({
          kind: 'string',
          unixMs: at,
          value: 'grün',
        });
        expect(await asked.value('m', 15)).toEqual({
          kind: 'vector',
          samples: [{ labels: labelsOf('m a=1'), unixMs: at, value: 2 }],
        });
        expect(await asked.value('m[15s]', 20)).toEqual({
          kind: 'matrix',
          series: [
            {
              labels: labelsOf('m a=1'),
              timestamps: Float64Array.of(t0 + 10 * SECOND, t0 + 20 * SECOND),
              values: Float64Array.of(2, 3),
            },
          ],
        });
      });

      test('NaN and the infinities are values like others', async () => {
        const asked = await over({
          'm id=+': [[0, Infinity]],
          'm id=-': [[0, -Infinity]],
          'm id=n': [[0, Number.NaN]],
        });
        const values = { '+': Infinity, '-': -Infinity, n: Number.NaN };
        expect(await asked.byId('m', 10)).toEqual(values);
        expect(await asked.steps('m', 0, 0)).toEqual({
          '+': [[0, Infinity]],
          '-': [[0, -Infinity]],
          n: [[0, Number.NaN]],
        });
        expect(await asked.value('1 / 0', 0)).toMatchObject({ value: Infinity });
        expect(await asked.value('-1 / 0', 0)).toMatchObject({ value: -Infinity });
        expect(await asked.value('0 / 0', 0)).toMatchObject({ value: Number.NaN });
      });

      test('what matches nothing is an empty vector or matrix, without a word', async () => {
        const asked = await over({ 'm id=1': [[0, 1]] });
        const nothing = { warnings: [], infos: [] };
        expect(await asked.instant('other', 0)).toEqual({
          value: { kind: 'vector', samples: [] },
          ...nothing,
        });
        expect(await asked.range('other', 0, 10)).toEqual({
          value: { kind: 'matrix', series: [] },
          ...nothing,
        });
      });

      test('warnings and infos are lists of texts, empty for a plain query', async () => {
        const asked = await over({ 'm id=1': [[0, 1]] });
        const answers = [await asked.instant('m', 0), await asked.range('m', 0, 10)];
        for (const answer of answers) expect(answer).toMatchObject({ warnings: [], infos: [] });
        const { warnings, infos } = await asked.instant('quantile(2, rate(m[1m]))', 0);
        for (const list of [warnings, infos]) {
          expect(list.every((text) => typeof text === 'string' && text !== '')).toBe(true);
        }
      });
    });

    describe('time', () => {
      test('an instant sees the newest sample up to it, for five minutes', async () => {
        const asked = await over({ 'm id=1': [[10, 1], [20, 2]] }); // prettier-ignore
        const at = async (seconds: number): Promise<unknown> => asked.byId('m', seconds);
        expect(await at(9.999)).toEqual({});
        expect(await at(10)).toEqual({ 1: 1 });
        expect(await at(19.999)).toEqual({ 1: 1 });
        expect(await at(20)).toEqual({ 1: 2 });
        expect(await at(319.999)).toEqual({ 1: 2 });
        expect(await at(320)).toEqual({});
      });

      test('a range has a point at each step, its end included', async () => {
        const points = [0, 10, 20, 30].map((seconds) => [seconds, seconds] as const);
        const asked = await over({ 'm id=1': points });
        const times = async (start: number, end: number): Promise<unknown> =>
          (await asked.steps('m', start, end))['1']?.map(([seconds]) => seconds);
        expect(await times(0, 30)).toEqual([0, 10, 20, 30]);
        expect(await times(5, 29)).toEqual([5, 15, 25]);
        expect(await times(20, 20)).toEqual([20]);
        expect(await times(-10, 5)).toEqual([0]);
      });

      test('a range of a scalar is a matrix too', async () => {
        const asked = await over({});
        expect(await asked.range('7', 0, 10)).toMatchObject({
          value: {
            kind: 'matrix',
            series: [
              {
                labels: Labels.empty,
                timestamps: Float64Array.of(t0, t0 + 10 * SECOND),
                values: Float64Array.of(7, 7),
              },
            ],
          },
        });
      });

      test('the series of a range are sorted by their labels', async () => {
        const names = ['m id=b', 'm id=a,x=2', 'l id=c', 'm id=a', 'm id=é'];
        const asked = await over(Object.fromEntries(names.map((text) => [text, [[0, 1]]])));
        const { value } = await asked.range('{__name__=~"l|m"}', 0, 0);
        expect(seriesNames(value)).toEqual([
          'l{id="c"}',
          'm{id="a"}',
          'm{id="a", x="2"}',
          'm{id="b"}',
          'm{id="é"}',
        ]);
      });

      test('a staleness marker ends a series at once, until a sample comes again', async () => {
        const asked = await over({
          'm id=gone': [[0, 1], [10, 'stale'], [30, 3]], // prettier-ignore
          'm id=nan': [[0, 1], [10, Number.NaN]], // prettier-ignore
        });
        expect(await asked.byId('m', 9)).toEqual({ gone: 1, nan: 1 });
        expect(await asked.byId('m', 10)).toEqual({ nan: Number.NaN });
        expect((await asked.steps('m{id="gone"}', 0, 40))['gone']).toEqual([
          [0, 1],
          [30, 3],
          [40, 3],
        ]);
        expect(await asked.byId('count_over_time(m{id="gone"}[1m])', 30)).toEqual({ gone: 2 });
      });
    });

    test.each([
      ['m', ['1', '2', '3']],
      ['{__name__="n"}', ['4']],
      ['{__name__=~"m|n"}', ['1', '2', '3', '4']],
      ['m{env="prod"}', ['1', '2']],
      ['m{env!="prod"}', ['3']],
      ['m{host=""}', ['2']],
      ['m{host!=""}', ['1', '3']],
      ['m{host=~"a"}', ['1']],
      ['m{host=~"a.*"}', ['1', '3']],
      ['m{host=~"a|"}', ['1', '2']],
      ['m{host!~"a.+"}', ['1', '2']],
      ['m{env="prod",host="a"}', ['1']],
      ['m{env="nowhere"}', []],
    ])('%s matches %j', async (expression, ids) => {
      const asked = await over({
        'm id=1,env=prod,host=a': [[0, 1]],
        'm id=2,env=prod': [[0, 1]],
        'm id=3,env=dev,host=ab': [[0, 1]],
        'n id=4': [[0, 1]],
      });
      expect(Object.keys(await asked.byId(expression, 0)).toSorted()).toEqual(ids);
    });

    describe('errors', () => {
      const failure = async (work: Promise<unknown>): Promise<QueryError> => {
        const error: unknown = await work.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error instanceof QueryError) return error;
        throw new Error('a QueryError was expected', { cause: error });
      };

      test.each([
        ['m + * 2', 4],
        ['m +\n  * 2', 6],
        ['m{a=1}', 4],
        ['nothing_such(m)', 0],
        ['rate(m)', 5],
      ])('%j is bad data, and where', async (expression, start) => {
        const asked = await over({ 'm id=1': [[0, 1]] });
        for (const ask of [
          () => asked.instant(expression, 0),
          () => asked.range(expression, 0, 10),
        ]) {
          const { errorType, position } = await failure(ask());
          expect({ errorType, start: position?.start }).toEqual({ errorType: 'bad_data', start });
        }
      });

      test.each([
        ['a step of zero', { stepMs: 0 }],
        ['a negative step', { stepMs: -SECOND }],
        ['an end before the start', { endUnixMs: t0 - 1 }],
        ['a range of strings', { expression: '"text"' }],
        ['a range of ranges', { expression: 'm[1m]' }],
      ])('%s is bad data', async (_, change) => {
        const { query } = await over({ 'm id=1': [[0, 1]] });
        const range = { expression: 'm', startUnixMs: t0, endUnixMs: t0 + MINUTE, stepMs: SECOND };
        expect(await failure(query.range({ ...range, ...change }))).toMatchObject({
          errorType: 'bad_data',
        });
      });

      test('matching many series to many fails in the evaluation', async () => {
        const asked = await over({
          'a x=1,id=1': [[0, 1]],
          'a x=1,id=2': [[0, 1]],
          'b x=1,id=3': [[0, 1]],
          'b x=1,id=4': [[0, 1]],
        });
        for (const ask of [
          () => asked.instant('a * on(x) b', 0),
          () => asked.range('a * on(x) b', 0, 10),
        ]) {
          expect(await failure(ask())).toMatchObject({ errorType: 'execution' });
        }
      });

      test('a caller who gave up before gets canceled', async () => {
        const asked = await over({ 'm id=1': [[0, 1]] });
        const options = { signal: AbortSignal.abort(new Error('no longer wanted')) };
        for (const ask of [
          () => asked.instant('m', 0, options),
          () => asked.range('m', 0, 10, options),
        ]) {
          expect(await failure(ask())).toMatchObject({ errorType: 'canceled' });
        }
      });

      test('a caller who gives up during a long query gets canceled', async () => {
        const names = Array.from({ length: 200 }, (_, i) => `m id=${i}`);
        const asked = await over(Object.fromEntries(names.map((text) => [text, [[0, 1]]])));
        const abort = new AbortController();
        const long = 'sum_over_time(m[30m:1s])';
        const ended = failure(asked.range(long, 0, 10_000, { signal: abort.signal }));
        setImmediate(() => abort.abort());
        expect(await ended).toMatchObject({ errorType: 'canceled' });
      });
    });
  });
}

/** A query and the moment that its times count from, in seconds; steps of 10 s. */
class Asked {
  readonly query: MetricQuery;
  readonly #t0: number;

  constructor(query: MetricQuery, t0: number) {
    this.query = query;
    this.#t0 = t0;
  }

  instant(expression: string, seconds: number, options?: CallOptions): Promise<QueryResult> {
    return this.query.instant({ expression, unixMs: this.#t0 + seconds * SECOND }, options);
  }

  range(
    expression: string,
    start: number,
    end: number,
    options?: CallOptions,
  ): Promise<QueryResult> {
    const [startUnixMs, endUnixMs] = [this.#t0 + start * SECOND, this.#t0 + end * SECOND];
    return this.query.range({ expression, startUnixMs, endUnixMs, stepMs: 10 * SECOND }, options);
  }

  async value(expression: string, seconds: number): Promise<QueryValue> {
    return (await this.instant(expression, seconds)).value;
  }

  /** The elements of an instant vector by their label `id`. */
  async byId(expression: string, seconds: number): Promise<Record<string, number>> {
    const value = await this.value(expression, seconds);
    if (value.kind !== 'vector') throw new Error(`got a ${value.kind}`);
    return Object.fromEntries(
      value.samples.map((sample) => [sample.labels.get('id'), sample.value]),
    );
  }

  /** The points of a range as `[seconds, value]`, by the label `id`. */
  async steps(
    expression: string,
    start: number,
    end: number,
  ): Promise<Record<string, readonly (readonly [number, number])[]>> {
    const { value } = await this.range(expression, start, end);
    if (value.kind !== 'matrix') throw new Error(`got a ${value.kind}`);
    return Object.fromEntries(
      value.series.map(({ labels, timestamps, values }) => [
        labels.get('id'),
        Array.from(
          timestamps,
          (unixMs, i) => [(unixMs - this.#t0) / SECOND, values[i] ?? Number.NaN] as const,
        ),
      ]),
    );
  }
}

/** `m a=1,b=2` in short for `m{a="1", b="2"}`. */
function labelsOf(text: string): Labels {
  const [name = '', rest = ''] = text.split(' ');
  const pairs = rest.split(',').filter((pair) => pair !== '');
  const labels = pairs.map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return Labels.fromPairs([['__name__', name], ...labels]);
}

function seriesNames(value: QueryValue): readonly string[] {
  if (value.kind !== 'matrix') throw new Error(`got a ${value.kind}`);
  return value.series.map(({ labels }) => labels.toString());
}
