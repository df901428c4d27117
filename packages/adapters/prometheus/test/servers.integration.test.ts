import { randomUUID } from 'node:crypto';

import {
  PrometheusMetricQuery,
  PrometheusMetricStore,
  PrometheusServer,
  type Product,
} from '@dwcp/adapter-prometheus';
import { isStale, Labels, type Series } from '@dwcp/core';
import { batchOf, eventually, findProgram, wants } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Launched, launchPrometheus, launchVictoriaMetrics } from './launched.ts';

const { env } = process;
const prometheus = findProgram('prometheus');
const victoriaMetrics = findProgram('victoria-metrics');

interface Subject {
  readonly name: string;
  readonly product: Product;
  /** Undefined where there is none, and why says what is missing. */
  readonly launch: (() => Promise<Launched>) | undefined;
  readonly url: string | undefined;
}

const subjects: readonly Subject[] = [
  {
    name: `a launched Prometheus (${wants('prometheus')})`,
    product: 'prometheus',
    launch: prometheus === undefined ? undefined : () => launchPrometheus(prometheus),
    url: undefined,
  },
  {
    name: `a launched VictoriaMetrics (${wants('victoria-metrics')})`,
    product: 'victoria-metrics',
    launch:
      victoriaMetrics === undefined ? undefined : () => launchVictoriaMetrics(victoriaMetrics),
    url: undefined,
  },
  {
    name: 'the server at DWCP_TEST_PROMETHEUS_URL (skipped where it is not set)',
    product: 'prometheus',
    launch: undefined,
    url: env['DWCP_TEST_PROMETHEUS_URL'],
  },
  {
    name: 'the server at DWCP_TEST_VICTORIAMETRICS_URL (skipped where it is not set)',
    product: 'victoria-metrics',
    launch: undefined,
    url: env['DWCP_TEST_VICTORIAMETRICS_URL'],
  },
];

