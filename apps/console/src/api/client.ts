import { type Frame, alignMatrix } from '../charts/frame.ts';
import { authorizationHeaders, requireToken } from './auth.ts';
import { ApiError, errorFromAnswer } from './errors.ts';
import {
  type Alert,
  type Explain,
  type LogPage,
  type Metadata,
  type PrometheusSuccess,
  type QueryData,
  type RuleGroup,
  type ServerStatus,
  type ServicePage,
  type Targets,
  type Trace,
  type TracePage,
} from './types.ts';

export type Params = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** How far the server's clock is ahead of this browser's, in ms; set from answers' Date header. */
let serverAheadMs = 0;

/** Now by the server's clock, so that "the last 5 minutes" are the server's. */
export function serverNowMs(): number {
  return Date.now() + serverAheadMs;
}

function noteServerClock(response: Response): void {
  const header = response.headers.get('date');
  const serverMs = header === null ? Number.NaN : Date.parse(header);
  if (!Number.isFinite(serverMs)) return;
  const aheadMs = serverMs - Date.now();
  // The header has whole seconds; less than two of difference says nothing.
  serverAheadMs = Math.abs(aheadMs) > 2_000 ? aheadMs : 0;
}

/** `?a=1&b=2`; undefined and empty values are left out, lists repeat their key. */
export function queryString(params: Params): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined || value === '') continue;
    if (Array.isArray(value)) for (const one of value) search.append(key, String(one));
    else search.append(key, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** `fetch` with our token, which notices when one is wanted. Rejects with ApiError when offline. */
export async function authorizedFetch(
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  const headers = new Headers(init?.headers);
  for (const [name, value] of Object.entries(authorizationHeaders())) headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(input, { ...init, headers });
  } catch (error) {
    if (init?.signal?.aborted === true) throw error;
    throw new ApiError({
      status: 0,
      title: 'The server cannot be reached',
      detail: 'No answer came from this address. It may be restarting; the console keeps trying.',
      cause: error,
    });
  }
  noteServerClock(response);
  if (response.status === 401) requireToken();
  return response;
}

/** GETs JSON. Rejects with ApiError for any answer that is not 2xx. */
export async function getJson<T>(
  path: string,
  params: Params = {},
  signal?: AbortSignal,
): Promise<T> {
  const response = await authorizedFetch(`${path}${queryString(params)}`, {
    headers: { accept: 'application/json' },
    ...(signal === undefined ? {} : { signal }),
  });
  const body = await readBody(response);
  if (body === undefined) {
    throw new ApiError({
      status: response.status,
      title: 'The answer was not JSON',
      detail: `${path} answered ${response.status} with something else than JSON.`,
    });
  }
  return body as T;
}

/**
 * Sends JSON that changes something; an answer without JSON gives undefined. Rejects with ApiError for
 * any answer that is not 2xx.
 */
export async function sendJson<T>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  content?: unknown,
): Promise<T> {
  const response = await authorizedFetch(path, {
    method,
    headers: {
      accept: 'application/json',
      ...(content === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
  return (await readBody(response)) as T;
}

/** The JSON of an answer; undefined for anything else. Rejects with ApiError when it is not 2xx. */
async function readBody(response: Response): Promise<unknown> {
  const raw = await response.text();
  let body: unknown;
  try {
    body = raw === '' ? undefined : JSON.parse(raw);
  } catch {
    body = undefined;
  }
  if (!response.ok) throw errorFromAnswer(response.status, body);
  return body;
}

async function getData<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return (await getJson<PrometheusSuccess<T>>(path, params, signal)).data;
}

/** Evaluates an expression over a window that lies on the step's grid. */
export async function queryRange(
  expr: string,
  grid: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  signal?: AbortSignal,
): Promise<Frame> {
  const data = await getData<QueryData>(
    '/api/v1/query_range',
    {
      query: expr,
      start: grid.startMs / 1_000,
      end: grid.endMs / 1_000,
      step: grid.stepMs / 1_000,
    },
    signal,
  );
  return alignMatrix(data.resultType === 'matrix' ? data.result : [], grid);
}

export const api = {
  /** Runs an expression over a window and tells what it cost. */
  explain: (
    {
      expr,
      startMs,
      endMs,
      stepMs,
      noCache,
    }: {
      readonly expr: string;
      readonly startMs: number;
      readonly endMs: number;
      readonly stepMs: number;
      readonly noCache: boolean;
    },
    signal?: AbortSignal,
  ): Promise<Explain> =>
    getJson(
      '/api/v1/explain',
      {
        query: expr,
        start: startMs / 1_000,
        end: endMs / 1_000,
        step: stepMs / 1_000,
        noCache: noCache ? true : undefined,
      },
      signal,
    ),
  query: (expr: string, unixMs: number, signal?: AbortSignal): Promise<QueryData> =>
    getData('/api/v1/query', { query: expr, time: unixMs / 1_000 }, signal),
  metadata: (signal?: AbortSignal): Promise<Metadata> => getData('/api/v1/metadata', {}, signal),
  labelValues: (name: string, signal?: AbortSignal): Promise<readonly string[]> =>
    getData(`/api/v1/label/${encodeURIComponent(name)}/values`, {}, signal),
  targets: (signal?: AbortSignal): Promise<Targets> =>
    getData('/api/v1/targets', { state: 'active' }, signal),
  rules: (
    signal?: AbortSignal,
    params: Params = {},
  ): Promise<{ readonly groups: readonly RuleGroup[] }> => getData('/api/v1/rules', params, signal),
  alerts: (signal?: AbortSignal): Promise<{ readonly alerts: readonly Alert[] }> =>
    getData('/api/v1/alerts', {}, signal),
  status: (signal?: AbortSignal): Promise<ServerStatus> => getJson('/api/v1/status', {}, signal),
  logs: (params: Params, signal?: AbortSignal): Promise<LogPage> =>
    getJson('/api/v1/logs', params, signal),
  traces: (params: Params, signal?: AbortSignal): Promise<TracePage> =>
    getJson('/api/v1/traces', params, signal),
  trace: (traceId: string, signal?: AbortSignal): Promise<Trace> =>
    getJson(`/api/v1/traces/${encodeURIComponent(traceId)}`, {}, signal),
  services: (signal?: AbortSignal): Promise<ServicePage> => getJson('/api/v1/services', {}, signal),
};
