// Laws that hold for every query, on generated ones over series of many shapes.
import { type QueryResult } from '@dwcp/core';
import { parseExpression, printExpression, PromqlEngine } from '@dwcp/promql';
import {
  DATA_DURATION_MS,
  DATA_START_MS,
  floatSeries,
  ManualClock,
  MemoryMetricStore,
  QueryGenerator,
  randomOf,
} from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

const SEED = 20_261_121;
const QUERY_COUNT = 300;
const UNIX_MS = DATA_START_MS + DATA_DURATION_MS / 2 + 2_000;

const store = new MemoryMetricStore();
for (const series of floatSeries(randomOf(SEED))) store.put(series);
const engine = new PromqlEngine({ store, clock: new ManualClock() });
const generator = new QueryGenerator(randomOf(SEED + 1), [UNIX_MS / 1000]);
const queries = Array.from({ length: QUERY_COUNT }, () => generator.next().ours);

/** Values by labels, or the words of a failure. */
async function outcome(query: Promise<QueryResult>): Promise<string | object> {
  try {
    const { value } = await query;
    switch (value.kind) {
      case 'scalar':
        return { '{}': value.value };
      case 'string':
        return value.value;
      case 'vector':
        return Object.fromEntries(value.samples.map((one) => [one.labels.toString(), one.value]));
      case 'matrix':
        return Object.fromEntries(
          value.series.map(({ labels, values }) => [labels.toString(), values[0]]),
        );
    }
  } catch (error) {
    return (error as Error).message;
  }
}

const instant = (expression: string) => engine.instant({ expression, unixMs: UNIX_MS });
const oneStep = (expression: string) =>
  engine.range({ expression, startUnixMs: UNIX_MS, endUnixMs: UNIX_MS, stepMs: 60_000 });

describe(`${QUERY_COUNT} generated queries, seed ${SEED}`, () => {
  test('an instant query is a range query of one step', async () => {
    let answeredCount = 0;
    for (const query of queries) {
      const wanted = await outcome(instant(query));
      expect({ query, is: await outcome(oneStep(query)) }).toEqual({ query, is: wanted });
      if (typeof wanted === 'object' && Object.keys(wanted).length > 0) answeredCount++;
    }
    expect(answeredCount).toBeGreaterThan(QUERY_COUNT / 3);
  });

  test('what is printed parses to the same, and is answered the same', async () => {
    for (const query of queries) {
      const printed = printExpression(parseExpression(query));
      expect(printExpression(parseExpression(printed))).toBe(printed);
      expect({ query, is: await outcome(instant(printed)) }).toEqual({
        query,
        is: await outcome(instant(query)),
      });
    }
  });

  test('the sums of groups sum up to the sum of all', async () => {
    let summedCount = 0;
    for (const query of queries) {
      const sumOf = async (expression: string): Promise<number | undefined> => {
        const { value } = await instant(expression);
        return value.kind === 'vector' ? value.samples[0]?.value : undefined;
      };
      // Some have no sum: scalars, and what fails.
      const sum = await sumOf(`sum(${query})`).catch(() => undefined);
      if (sum === undefined) continue;
      // Sums of large numbers that cancel out are as exact as their parts.
      const scale = await sumOf(`sum(abs(${query}))`);
      if (scale === undefined || !Number.isFinite(scale)) continue;
      summedCount++;
      for (const grouping of ['by (job)', 'by (instance, kind)', 'without (method, le)']) {
        const whole = await sumOf(`sum(sum ${grouping} (${query}))`);
        const apart = Math.abs((whole ?? Number.NaN) - sum);
        expect({ query, grouping, isSame: apart <= 1e-12 * scale }).toEqual({
          query,
          grouping,
          isSame: true,
        });
      }
    }
    expect(summedCount).toBeGreaterThan(QUERY_COUNT / 4);
  });
});