// These leave only series of their own in a server, so that a given one may hold others.
describe.each(subjects)('$name', ({ product, launch, url }) => {
  describe.skipIf(launch === undefined && url === undefined)('over the adapter', () => {
    const run = randomUUID();
    const metric = `dwcp_test_${run.replaceAll('-', '_')}`;
    const labels = (more: Readonly<Record<string, string>> = {}): Labels =>
      Labels.from({ __name__: metric, ...more });
    const named = [{ name: '__name__', operator: '=', value: metric } as const];
    const t0 = Math.floor(Date.now() / 1_000) * 1_000 - 60_000;
    const range = { startUnixMs: t0, endUnixMs: t0 + 60_000 };
    let server: PrometheusServer;
    let store: PrometheusMetricStore;
    let address: string;
    let end: () => Promise<void>;

    beforeAll(async () => {
      const launched = await launch?.();
      server = launched?.server ?? new PrometheusServer({ url: url ?? '' });
      address = launched?.url ?? url ?? '';
      store = launched?.store ?? new PrometheusMetricStore(server);
      end = async () => {
        await store[Symbol.asyncDispose]();
        server[Symbol.dispose]();
      };
      await store.append(
        batchOf([
          [labels({ host: 'a', 'näme.x': 'ü"\\' }), t0, 1.5],
          [labels({ host: 'a', 'näme.x': 'ü"\\' }), t0 + 1_000, 'stale'],
          [labels({ host: 'b' }), t0, -2],
          [labels({ host: 'b' }), t0 + 2_000, Infinity],
        ]),
      );
    });

    afterAll(async () => {
      await end();
    });

    const seen = async (
      count: number,
      matchers: Parameters<typeof store.select>[0]['matchers'] = named,
    ): Promise<readonly Series[]> =>
      eventually(
        async () => {
          const found = await store.select({ matchers, ...range });
          return found.length >= count ? found : undefined;
        },
        { timeoutMs: 60_000, what: `${count} series` },
      );

    test('the product is recognized', async () => {
      expect((await server.identity()).product).toBe(product);
    });

    test('samples come back with their staleness markers', async () => {
      const [a, b] = await seen(2);
      expect(a?.labels.toObject()).toEqual({ __name__: metric, host: 'a', 'näme.x': 'ü"\\' });
      expect([...(a?.timestamps ?? [])]).toEqual([t0, t0 + 1_000]);
      expect(a?.values[0]).toBe(1.5);
      expect(a !== undefined && isStale(a.values, 1)).toBe(true);
      expect([...(b?.values ?? [])]).toEqual([-2, Infinity]);
    });

    test('labels are found, also those with unusual names', async () => {
      await seen(2);
      const unusual = { name: 'näme.x', operator: '=', value: 'ü"\\' } as const;
      const query = { matchers: named, ...range };
      expect(await store.labelNames(query)).toEqual(['__name__', 'host', 'näme.x']);
      expect(await store.labelValues('host', query)).toEqual(['a', 'b']);
      expect(await store.labelValues('näme.x', query)).toEqual(['ü"\\']);
      const matched = { matchers: [...named, unusual], ...range };
      expect(await store.labelValues('host', matched)).toEqual(['a']);
      expect(await store.labelNames(matched)).toEqual(['__name__', 'host', 'näme.x']);
      const found = await store.series(matched);
      expect(found.map((each) => each.get('host'))).toEqual(['a']);
      expect(await seen(1, matched.matchers)).toHaveLength(1);
    });

    test('a matcher that leaves all open still finds series', async () => {
      await seen(2);
      const open = { matchers: [{ name: 'no', operator: '=', value: '' } as const], ...range };
      expect((await store.series(open)).filter((each) => each.metricName === metric)).toHaveLength(
        2,
      );
      expect(await store.labelNames(open)).toContain('näme.x');
      expect(await store.labelValues('__name__', open)).toContain(metric);
    });

    test('queries are answered over them', async () => {
      await seen(2);
      const query = new PrometheusMetricQuery(server);
      const expression = `sum by (host) (${metric}{host="b"})`;
      const { value } = await query.instant({ expression, unixMs: t0 + 1_000 });
      expect(value).toEqual({
        kind: 'vector',
        samples: [{ labels: Labels.from({ host: 'b' }), unixMs: t0 + 1_000, value: -2 }],
      });
      const asked = { expression: `${metric}{host="a"} * 2`, startUnixMs: t0, stepMs: 500 };
      const answer = await query.range({ ...asked, endUnixMs: t0 + 2_000 });
      expect(answer.value).toMatchObject({
        kind: 'matrix',
        series: [{ timestamps: Float64Array.of(t0, t0 + 500), values: Float64Array.of(3, 3) }],
      });
    });

    test('the server tells its figures, and metadata put here are known', async () => {
      await seen(2);
      const meta = { name: metric, type: 'gauge', help: 'Test.', unit: '' } as const;
      store.putMetadata([meta]);
      await store.refresh();
      expect(store.metadata()).toContainEqual(meta);
      expect(store.stats().seriesCount).toBeGreaterThanOrEqual(2);
    });

    test('an answer over the limit ends there and says what to do', async () => {
      await seen(2);
      const small = { url: address, product, maxAnswerBytes: 60 };
      using narrow = new PrometheusServer(small);
      const asked = new PrometheusMetricStore(narrow).select({ matchers: named, ...range });
      await expect(asked).rejects.toThrow(/over maxAnswerBytes = 60; narrow the matchers/);
    });
  });
});

