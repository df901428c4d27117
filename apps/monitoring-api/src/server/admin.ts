import { basename } from 'node:path';

import { parseSelector } from '@dwcp/promql';
import { type Static, Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { type AddRoute } from './prometheus-api.ts';
import { badParameter, limitOf, parametersOf, timeOf } from './prometheus-parameters.ts';
import { MAX_UNIX_MS, MIN_UNIX_MS } from './time-parameter.ts';

const CountSchema = Type.Array(Type.Object({ name: Type.String(), value: Type.Integer() }));

const TsdbStatusSchema = Type.Object({
  status: Type.Literal('success'),
  data: Type.Object({
    headStats: Type.Object({
      numSeries: Type.Integer(),
      numLabelPairs: Type.Integer(),
      minTime: Type.Integer(),
      maxTime: Type.Integer(),
    }),
    seriesCountByMetricName: CountSchema,
    labelValueCountByLabelName: CountSchema,
    memoryInBytesByLabelName: CountSchema,
    seriesCountByLabelValuePair: CountSchema,
  }),
});

const SnapshotSchema = Type.Object({
  status: Type.Literal('success'),
  data: Type.Object({ name: Type.String() }),
});

const DEFAULT_TOP = 10;
const MAX_TOP = 10_000;

/**
 * What an operator asks of the store and does to it, under Prometheus' own paths.
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/#tsdb-admin-apis
 */
export function registerAdminRoutes(add: AddRoute, { runtime }: ServerContext): void {
  const { metricStore, config, log } = runtime;

  add(
    ['GET'],
    '/api/v1/status/tsdb',
    'What makes the series so many',
    { answer: TsdbStatusSchema },
    async (request): Promise<Static<typeof TsdbStatusSchema>> => {
      const limit = limitOf(parametersOf(request)) || DEFAULT_TOP;
      const report = await metricStore.cardinality(Math.min(limit, MAX_TOP));
      const { seriesCount, oldestUnixMs, newestUnixMs } = metricStore.stats();
      const counts = (list: readonly { readonly name: string; readonly count: number }[]) =>
        list.map(({ name, count }) => ({ name, value: count }));
      return {
        status: 'success',
        data: {
          headStats: {
            numSeries: seriesCount,
            numLabelPairs: report.labelPairCount,
            minTime: oldestUnixMs ?? 0,
            maxTime: newestUnixMs ?? 0,
          },
          seriesCountByMetricName: counts(report.byMetricName),
          labelValueCountByLabelName: counts(report.valuesByLabelName),
          memoryInBytesByLabelName: counts(report.bytesByLabelName),
          seriesCountByLabelValuePair: counts(report.byLabelPair),
        },
      };
    },
  );

  if (!config.server.adminApi) return;

  add(
    ['POST'],
    '/api/v1/admin/tsdb/snapshot',
    'Copy all metrics, by hard links, to a folder under metrics/snapshots',
    { answer: SnapshotSchema },
    async (): Promise<Static<typeof SnapshotSchema>> => {
      const path = await metricStore.snapshot();
      log.info({ path }, 'snapshot made');
      return { status: 'success', data: { name: basename(path) } };
    },
  );

  add(
    ['POST'],
    '/api/v1/admin/tsdb/delete_series',
    'Delete the samples of the matching series in a range of time',
    { answer: Type.Null() },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const selectors = parameters.getAll('match[]');
      if (selectors.length === 0) throw badParameter('match[]', 'no match[] parameter provided');
      const startUnixMs = timeOf(parameters, 'start', MIN_UNIX_MS);
      const endUnixMs = timeOf(parameters, 'end', MAX_UNIX_MS);
      // All are checked before the first has an effect.
      const queries = selectors.map((text) => parseSelector(text));
      for (const [i, matchers] of queries.entries()) {
        const seriesCount = await metricStore.deleteSeries({ matchers, startUnixMs, endUnixMs });
        log.info({ selector: selectors[i], startUnixMs, endUnixMs, seriesCount }, 'series deleted');
      }
      return reply.code(204).send();
    },
  );

  add(
    ['POST'],
    '/api/v1/admin/tsdb/clean_tombstones',
    'Give the disk space of deleted samples back',
    { answer: Type.Null() },
    async (_request, reply) => {
      await metricStore.cleanTombstones();
      log.info({}, 'tombstones cleaned');
      return reply.code(204).send();
    },
  );
}
