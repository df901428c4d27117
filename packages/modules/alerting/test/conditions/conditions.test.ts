import { PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { write } from '../fakes.ts';
import { Bench, groupsOf } from './harness.ts';

/** The PromQL that a condition becomes. */
function expressionOf(condition: string): string {
  const [rule] = groupsOf(`- {alert: A, condition: ${condition}}`)[0]?.rules ?? [];
  return rule?.expression ?? '';
}

type Samples = Readonly<Record<string, readonly (number | undefined)[]>>;

/** Labels of the elements that a condition has over series with one sample every 10 s. */
async function elementsOf(condition: string, series: Samples): Promise<readonly string[]> {
  const clock = new ManualClock(Date.parse('2026-01-02T03:04:00Z'));
  const store = new MemoryMetricStore();
  const length = Math.max(...Object.values(series).map((values) => values.length));
  const rows = Object.entries(series).flatMap(([text, values]) => {
    const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(text) ?? [];
    const own = labels.split(',').map((pair) => pair.split('=') as [string, string]);
    const all = { __name__: name, ...(labels === '' ? {} : Object.fromEntries(own)) };
    return values.flatMap((value, index) => {
      const unixMs = clock.nowUnixMs() - (length - 1 - index) * 10_000;
      return value === undefined ? [] : [[all, unixMs, value] as const];
    });
  });
  await write(store, rows);
  const engine = new PromqlEngine({ store, clock });
  const expression = expressionOf(condition);
  const { value } = await engine.instant({ expression, unixMs: clock.nowUnixMs() });
  if (value.kind !== 'vector') throw new Error(`a ${value.kind}`);
  return value.samples.map(({ labels }) => labels.withoutName().toString()).sort();
}

describe('threshold', () => {
  test.each([
    ['>', [false, false, true]],
    ['<', [true, false, false]],
    ['==', [false, true, false]],
    ['!=', [true, false, true]],
    ['>=', [false, true, true]],
    ['<=', [true, true, false]],
  ] as const)('%s holds below, at and above 5: %j', async (operator, expected) => {
    const condition = `{threshold: {metric: m, operator: '${operator}', value: 5}}`;
    const held = await elementsOf(condition, {
      'm{i=below}': [5 - Number.EPSILON * 4],
      'm{i=at}': [5],
      'm{i=above}': [5 + Number.EPSILON * 4],
    });
    const names = ['below', 'at', 'above'].filter((_, index) => expected[index]);
    expect(held).toEqual(names.map((name) => `{i="${name}"}`).sort());
  });

  test('a value of NaN holds only for !=', async () => {
    for (const operator of ['>', '<', '==', '>=', '<=', '!=']) {
      const condition = `{threshold: {metric: m, operator: '${operator}', value: 5}}`;
      const held = await elementsOf(condition, { 'm{i=a}': [Number.NaN] });
      expect(held).toEqual(operator === '!=' ? ['{i="a"}'] : []);
    }
  });

  test.each([
    ['avg', 4],
    ['min', 1],
    ['max', 8],
    ['sum', 12],
    ['last', 3],
    ['count', 3],
  ])('%s over a window is compared', async (aggregate, value) => {
    const series = { 'm{i=a}': [100, 8, 1, 3] };
    for (const [operator, expected] of [
      ['==', ['{i="a"}']],
      ['>', []],
    ] as const) {
      const condition = `{threshold: {metric: m, aggregate: ${aggregate}, window: 30s, operator: '${operator}', value: ${value}}}`;
      expect(await elementsOf(condition, series)).toEqual(expected);
    }
  });

  test('labels choose the series, and expr takes PromQL, a number too', async () => {
    const series = { 'm{i=a}': [9], 'm{i=b}': [9] };
    const labelled = "{threshold: {metric: m, labels: {i: b}, operator: '>', value: 5}}";
    expect(await elementsOf(labelled, series)).toEqual(['{i="b"}']);
    const summed = "{threshold: {expr: sum(m), operator: '>=', value: 18}}";
    expect(await elementsOf(summed, series)).toEqual(['{}']);
    const scalar = "{threshold: {expr: 2 + 2, operator: '==', value: 4}}";
    expect(await elementsOf(scalar, series)).toEqual(['{}']);
    const joined = "{threshold: {expr: m - 9 or m, operator: '==', value: 0}}";
    expect(await elementsOf(joined, series)).toEqual(['{i="a"}', '{i="b"}']);
  });

  test('over an expression a window is a subquery', () => {
    const condition =
      "{threshold: {expr: sum(m), aggregate: max, window: 90s, operator: '<', value: -1.5e-7}}";
    expect(expressionOf(condition)).toBe('max_over_time((sum(m))[1m30s:]) < -0.00000015');
  });
});

describe('rate_of_change', () => {
  const series = {
    'm{i=high}': [1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6],
    'm{i=up}': [0, 10, 20, 30, 40, 50, 60],
    'm{i=down}': [60, 50, 40, 30, 20, 10, 0],
  };

  test('fires on the slope, not on the level, at the boundary too', async () => {
    const rate = (rest: string): string => `{rate_of_change: {metric: m, window: 65s, ${rest}}}`;
    // 10 in 10 s: 1 per second, 60 per minute, 3,600 per hour.
    for (const [per, value] of [
      ['second', 1],
      ['minute', 60],
      ['hour', 3_600],
    ] as const) {
      const at = `per: ${per}, operator: '>=', value: ${value}`;
      expect(await elementsOf(rate(at), series)).toEqual(['{i="up"}']);
      const above = `per: ${per}, operator: '>', value: ${value}`;
      expect(await elementsOf(rate(above), series)).toEqual([]);
    }
    expect(await elementsOf(rate("operator: '<', value: 0"), series)).toEqual(['{i="down"}']);
  });

  test('of a counter it is the rate, which a reset does not make negative', async () => {
    const counters = { 'c{i=reset}': [100, 110, 120, 0, 10, 20, 30] };
    const condition = (type: string): string =>
      `{rate_of_change: {metric: c, type: ${type}, window: 65s, operator: '<', value: 0}}`;
    expect(await elementsOf(condition('counter'), counters)).toEqual([]);
    expect(await elementsOf(condition('gauge'), counters)).toEqual(['{i="reset"}']);
  });

  test('in percent it compares the ends of the window; from 0 there is no percentage', async () => {
    const gauges = {
      'm{i=half}': [100, 100, 100, 150],
      'm{i=less}': [-100, 0, 0, -150],
      'm{i=zero}': [0, 0, 0, 50],
    };
    const change = (operator: string, value: number): string =>
      `{rate_of_change: {metric: m, window: 30s, per: percent, operator: '${operator}', value: ${value}}}`;
    expect(await elementsOf(change('>=', 50), gauges)).toEqual(['{i="half"}']);
    expect(await elementsOf(change('>', 50), gauges)).toEqual([]);
    expect(await elementsOf(change('<=', -50), gauges)).toEqual(['{i="less"}']);
  });

  test('of a counter percent compares two rates', () => {
    const condition =
      "{rate_of_change: {metric: c, type: counter, window: 5m, per: percent, operator: '>', value: 20}}";
    expect(expressionOf(condition)).toBe(
      '((rate(c[5m]) - rate(c[5m] offset 5m)) / (abs(rate(c[5m] offset 5m)) > 0) * 100) > 20',
    );
  });
});

describe('anomaly', () => {
  test('compares the score that is written of the metric', async () => {
    const condition =
      "{anomaly: {metric: latency, labels: {region: eu}, operator: '>', value: 0.8}}";
    const selector = 'dwcp_anomaly_score{metric="latency", region="eu"}';
    expect(expressionOf(condition)).toBe(`${selector} > 0.8`);
    const series = {
      'dwcp_anomaly_score{metric=latency,region=eu}': [0.81],
      'dwcp_anomaly_score{metric=latency,region=us}': [0.99],
      'dwcp_anomaly_score{metric=other,region=eu}': [0.99],
    };
    expect(await elementsOf(condition, series)).toEqual(['{metric="latency", region="eu"}']);
  });

  const steady = [10, 12, 10, 12, 10, 12, 10, 12, 10, 12, 10, 12, 10, 12, 10];
  const series = {
    'm{i=high}': [...steady, 20],
    'm{i=low}': [...steady, 2],
    'm{i=usual}': [...steady, 12],
    'm{i=flat}': Array.from({ length: 16 }, () => 0.1),
  };
  const zscore = (rest: string): string =>
    `{anomaly: {metric: m, method: zscore, window: 160s, deviations: 3${rest}}}`;

  test('by z-score it finds values far from the mean on either side', async () => {
    expect(await elementsOf(zscore(''), series)).toEqual(['{i="high"}', '{i="low"}']);
    expect(await elementsOf(zscore(', direction: above'), series)).toEqual(['{i="high"}']);
    expect(await elementsOf(zscore(', direction: below'), series)).toEqual(['{i="low"}']);
  });

  test('a jump of a series that was flat is found, a flat series is none', async () => {
    const flat = Array.from({ length: 15 }, () => 0.1);
    const jumped = { 'm{i=flat}': [...flat, 0.1], 'm{i=jump}': [...flat, 0.3] };
    expect(await elementsOf(zscore(''), jumped)).toEqual(['{i="jump"}']);
  });
});

describe('absence', () => {
  test('holds while there is no series with the labels', async () => {
    const condition = '{absence: {metric: m, labels: {i: a}}}';
    expect(await elementsOf(condition, { 'm{i=b}': [1] })).toEqual(['{i="a"}']);
    expect(await elementsOf(condition, { 'm{i=a}': [0] })).toEqual([]);
  });

  test('with for it holds only when there was no sample for so long', async () => {
    const condition = '{absence: {metric: m, for: 30s}}';
    const none = [undefined, undefined, undefined];
    const clock = [1, 1, 1, 1, 1, 1];
    expect(await elementsOf(condition, { m: [1, ...none, undefined], clock })).toEqual(['{}']);
    expect(await elementsOf(condition, { m: [1, 1, 1, 1, ...none.slice(1)], clock })).toEqual([]);
  });

  test('not absence has the same labels when the series are there', async () => {
    const condition = '{not: {absence: {metric: m, labels: {i: a}}}}';
    expect(await elementsOf(condition, { 'm{i=a,z=1}': [1], 'm{i=a,z=2}': [1] })).toEqual([
      '{i="a"}',
    ]);
    expect(await elementsOf(condition, { 'm{i=b}': [1] })).toEqual([]);
  });
});

describe('composites', () => {
  const leaf = (name: string): string => `{threshold: {metric: ${name}, operator: '>', value: 0}}`;
  /** Every combination of three truths, one label set each. */
  const rows = Array.from({ length: 8 }, (_, row) => ({
    a: (row & 4) > 0,
    b: (row & 2) > 0,
    c: (row & 1) > 0,
    row,
  }));
  const series = Object.fromEntries(
    rows.flatMap(({ a, b, c, row }) =>
      Object.entries({ a, b, c }).map(([name, holds]) => [`${name}{row=${row}}`, [holds ? 1 : 0]]),
    ),
  );

  type Tree = string | { all: Tree[] } | { any: Tree[] } | { not: Tree };
  const textOf = (tree: Tree): string => {
    if (typeof tree === 'string') return leaf(tree);
    if ('not' in tree) return `{not: ${textOf(tree.not)}}`;
    const [kind, members] = 'all' in tree ? ['all', tree.all] : ['any', tree.any];
    return `{${kind}: [${members.map(textOf).join(', ')}]}`;
  };
  const truthOf = (tree: Tree, row: (typeof rows)[number]): boolean => {
    if (typeof tree === 'string') return row[tree as 'a' | 'b' | 'c'];
    if ('not' in tree) return !truthOf(tree.not, row);
    if ('all' in tree) return tree.all.every((member) => truthOf(member, row));
    return tree.any.some((member) => truthOf(member, row));
  };
  const expected = (tree: Tree): readonly string[] =>
    rows.filter((row) => truthOf(tree, row)).map(({ row }) => `{row="${row}"}`);

  const trees: readonly Tree[] = [
    { all: ['a', 'b', 'c'] },
    { any: ['a', 'b', 'c'] },
    { not: 'a' },
    { not: { not: 'a' } },
    { all: ['a', { not: 'b' }] },
    { all: [{ not: 'a' }, 'b'] },
    { all: [{ not: 'a' }, { not: 'b' }] },
    { any: ['a', { not: 'b' }] },
    { not: { all: ['a', 'b'] } },
    { not: { any: ['a', 'b'] } },
    { any: [{ all: ['a', 'b'] }, 'c'] },
    { all: ['a', { any: ['b', { not: 'c' }] }] },
    { all: [{ any: ['a', 'b'] }, { not: { all: ['b', 'c'] } }] },
  ];

  test.each(trees.map((tree) => [JSON.stringify(tree), tree] as const))(
    '%s has the truth table of logic for every label set',
    async (_text, tree) => {
      expect(await elementsOf(textOf(tree), series)).toEqual(expected(tree));
    },
  );

  test('so has any nesting', async () => {
    const { tree } = fc.letrec<{ tree: Tree; node: Tree; leaf: Tree }>((tie) => ({
      leaf: fc.constantFrom('a', 'b', 'c'),
      node: fc.oneof(
        fc.record({ all: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
        fc.record({ any: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
        fc.record({ not: tie('tree') }),
      ),
      tree: fc.oneof({ depthSize: 'small', maxDepth: 4 }, tie('leaf'), tie('node')),
    }));
    await fc.assert(
      fc.asyncProperty(tree, async (nested) => {
        expect(await elementsOf(textOf(nested), series)).toEqual(expected(nested));
      }),
      { numRuns: 150 },
    );
  });

  const parts = { 'cpu{host=1,core=0}': [9], 'cpu{host=2,core=0}': [9], 'disk{host=1}': [9] };

  test('without on all labels must agree, with on only these', async () => {
    const both = `all: [${leaf('cpu')}, ${leaf('disk')}]`;
    expect(await elementsOf(`{${both}}`, parts)).toEqual([]);
    expect(await elementsOf(`{${both}, on: [host]}`, parts)).toEqual(['{core="0", host="1"}']);
    expect(await elementsOf(`{${both}, on: []}`, parts)).toHaveLength(2);
    const without = `{all: [${leaf('cpu')}, {not: ${leaf('disk')}}], on: [host]}`;
    expect(await elementsOf(without, parts)).toEqual(['{core="0", host="2"}']);
    const either = `any: [${leaf('cpu')}, ${leaf('disk')}]`;
    expect(await elementsOf(`{${either}}`, parts)).toHaveLength(3);
    expect(await elementsOf(`{${either}, on: [host]}`, parts)).toHaveLength(2);
    const neither = `{not: {any: [${leaf('cpu')}, ${leaf('disk')}], on: [host]}}`;
    const quiet = { ...parts, 'cpu{host=2,core=0}': [0], 'disk{host=2}': [0] };
    expect(await elementsOf(neither, quiet)).toEqual(['{core="0", host="2"}', '{host="2"}']);
  });

  test('PromQL stands among conditions, and a not takes away from its neighbours', async () => {
    const condition = `{all: [${leaf('disk')}, {not: {expr: absent(cpu)}}], on: []}`;
    expect(await elementsOf(condition, parts)).toEqual(['{host="1"}']);
    expect(await elementsOf(condition, { 'disk{host=1}': [9] })).toEqual([]);
  });

  test('the alert has the labels and the value of the first condition', async () => {
    const rule = `- {alert: A, annotations: {v: "{{ $value }}"}, condition: {all: [${leaf('cpu')}, ${leaf('disk')}], on: [host]}}`;
    await using bench = new Bench(rule);
    await bench.step(
      [{ __name__: 'cpu', host: '1', core: '0' }, 7],
      [{ __name__: 'disk', host: '1' }, 3],
    );
    expect(bench.active).toEqual(['firing {alertname="A", core="0", host="1"}']);
    expect(bench.alerts[0]?.annotations).toEqual({ v: '7' });
  });
});

test('a condition goes through for, firing and resolved, and shows its PromQL', async () => {
  const rule =
    "- {alert: A, for: 2s, condition: {threshold: {metric: m, operator: '>', value: 1}}, dedup: {by: [i]}, no_data: keep, on_error: alert, recover: m < 1}";
  await using bench = new Bench(rule);
  const m = { __name__: 'm', i: '1' };
  const seen: string[] = [];
  for (const value of [2, 2, 2, 2, 0]) {
    await bench.step([m, value]);
    seen.push(bench.active.join());
  }
  expect(seen).toEqual([
    'pending {alertname="A", i="1"}',
    'pending {alertname="A", i="1"}',
    'firing {alertname="A", i="1"}',
    'firing {alertname="A", i="1"}',
    '',
  ]);
  expect(bench.notifier.lines).toEqual([
    'firing {alertname="A", i="1"}',
    'resolved {alertname="A", i="1"}',
  ]);
  expect(bench.manager.groups()[0]?.rules[0]).toMatchObject({
    query: 'm > 1',
    condition: { kind: 'threshold', operator: '>', value: 1 },
    recover: 'm < 1',
    noData: 'keep',
    onError: 'alert',
    dedup: { by: ['i'], window: 300 },
  });
});

test('a plain rule shows none of our fields', async () => {
  await using bench = new Bench('- {alert: A, expr: m > 1}');
  const [rule] = bench.manager.groups()[0]?.rules ?? [];
  for (const key of ['condition', 'recover', 'noData', 'onError', 'dedup']) {
    expect(rule).not.toHaveProperty(key);
  }
});

test('dedup is read and carried with the rule', () => {
  const [rule] =
    groupsOf('- {alert: A, expr: m, dedup: {by: [job, instance], window: 10m}}')[0]?.rules ?? [];
  expect(rule).toMatchObject({ dedup: { by: ['job', 'instance'], windowMs: 600_000 } });
});