describe.skipIf(prometheus === undefined)(`Prometheus alone (${wants('prometheus')})`, () => {
  const t0 = Math.floor(Date.now() / 1_000) * 1_000 - 60_000;
  const series = (i: number): Labels =>
    Labels.from({ __name__: 'm', i: String(i).padStart(3, '0') });
  const all = { matchers: [], startUnixMs: 0, endUnixMs: Number.POSITIVE_INFINITY };

  test('rows that only the server knows to be late or double are found, the others are stored', async () => {
    const { store: first, url } = await launchPrometheus(prometheus ?? '');
    await using _ = first;
    await first.append(
      batchOf([
        [series(7), t0 + 5_000, 1],
        [series(42), t0 + 5_000, 1],
        [series(43), t0 + 5_000, 1],
      ]),
    );
    using server = new PrometheusServer({ url });
    const store = new PrometheusMetricStore(server);
    const rows = Array.from({ length: 100 }, (_, i) => [series(i), t0 + 5_000, 1] as const);
    const result = await store.append(
      batchOf([
        ...rows.filter((_, i) => i !== 7 && i !== 42),
        [series(7), t0, 1],
        [series(42), t0 + 5_000, 2],
      ]),
    );
    expect(result).toEqual({ appended: 98, rejected: { 'out-of-order': 1, duplicate: 1 } });
    const found = await store.select(all);
    expect(found).toHaveLength(100);
    for (const each of found) expect([...each.values]).toEqual([1]);
  });

  test('every double but -0 comes back with its bits', async () => {
    await using store = (await launchPrometheus(prometheus ?? '')).store;
    const values = [
      0,
      0.1,
      1 / 3,
      -Infinity,
      Number.MIN_VALUE,
      -Number.MAX_VALUE,
      2 ** 53 + 2,
      NaN,
    ];
    await store.append(batchOf(values.map((value, i) => [series(0), t0 + i, value] as const)));
    expect((await store.select(all))[0]?.values).toEqual(Float64Array.from(values));
  });

  const histogram = {
    schema: 3,
    count: 17,
    sum: -12.5,
    zeroThreshold: 2 ** -128,
    zeroCount: 2,
    positiveSpans: [
      { offset: -3, length: 2 },
      { offset: 4, length: 1 },
    ],
    positiveBuckets: [1, 5, 2],
    negativeSpans: [{ offset: 0, length: 2 }],
    negativeBuckets: [3, 4],
    counterResetHint: 'unknown',
  } as const;

  test('a native histogram comes back from a query as it was', async () => {
    const { store, server } = await launchPrometheus(prometheus ?? '');
    await using _ = store;
    const counted = { appended: 1, appendedHistograms: 1, rejected: {} };
    const batch = batchOf([[series(0), t0, histogram]]);
    expect(await store.append(batch)).toEqual(counted);
    expect(await store.append(batch)).toEqual(counted);
    const { value } = await new PrometheusMetricQuery(server).instant({
      expression: 'm',
      unixMs: t0,
    });
    expect(value).toMatchObject({ samples: [{ value: Number.NaN, histogram }] });
  });

  test('exemplars come back', async () => {
    await using store = (await launchPrometheus(prometheus ?? '')).store;
    const exemplar = { labels: Labels.from({ trace_id: 'abc' }), value: 0.25, unixMs: t0 + 1 };
    const batch = batchOf([[series(0), t0, 1]]);
    expect(await store.append({ ...batch, exemplars: [{ series: series(0), exemplar }] })).toEqual({
      appended: 1,
      appendedExemplars: 1,
      rejected: {},
    });
    expect(await store.exemplars(all)).toEqual([{ labels: series(0), exemplars: [exemplar] }]);
  });

  test('without their features histograms and exemplars are refused, the rest is stored', async () => {
    await using store = (await launchPrometheus(prometheus ?? '', 'expand-external-labels')).store;
    const exemplar = { labels: Labels.from({ trace_id: 'abc' }), value: 0.25, unixMs: t0 };
    const batch = batchOf([
      [series(0), t0, 1],
      [series(1), t0, histogram],
      [series(2), t0, 1],
    ]);
    expect(await store.append({ ...batch, exemplars: [{ series: series(0), exemplar }] })).toEqual({
      appended: 2,
      appendedExemplars: 0,
      rejected: { invalid: 1, exemplar: 1 },
    });
    expect(await store.select(all)).toHaveLength(2);
  });
});
