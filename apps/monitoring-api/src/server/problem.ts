import { PROBLEM_MEDIA_TYPE, type Problem, type ProblemDetail } from '@dwcp/api-schema';
import { BackendError, InvalidInputError, type Log, QueryError } from '@dwcp/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';

/** An answer that says what went wrong, in the form of RFC 9457. */
export class ProblemError extends Error {
  readonly status: number;
  /** The last part of the problem's type. */
  readonly kind: string;
  readonly title: string;
  readonly errors: readonly ProblemDetail[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    kind: string,
    title: string,
    detail: string,
    options: {
      readonly errors?: readonly ProblemDetail[];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
    this.name = 'ProblemError';
    this.status = status;
    this.kind = kind;
    this.title = title;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }
}

/** Turns anything thrown into a problem. What is no fault of the caller keeps its details to itself. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof InvalidInputError) {
    return new ProblemError(400, 'invalid-input', 'Invalid input', error.message, {
      errors: [{ pointer: error.field, detail: error.message }],
    });
  }
  if (error instanceof QueryError) {
    const status =
      error.errorType === 'bad_data' ? 400 : error.errorType === 'execution' ? 422 : 503;
    return new ProblemError(status, 'query-failed', 'The query failed', error.message);
  }
  if (error instanceof BackendError) {
    return new ProblemError(503, 'store-unavailable', 'A store is not available', error.message, {
      headers: { 'retry-after': '5' },
    });
  }
  const { code, statusCode, message } = fieldsOf(error);
  switch (code ?? '') {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ProblemError(
        413,
        'body-too-large',
        'Body too large',
        'the body is larger than server.bodyLimitBytes; send it in parts',
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ProblemError(415, 'media-type', 'Unsupported media type', message);
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new ProblemError(
        400,
        'malformed-body',
        'Malformed body',
        `the body is not JSON: ${message}`,
      );
    default:
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ProblemError(statusCode, 'bad-request', 'Bad request', message);
  }
  return new ProblemError(
    500,
    'internal-error',
    'Internal error',
    'something went wrong on our side; the platform log has the details under this requestId',
  );
}

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  log: Log,
): FastifyReply {
  const problem = problemOf(error);
  if (problem.status === 500) {
    log.error(
      { err: error, requestId: request.id, route: request.routeOptions.url },
      'request failed',
    );
  }
  const body: Problem = {
    type: `urn:dwcp:problem:${problem.kind}`,
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    instance: pathOf(request),
    requestId: request.id,
    ...(problem.errors.length === 0 ? {} : { errors: [...problem.errors] }),
  };
  if (problem.status === 413) readToItsEnd(request, reply);
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', `${PROBLEM_MEDIA_TYPE}; charset=utf-8`)
    .serializer(JSON.stringify)
    .send(body);
}

/**
 * Lets a client send the rest of a refused body into nothing. A connection closed on it while it
 * still writes would show it a broken pipe in place of the answer. The request's time limit ends
 * what does not end by itself.
 */
export function readToItsEnd(request: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection');
  request.raw.unpipe();
  request.raw.resume();
}

/** The path without the query, which may hold what was searched for. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}

function fieldsOf(error: unknown): { code?: string; statusCode?: number; message: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  return {
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof statusCode === 'number' ? { statusCode } : {}),
  };
}
