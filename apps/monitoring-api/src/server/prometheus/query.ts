import {
  InstantQueryParametersSchema,
  type PrometheusStats,
  QueryResponseSchema,
  RangeQueryParametersSchema,
} from '@dwcp/api-schema';
import { type Clock, type QueryResult } from '@dwcp/core';
import { type FastifyReply } from 'fastify';

import { type ServerContext } from '../context.ts';
import { piecesOfResult } from './encode-result.ts';
import { evaluate, type Evaluation, rangeOf } from './evaluate.ts';
import { KeptAnswers } from './kept-answers.ts';
import { limitOf, parametersOf, timeOf } from './parameters.ts';
import { type AddRoute, GET_AND_POST } from './route.ts';
import { sendPieces } from './send-pieces.ts';

/** Evaluation at a moment and over a range. */
export function registerQueryRoutes(add: AddRoute, context: ServerContext): void {
  const { clock } = context.runtime;
  const kept = new KeptAnswers();

  add(
    GET_AND_POST,
    '/api/v1/query',
    'Evaluate an expression at one moment',
    { querystring: InstantQueryParametersSchema, answer: QueryResponseSchema },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const limit = limitOf(parameters);
      const at = { unixMs: timeOf(parameters, 'time', clock.nowUnixMs()) };
      return answer(reply, parameters, limit, at);
    },
  );

  add(
    GET_AND_POST,
    '/api/v1/query_range',
    'Evaluate an expression over a range of time',
    { querystring: RangeQueryParametersSchema, answer: QueryResponseSchema },
    async (request, reply) => {
      const parameters = parametersOf(request);
      const limit = limitOf(parameters);
      return answer(reply, parameters, limit, rangeOf(parameters));
    },
  );

  async function answer(
    reply: FastifyReply,
    parameters: URLSearchParams,
    limit: number,
    at: Evaluation['at'],
  ): Promise<FastifyReply> {
    const expression = parameters.get('query') ?? '';
    const wantsStats = (parameters.get('stats') ?? '') !== '';
    const options = { stats: wantsStats, noCache: parameters.get('noCache') === 'true' };
    const watch = stopwatch(clock);
    const result = await evaluate(context, reply, parameters, { expression, at, options });
    const stats = wantsStats ? prometheusStats(result, watch()) : undefined;
    const pieces = (): Iterator<Uint8Array, void> => piecesOfResult(result, { limit, stats });
    // Of these there is more in an answer than its series.
    if (wantsStats || limit > 0 || result.warnings.length + result.infos.length > 0) {
      return sendPieces(reply, pieces());
    }
    const bytes = kept.get(result);
    if (bytes !== undefined) return reply.header('content-type', 'application/json').send(bytes);
    return sendPieces(reply, pieces(), (whole) => {
      kept.offer(result, whole);
    });
  }
}

function stopwatch(clock: Clock): () => number {
  const startMs = clock.monotonicMs();
  return () => (clock.monotonicMs() - startMs) / 1_000;
}

/**
 * What an evaluation took, under Prometheus' names. Our engine neither prepares nor sorts apart from
 * evaluating, and a query that finds no slot is turned away and not queued.
 */
function prometheusStats({ stats }: QueryResult, totalSeconds: number): PrometheusStats {
  const evalTotalTime = stats === undefined ? totalSeconds : stats.durationMs / 1_000;
  return {
    timings: {
      evalTotalTime,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: evalTotalTime,
      execQueueTime: 0,
      execTotalTime: Math.max(totalSeconds, evalTotalTime),
    },
    samples: {
      totalQueryableSamples: stats?.samplesRead ?? 0,
      peakSamples: stats?.peakSamples ?? 0,
    },
  };
}
