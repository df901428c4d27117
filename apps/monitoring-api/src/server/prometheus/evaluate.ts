import { QueryError, type QueryOptions, type QueryResult } from '@dwcp/core';
import { type FastifyReply } from 'fastify';

import { type ServerContext } from '../context.ts';
import { requestSignal } from '../request-signal.ts';
import { tooBusy } from './errors.ts';
import { badParameter, durationOf, lookbackOf, requiredTimeOf, timeoutOf } from './parameters.ts';

/** As Prometheus: beyond it nobody can see the points. */
const MAX_POINTS = 11_000;

/**
 * Does work in one of the bounded slots, and stops it when nobody waits for it any more.
 * @throws ProblemError 503 when all slots are taken; the signal's reason when it was stopped
 */
export async function inSlot<T>(
  context: ServerContext,
  reply: FastifyReply,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using slot = context.querySlots.take();
  if (slot === undefined) throw tooBusy();
  using request = requestSignal(reply, context.runtime.clock, timeoutMs);
  try {
    request.signal.throwIfAborted();
    return await work(request.signal);
  } catch (error) {
    // Whatever form the engine gave it, the reason why it stopped is ours.
    throw request.signal.aborted ? request.signal.reason : error;
  }
}

export interface Evaluation {
  readonly expression: string;
  /** One moment, or a range. */
  readonly at:
    | { readonly unixMs: number }
    | { readonly startUnixMs: number; readonly endUnixMs: number; readonly stepMs: number };
  readonly options?: Omit<QueryOptions, 'signal'>;
}

/** The range of `start`, `end` and `step`. @throws QueryError in Prometheus' words */
export function rangeOf(parameters: URLSearchParams): {
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  readonly stepMs: number;
} {
  const startUnixMs = requiredTimeOf(parameters, 'start');
  const endUnixMs = requiredTimeOf(parameters, 'end');
  if (endUnixMs < startUnixMs) {
    throw badParameter('end', 'end timestamp must not be before start time');
  }
  const stepMs = durationOf(parameters, 'step');
  if (stepMs <= 0) {
    throw badParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if (Math.floor((endUnixMs - startUnixMs) / stepMs) > MAX_POINTS) {
    throw new QueryError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  return { startUnixMs, endUnixMs, stepMs };
}

/** Evaluates with the `timeout` and `lookback_delta` of the parameters. */
export async function evaluate(
  context: ServerContext,
  reply: FastifyReply,
  parameters: URLSearchParams,
  { expression, at, options }: Evaluation,
): Promise<QueryResult> {
  const { query, config } = context.runtime;
  const timeoutMs = timeoutOf(parameters, config.query.timeoutMs);
  const lookbackMs = lookbackOf(parameters);
  return inSlot(context, reply, timeoutMs, async (signal) => {
    const all = { ...options, ...(lookbackMs === undefined ? {} : { lookbackMs }), signal };
    return 'unixMs' in at
      ? query.instant({ expression, ...at }, all)
      : query.range({ expression, ...at }, all);
  }).catch(nameParameter);
}

/** An expression that does not parse is told as a fault of the parameter, as Prometheus does. */
function nameParameter(error: unknown): never {
  throw error instanceof QueryError &&
    error.errorType === 'bad_data' &&
    !error.message.startsWith('invalid parameter')
    ? badParameter('query', error.message)
    : error;
}
