import { type PrometheusError, type PrometheusErrorType } from '@dwcp/api-schema';
import { BackendError, InvalidInputError, MonitoringError, QueryError } from '@dwcp/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { type ServerContext } from '../context.ts';
import { ProblemError, problemOf } from '../problem.ts';

const STATUS: Readonly<Record<PrometheusErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  canceled: 499,
  not_found: 404,
  unavailable: 503,
  internal: 500,
};

export function tooBusy(): ProblemError {
  return new ProblemError(
    503,
    'too-many-queries',
    'Too many queries',
    'too many queries are running; try again in a moment',
    { headers: { 'retry-after': '1' } },
  );
}

/** Answers an error in Prometheus' form. What is no fault of the caller stays in the log. */
export function sendPrometheusError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  { runtime }: ServerContext,
): FastifyReply {
  const { errorType, status, headers = {} } = classify(error);
  if (errorType === 'internal') {
    runtime.log.error(
      { err: error, requestId: request.id, route: request.routeOptions.url },
      'request failed',
    );
  }
  const body: PrometheusError = {
    status: 'error',
    errorType,
    error: errorType === 'internal' ? `internal error (request ${request.id})` : messageOf(error),
  };
  return reply
    .code(status)
    .headers(headers)
    .header('content-type', 'application/json')
    .serializer(String)
    .send(JSON.stringify(body));
}

function classify(error: unknown): {
  readonly errorType: PrometheusErrorType;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
} {
  if (error instanceof QueryError)
    return { errorType: error.errorType, status: STATUS[error.errorType] };
  if (error instanceof InvalidInputError) return { errorType: 'bad_data', status: 400 };
  if (error instanceof BackendError)
    return { errorType: 'unavailable', status: 503, headers: { 'retry-after': '5' } };
  const problem = problemOf(error);
  if (problem.status >= 500 && problem.status !== 503)
    return { errorType: 'internal', status: 500 };
  return {
    errorType: problem.status === 503 ? 'unavailable' : 'bad_data',
    status: problem.status,
    headers: problem.headers,
  };
}

function messageOf(error: unknown): string {
  return error instanceof MonitoringError ? error.message : problemOf(error).message;
}
