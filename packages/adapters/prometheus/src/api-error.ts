import { BackendError, InvalidInputError, QueryError } from '@dwcp/core';

import { RequestTimeout } from './http-client.ts';

/** An answer that is not a success, before a caller knows what it means there. */
export class ApiError extends Error {
  readonly status: number;
  /** The server's own word, such as `bad_data`; VictoriaMetrics gives the status as text. */
  readonly errorType: string;
  /** What was asked, such as `POST http://host:9090/api/v1/query`. */
  readonly request: string;

  constructor(request: string, status: number, body: string) {
    const { errorType, error } = readErrorBody(body);
    super(error);
    this.status = status;
    this.errorType = errorType;
    this.request = request;
  }
}

/** What a refused call means where no expression of a user is in it. */
export function backendError(error: ApiError): BackendError {
  const { status, request, message } = error;
  const fix = FIXES[status] ?? '';
  return new BackendError(
    'prometheus',
    `${request} answered ${status}: ${message === '' ? 'nothing' : message}${fix}`,
    { cause: error, retryable: status === 429 || status >= 500 },
  );
}

/** What a refused read of series means: matchers that the server does not take are the caller's. */
export function readError(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const refused = error.status === 400 || error.status === 422;
  const known = error.errorType === 'bad_data' || error.message.startsWith('cannot parse match');
  return refused && known
    ? new InvalidInputError('query', `${error.request} refused it: ${error.message}`, {
        cause: error,
      })
    : backendError(error);
}

/**
 * What a failed query means.
 * @param expression gives positions: the server tells line and column, in bytes
 */
export function queryError(error: unknown, expression: string): unknown {
  if (error instanceof BackendError && error.cause instanceof RequestTimeout) {
    return new QueryError('timeout', error.message, { cause: error });
  }
  if (!(error instanceof ApiError)) return error;
  const { status, errorType, message } = error;
  switch (errorType) {
    case 'bad_data':
    case 'execution':
    case 'timeout':
    case 'canceled':
      return new QueryError(errorType, message, placed(error, linePosition(message, expression)));
    case '422':
      // VictoriaMetrics has one type for all; a parser's complaint shows in its words.
      return NOT_PARSED.test(message)
        ? new QueryError('bad_data', message, placed(error, restPosition(message, expression)))
        : new QueryError('execution', message, { cause: error });
    default:
      return status === 422
        ? new QueryError('execution', message, { cause: error })
        : backendError(error);
  }
}

const FIXES: Readonly<Record<number, string>> = {
  401: '; check auth',
  403: '; check what auth may do',
  404: '; check that url is the address of a Prometheus-compatible server, with its path',
};

const NOT_PARSED =
  /unexpected token|unparsed data|cannot parse|cannot recognize|cannot expand WITH|unknown func|out of allowed range|invalid regexp|missing /;

interface Placed extends ErrorOptions {
  readonly position?: { readonly start: number; readonly end: number };
}

/** The servers tell where a fault begins, not where it ends: one character stands for it. */
function placed(cause: ApiError, start: number | undefined): Placed {
  return start === undefined ? { cause } : { cause, position: { start, end: start + 1 } };
}

/** `1:5: parse error: ...` as a character offset. Lines and columns count from 1, columns in bytes. */
function linePosition(message: string, expression: string): number | undefined {
  const [, line, column] = /(?:^|: )(\d+):(\d+): parse error/.exec(message) ?? [];
  if (line === undefined || column === undefined) return undefined;
  const lines = expression.split('\n');
  const text = lines[Number(line) - 1];
  if (text === undefined) return undefined;
  const before = lines.slice(0, Number(line) - 1).reduce((sum, { length }) => sum + length + 1, 0);
  return (
    before +
    Buffer.from(text)
      .subarray(0, Number(column) - 1)
      .toString().length
  );
}

/** VictoriaMetrics quotes the rest it could not read. */
function restPosition(message: string, expression: string): number | undefined {
  const [, quoted] = /unparsed data: ("(?:[^"\\]|\\.)*")$/.exec(message) ?? [];
  if (quoted === undefined) return undefined;
  try {
    const rest = JSON.parse(quoted) as string;
    return expression.endsWith(rest) ? expression.length - rest.length : undefined;
  } catch {
    // Go's quotes know escapes that JSON lacks; the message is enough then.
    return undefined;
  }
}

function readErrorBody(body: string): { readonly errorType: string; readonly error: string } {
  try {
    const parsed = JSON.parse(body) as { readonly errorType?: unknown; readonly error?: unknown };
    if (typeof parsed.error === 'string') {
      const { errorType } = parsed;
      return {
        errorType: typeof errorType === 'string' ? errorType : '',
        error: parsed.error.slice(0, 10_000),
      };
    }
  } catch {
    // Plain text, as remote write and proxies answer.
  }
  return { errorType: '', error: body.trim().slice(0, 1_000) };
}
