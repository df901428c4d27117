import { expect, test } from 'vitest';

import { LightQueries } from '#src/runtime/query-workers/light-queries.ts';

const MINUTE_MS = 60_000;
const NOW = { unixMs: 1_700_000_000_000, monotonicMs: 1_000 };
const later = (ms: number) => ({ unixMs: NOW.unixMs + ms, monotonicMs: NOW.monotonicMs + ms });
const UP = { expression: 'up', unixMs: NOW.unixMs };

test('a light query of the present is light for five minutes, whatever moment near now it asks for', () => {
  const light = new LightQueries();
  expect(light.has(UP, NOW)).toBe(false);
  light.add(UP, NOW);
  expect(light.has(UP, NOW)).toBe(true);
  const next = later(5 * MINUTE_MS - 1);
  expect(light.has({ ...UP, unixMs: next.unixMs }, next)).toBe(true);
  const past = later(5 * MINUTE_MS);
  expect(light.has({ ...UP, unixMs: past.unixMs }, past)).toBe(false);
});

test('a query of the past is weighed each time', () => {
  const light = new LightQueries();
  const past = { ...UP, unixMs: NOW.unixMs - 6 * MINUTE_MS };
  light.add(past, NOW);
  expect(light.has(UP, NOW)).toBe(false);
  light.add(UP, NOW);
  expect(light.has(past, NOW)).toBe(false);
});

test('of more than 10,000 queries the one that was weighed first is let go of', () => {
  const light = new LightQueries();
  const at = (index: number) => ({ expression: `up == ${index}`, unixMs: NOW.unixMs });
  for (let index = 0; index <= 10_000; index++) light.add(at(index), NOW);
  expect(light.has(at(0), NOW)).toBe(false);
  expect(light.has(at(1), NOW)).toBe(true);
});
