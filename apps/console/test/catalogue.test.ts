import { expect, test } from 'vitest';

import {
  buildCatalogue,
  filterCatalogue,
  suggestExpression,
} from '../src/pages/metrics/catalogue.ts';

const about = (type: string, help: string): { type: string; help: string; unit: string }[] => [
  { type, help, unit: '' },
];

test('the parts of a histogram are described by the whole', () => {
  const entries = buildCatalogue(['x_seconds_bucket', 'x_seconds_count', 'a_total', 'b'], {
    x_seconds: about('histogram', 'How long x takes.'),
    a: about('counter', 'All a.'),
  });
  expect(entries).toEqual([
    { name: 'a_total', type: 'counter', help: 'All a.' },
    { name: 'b', type: 'unknown', help: '' },
    { name: 'x_seconds_bucket', type: 'histogram', help: 'How long x takes.' },
    { name: 'x_seconds_count', type: 'histogram', help: 'How long x takes.' },
  ]);
});

test('names are found before descriptions, by every word', () => {
  const entries = [
    { name: 'up', type: 'gauge', help: 'whether the target answered its memory scrape' },
    { name: 'node_memory_MemTotal_bytes', type: 'gauge', help: '' },
  ];
  expect(filterCatalogue(entries, 'MEMORY').map(({ name }) => name)).toEqual([
    'node_memory_MemTotal_bytes',
    'up',
  ]);
  expect(filterCatalogue(entries, 'node total')).toHaveLength(1);
  expect(filterCatalogue(entries, '')).toEqual(entries);
});

test.each([
  ['a_total', 'counter', 'rate(a_total[5s])'],
  [
    'x_seconds_bucket',
    'histogram',
    'histogram_quantile(0.95, sum by (le) (rate(x_seconds_bucket[5s])))',
  ],
  ['x_seconds_count', 'histogram', 'rate(x_seconds_count[5s])'],
  ['node_load1', 'gauge', 'node_load1'],
])('%s, a %s, begins as %s', (name, type, expr) => {
  expect(suggestExpression({ name, type }, '5s')).toBe(expr);
});
