// Our server beside a real Prometheus 2.42, both told the same by remote write.
//
// The seed is printed; DWCP_TEST_SEED sets another one, for data and queries alike.
import { isStale, Labels } from '@dwcp/core';
import {
  findProgram,
  floatSeries,
  histogramSeries,
  QueryGenerator,
  randomOf,
  wants,
} from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ask, difference, isEmpty } from './answers.ts';
import { isExplained, kindOf, KNOWN_DIFFERENCES } from './known-differences.ts';
import { HistogramQueryGenerator } from './random-histogram-queries.ts';
import { QUERY_SECONDS, runQueries } from './run.ts';
import { startBoth, type TwoServers } from './two-servers.ts';

const prometheus = findProgram('prometheus');
const SEED = Number(process.env['DWCP_TEST_SEED'] ?? 20_260_301);
const FLOAT_QUERIES = 1_000;
const HISTOGRAM_QUERIES = 500;

describe.skipIf(prometheus === undefined)(
  `beside Prometheus, seed ${SEED} (${wants('prometheus')})`,
  () => {
    const random = randomOf(SEED);
    const series = [...floatSeries(random), ...histogramSeries(random)];
    let servers: TwoServers;

    beforeAll(async () => {
      servers = await startBoth(prometheus ?? '', series);
    });
    afterAll(async () => {
      await servers[Symbol.asyncDispose]();
    });

    test(`${FLOAT_QUERIES} random queries over floats have the same answers`, async () => {
      const generator = new QueryGenerator(random, QUERY_SECONDS);
      const queries = Array.from({ length: FLOAT_QUERIES }, () => generator.next());
      const { differences, failedCount, emptyCount } = await runQueries(servers, queries, random);
      const unexplained = differences.filter((one) => !isExplained(one));
      expect(unexplained.map(({ text }) => text).join('\n')).toBe('');
      expect(differences.length).toBeLessThan(FLOAT_QUERIES / 100);
      // A run that compares failures with failures and nothing with nothing would prove little.
      expect(failedCount).toBeLessThan(FLOAT_QUERIES / 5);
      expect(emptyCount).toBeLessThan(FLOAT_QUERIES / 2);
    });

    test(`${HISTOGRAM_QUERIES} random queries over native histograms have the same answers`, async () => {
      const generator = new HistogramQueryGenerator(random, QUERY_SECONDS);
      const queries = Array.from({ length: HISTOGRAM_QUERIES }, () => generator.next());
      const run = await runQueries(servers, queries, random);
      const unexplained = run.differences.filter((one) => !isExplained(one));
      expect(unexplained.map(({ text }) => text).join('\n')).toBe('');
      expect(run.differences.length).toBeLessThan(HISTOGRAM_QUERIES / 5);
      expect(run.failedCount).toBeLessThan(HISTOGRAM_QUERIES / 5);
      expect(run.emptyCount).toBeLessThan(HISTOGRAM_QUERIES / 2);
      expect(run.histogramCount).toBeGreaterThan(HISTOGRAM_QUERIES / 10);
    });

    test.each(KNOWN_DIFFERENCES)(
      '$expression: $theirs there, $ours here ($reason)',
      async ({ expression, theirs, ours }) => {
        const parameters = {
          query: expression,
          start: String(QUERY_SECONDS[0]),
          end: String(QUERY_SECONDS[7]),
          step: '300',
        };
        const got = await ask(servers.oursUrl, 'query_range', parameters);
        const wanted = await ask(servers.theirsUrl, 'query_range', parameters);
        expect({ theirs: kindOf(wanted), ours: kindOf(got) }).toEqual({ theirs, ours });
        expect(difference(got, wanted)).toBeDefined();
      },
    );

    test('a sample at the left edge of a range counts there and, since 3.0, not here', async () => {
      const labels = {
        __name__: 'http_requests_total',
        job: 'api',
        instance: 'a:1',
        method: 'GET',
      };
      const sampleMs = series.find(
        (one) => one.labels.toString() === Labels.from(labels).toString(),
      )?.timestamps[200];
      const query =
        'count_over_time(http_requests_total{job="api",instance="a:1",method="GET"}[1m])';
      const valuesOf = async (url: string) => {
        const answer = await ask(url, 'query', { query, time: String((sampleMs ?? 0) / 1000) });
        if ('error' in answer) throw new Error(answer.error);
        return [...answer.points.values()].flatMap((points) => [...points.values()]);
      };
      expect(await valuesOf(servers.theirsUrl)).toEqual([5]);
      expect(await valuesOf(servers.oursUrl)).toEqual([4]);
    });

    test('a sample five minutes old is current there and, since 3.0, not here', async () => {
      // Its series ends with it, without a stale marker.
      const last = series.find(
        ({ labels, values }) =>
          labels.metricName === 'pod_memory_bytes' && !isStale(values, values.length - 1),
      );
      const query = `pod_memory_bytes{pod="${last?.labels.get('pod')}"}`;
      const time = String(((last?.timestamps.at(-1) ?? 0) + 300_000) / 1000);
      const theirs = await ask(servers.theirsUrl, 'query', { query, time });
      const ours = await ask(servers.oursUrl, 'query', { query, time });
      expect([isEmpty(theirs), isEmpty(ours)]).toEqual([false, true]);
    });
  },
);
