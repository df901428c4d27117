import { PrometheusMetricStore, PrometheusServer, type Product } from '@dwcp/adapter-prometheus';
import { InvalidInputError, type LabelMatcher } from '@dwcp/core';
import { expect, test } from 'vitest';

import { answering, success } from './answering-server.ts';

const range = { startUnixMs: 1_795_262_579_001, endUnixMs: Number.POSITIVE_INFINITY };

async function labelsAsked(product: Product, matchers: readonly LabelMatcher[]): Promise<unknown> {
  await using server = await answering((_, response) => success(response, []));
  using prometheus = new PrometheusServer({ url: server.url, product });
  await new PrometheusMetricStore(prometheus).labelNames({ matchers, ...range });
  return server.asked.map(({ path, params }) => [path, params.getAll('match[]')]);
}

const matcher = (
  name: string,
  operator: LabelMatcher['operator'],
  value: string,
): LabelMatcher => ({
  name,
  operator,
  value,
});

test('matchers become a selector with every operator', async () => {
  const matchers = [
    matcher('__name__', '=', 'up'),
    matcher('a', '!=', 'x'),
    matcher('b', '=~', 'y|z'),
    matcher('c', '!~', '.*w'),
  ];
  expect(await labelsAsked('prometheus', matchers)).toEqual([
    ['/api/v1/labels', ['{__name__="up",a!="x",b=~"y|z",c!~".*w"}']],
  ]);
});

test('values are quoted so that nothing in them ends the quote', async () => {
  const value = 'a"} or {b=\\"c\\n\n\t\u0000ü😀';
  expect(await labelsAsked('prometheus', [matcher('a', '=', value)])).toEqual([
    ['/api/v1/labels', [String.raw`{a="a\"} or {b=\\\"c\\n\x0a\x09\x00ü😀"}`]],
  ]);
});

test('labels of all series are asked without a selector', async () => {
  expect(await labelsAsked('prometheus', [])).toEqual([['/api/v1/labels', []]]);
});

test('VictoriaMetrics gets unusual names with backslashes', async () => {
  expect(await labelsAsked('victoria-metrics', [matcher('näme.x', '=', 'ü')])).toEqual([
    ['/api/v1/labels', [String.raw`{n\äme\.x="ü"}`]],
  ]);
});

test('VictoriaMetrics gets two selectors where the matchers leave all open', async () => {
  expect(await labelsAsked('victoria-metrics', [matcher('a', '=~', 'x|')])).toEqual([
    ['/api/v1/labels', ['{a=~"x|",__name__!=""}', '{a=~"x|",__name__=""}']],
  ]);
});

test('times are RFC 3339 to the millisecond, kept within what the product knows', async () => {
  for (const [product, end] of [
    ['prometheus', '9999-12-31T23:59:59.999Z'],
    ['victoria-metrics', '2262-04-11T23:47:16.854Z'],
  ] as const) {
    await using server = await answering((_, response) => success(response, []));
    using prometheus = new PrometheusServer({ url: server.url, product });
    await new PrometheusMetricStore(prometheus).labelNames({ matchers: [], ...range });
    expect(Object.fromEntries(server.asked[0]?.params ?? [])).toEqual({
      start: '2026-11-21T12:02:59.001Z',
      end,
    });
  }
});

test('a name of a label is escaped in the path', async () => {
  await using server = await answering((_, response) => success(response, ['b', '', 'a', 'b']));
  using prometheus = new PrometheusServer({ url: server.url, product: 'victoria-metrics' });
  const store = new PrometheusMetricStore(prometheus);
  expect(await store.labelValues('a/../b?c=ü', { matchers: [], ...range })).toEqual(['a', 'b']);
  expect(server.asked[0]?.path).toBe('/api/v1/label/a%2F..%2Fb%3Fc%3D%C3%BC/values');
});

test('a pattern that is no RE2 and a range that is none are not sent', async () => {
  using prometheus = new PrometheusServer({ url: 'http://127.0.0.1:1', product: 'prometheus' });
  const store = new PrometheusMetricStore(prometheus);
  const bad = store.select({ matchers: [matcher('a', '=~', '(')], ...range });
  await expect(bad).rejects.toBeInstanceOf(InvalidInputError);
  expect(await store.select({ matchers: [], startUnixMs: 2, endUnixMs: 1 })).toEqual([]);
});
