import { basename } from 'node:path';

import {
  DeleteSeriesParametersSchema,
  SnapshotParametersSchema,
  SnapshotResponseSchema,
  type TsdbStatus,
  TsdbStatusParametersSchema,
  TsdbStatusResponseSchema,
} from '@dwcp/api-schema';
import { type CardinalityCount, QueryError } from '@dwcp/core';
import { Type } from 'typebox';

import { type ServerContext } from '../context.ts';
import { ProblemError } from '../problem.ts';
import { MAX_UNIX_MS, MIN_UNIX_MS } from '../time-parameter.ts';
import {
  badParameter,
  integerOf,
  naming,
  parametersOf,
  parseFlag,
  selectorOf,
  timeOf,
} from './parameters.ts';
import { type AddRoute, success } from './route.ts';

const DEFAULT_TOP = 10;
const MAX_TOP = 10_000;
/** As Prometheus tells the times of an empty store. */
const NO_OLDEST = Number.MAX_SAFE_INTEGER;

/**
 * What an operator asks of the store and does to it, under Prometheus' own paths.
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/#tsdb-admin-apis
 */
export function registerTsdbRoutes(add: AddRoute, { runtime }: ServerContext): void {
  const { metricStore, config, log } = runtime;

  add(
    ['GET'],
    '/api/v1/status/tsdb',
    'What makes the series so many',
    { querystring: TsdbStatusParametersSchema, answer: TsdbStatusResponseSchema },
    async (request, reply) => {
      const report = await metricStore.cardinality(topOf(parametersOf(request)));
      const { seriesCount, headChunkCount, oldestUnixMs, newestUnixMs } = metricStore.stats();
      const counts = (list: readonly CardinalityCount[]) =>
        list.map(({ name, count }) => ({ name, value: count }));
      const data: TsdbStatus = {
        headStats: {
          numSeries: seriesCount,
          numLabelPairs: report.labelPairCount,
          chunkCount: headChunkCount ?? 0,
          minTime: oldestUnixMs ?? NO_OLDEST,
          maxTime: newestUnixMs ?? -NO_OLDEST,
        },
        seriesCountByMetricName: counts(report.byMetricName),
        labelValueCountByLabelName: counts(report.valuesByLabelName),
        memoryInBytesByLabelName: counts(report.bytesByLabelName),
        seriesCountByLabelValuePair: counts(report.byLabelPair),
      };
      return reply.send(success(data));
    },
  );

  /** Says no, as Prometheus does, unless the configuration allows it. */
  const allowed = (): void => {
    if (config.server.adminApi) return;
    throw new ProblemError(503, 'admin-api-off', 'Admin API off', 'admin APIs disabled');
  };

  add(
    ['POST', 'PUT'],
    '/api/v1/admin/tsdb/snapshot',
    'Copy all metrics, by hard links, to a folder under metrics/snapshots',
    { querystring: SnapshotParametersSchema, answer: SnapshotResponseSchema },
    async (request, reply) => {
      allowed();
      const skipHead = parametersOf(request).get('skip_head') ?? '';
      if (skipHead !== '' && parseFlag(skipHead) === undefined) {
        const problem = `strconv.ParseBool: parsing ${JSON.stringify(skipHead)}: invalid syntax`;
        throw badParameter('skip_head', `unable to parse boolean: ${problem}`);
      }
      const path = await metricStore.snapshot();
      log.info({ path }, 'snapshot made');
      return reply.send(success({ name: basename(path) }));
    },
  );

  add(
    ['POST', 'PUT'],
    '/api/v1/admin/tsdb/delete_series',
    'Delete the samples of the matching series in a range of time',
    { querystring: DeleteSeriesParametersSchema, answer: Type.Null() },
    async (request, reply) => {
      allowed();
      const parameters = parametersOf(request);
      const selectors = parameters.getAll('match[]');
      if (selectors.length === 0) {
        throw new QueryError('bad_data', 'no match[] parameter provided');
      }
      const startUnixMs = timeOf(parameters, 'start', MIN_UNIX_MS);
      const endUnixMs = timeOf(parameters, 'end', MAX_UNIX_MS);
      // All are checked before the first has an effect.
      const queries = naming('match[]', () => selectors.map(selectorOf));
      for (const [i, matchers] of queries.entries()) {
        const seriesCount = await metricStore.deleteSeries({ matchers, startUnixMs, endUnixMs });
        log.info({ selector: selectors[i], startUnixMs, endUnixMs, seriesCount }, 'series deleted');
      }
      return reply.code(204).send();
    },
  );

  add(
    ['POST', 'PUT'],
    '/api/v1/admin/tsdb/clean_tombstones',
    'Give the disk space of deleted samples back',
    { answer: Type.Null() },
    async (_request, reply) => {
      allowed();
      await metricStore.cleanTombstones();
      log.info({}, 'tombstones cleaned');
      return reply.code(204).send();
    },
  );
}

function topOf(parameters: URLSearchParams): number {
  const text = parameters.get('limit') ?? '';
  if (text === '') return DEFAULT_TOP;
  const limit = integerOf(text);
  if (typeof limit === 'number' && limit >= 1) return Math.min(limit, MAX_TOP);
  throw new QueryError('bad_data', 'limit must be a positive number');
}
