import { describe, expect, test } from 'vitest';

import { elements, engineOver } from '../support/series.ts';

const { engine } = engineOver([
  { labels: { __name__: 'odd', of: 'nan' }, points: [[0, Number.NaN]] },
  { labels: { __name__: 'odd', of: 'inf' }, points: [[0, Infinity]] },
  { labels: { __name__: 'odd', of: 'neg-inf' }, points: [[0, -Infinity]] },
]);

async function ask(expression: string): Promise<Record<string, number>> {
  return elements(await engine.instant({ expression, unixMs: 0 }));
}

describe('absent', () => {
  test.each([
    ['absent(gone{job="a", job!="b"})', '{}'],
    ['absent(gone{job!="b", job="a"})', '{job="a"}'],
    ['absent(gone{job="a", job="b", zone="x"})', '{zone="x"}'],
    ['absent_over_time(gone{job!="b", job="a"}[5m])', '{job="a"}'],
  ])('%s has the labels %s, as in Prometheus', async (expression, labels) => {
    expect(await ask(expression)).toEqual({ [labels]: 1 });
  });
});

describe('the larger and the smaller of infinity and NaN', () => {
  // As a Prometheus 2.42 answered; Go lets the infinity that decides win over NaN.
  test.each([
    ['clamp_min(odd, NaN)', { nan: Number.NaN, inf: Infinity, 'neg-inf': Number.NaN }],
    ['clamp_max(odd, NaN)', { nan: Number.NaN, inf: Number.NaN, 'neg-inf': -Infinity }],
    ['clamp_min(odd, Inf)', { nan: Infinity, inf: Infinity, 'neg-inf': Infinity }],
    ['clamp(odd, Inf, NaN)', { nan: Infinity, inf: Infinity, 'neg-inf': Infinity }],
  ])('%s', async (expression, wanted) => {
    const found = Object.entries(wanted).map(([of, value]) => [`{of="${of}"}`, value]);
    expect(await ask(expression)).toEqual(Object.fromEntries(found));
  });

  test('max_of and min_of', async () => {
    const { '{}': larger } = await ask('vector(max_of(NaN, Inf))');
    const { '{}': smaller } = await ask('vector(min_of(-Inf, NaN))');
    expect({ larger, smaller }).toEqual({ larger: Infinity, smaller: -Infinity });
  });
});
