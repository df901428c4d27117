import { PrometheusMetricQuery } from '@dwcp/adapter-prometheus';
import { type MetricQuery, type SampleBatch } from '@dwcp/core';
import {
  type Deviations,
  findProgram,
  metricQueryContract,
  metricStoreContract,
  wants,
} from '@dwcp/testing';
import { afterEach, describe } from 'vitest';

import { type Launched, launchPrometheus, launchVictoriaMetrics } from './launched.ts';

const prometheus = findProgram('prometheus');
const victoriaMetrics = findProgram('victoria-metrics');
/** Of the machine, since real servers go by it; whole seconds. */
const nowUnixMs = Math.floor(Date.now() / 1_000) * 1_000;

function contracts(
  name: string,
  launch: () => Promise<Launched>,
  deviations: { readonly store: Deviations; readonly query: Deviations },
): void {
  metricStoreContract(
    name,
    async () => {
      const launched = await launch();
      return { store: launched.store, nowUnixMs };
    },
    deviations.store,
  );

  describe('with servers that end with their test', () => {
    const started: Launched[] = [];
    afterEach(async () => {
      for (const each of started.splice(0)) await each.store[Symbol.asyncDispose]();
    });
    const open = async (batch: SampleBatch): Promise<MetricQuery> => {
      const launched = await launch();
      started.push(launched);
      await launched.store.append(batch);
      return new PrometheusMetricQuery(launched.server);
    };
    metricQueryContract(name, open, nowUnixMs, deviations.query);
  });
}

const COARSE =
  'label sets come from the index: Prometheus gives series with a chunk in the range, VictoriaMetrics those of its days';

describe.skipIf(prometheus === undefined)(`Prometheus (${wants('prometheus')})`, () => {
  contracts('Prometheus 2.42', () => launchPrometheus(prometheus ?? ''), {
    store: {
      'every kind of double comes back with its bits': 'remote read drops the sign of -0',
      'native histograms come back whole, between floats of other series':
        'remote read of 2.42 leaves native histograms out, and custom buckets came later',
      'a series may change between floats and histograms':
        'remote read of 2.42 leaves native histograms out',
      'the label sets of series with samples in the range, sorted': COARSE,
    },
    query: {
      'an instant sees the newest sample up to it, for five minutes':
        'before 3.0 the start of a range belongs to it',
    },
  });
});

describe.skipIf(victoriaMetrics === undefined)(
  `VictoriaMetrics (${wants('victoria-metrics')})`,
  () => {
    const noNaN = 'ordinary NaNs are not stored';
    const noHistograms = 'there are no native histograms';
    contracts('VictoriaMetrics 1.79', () => launchVictoriaMetrics(victoriaMetrics ?? ''), {
      store: {
        'every kind of double comes back with its bits':
          'values are kept as decimals with a common exponent',
        'the staleness marker keeps its bits and is no ordinary NaN': noNaN,
        'native histograms come back whole, between floats of other series': noHistograms,
        'a series may change between floats and histograms': noHistograms,
        'the newest sample again is accepted, and is there once': noHistograms,
        'repeats are told apart by bits: 0 and -0, NaN and stale, one histogram and another':
          noHistograms,
        'the label sets of series with samples in the range, sorted': COARSE,
      },
      query: {
        'a scalar, a string, a vector and a matrix bear their moments':
          'a scalar is a vector of one, a string is nothing',
        'NaN and the infinities are values like others': noNaN,
        'a staleness marker ends a series at once, until a sample comes again': noNaN,
        '"nothing_such(m)" is bad data, and where': 'its message does not tell where',
        '"rate(m)" is bad data, and where': 'MetricsQL adds the range by itself',
        'a range of strings is bad data': 'a string is nothing',
        'a range of ranges is bad data': 'MetricsQL adds a function by itself',
      },
    });
  },
);
