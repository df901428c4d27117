import { QueryError } from '@dwcp/core';
import { type FastifyRequest } from 'fastify';

import { parseDurationParameter, parseTime } from './time-parameter.ts';

/** Parameters of the Prometheus API: of the URL, and of a form body when there is one. */
export function parametersOf(request: FastifyRequest): URLSearchParams {
  const question = request.url.indexOf('?');
  const parameters = new URLSearchParams(question === -1 ? '' : request.url.slice(question + 1));
  if (request.body instanceof URLSearchParams) {
    // As in Go's `FormValue`, the body comes first.
    return new URLSearchParams([...request.body, ...parameters]);
  }
  return parameters;
}

/** @throws QueryError in Prometheus' words when the parameter is there and is no time */
export function timeOf(parameters: URLSearchParams, name: string, byDefault: number): number {
  const text = parameters.get(name);
  return text === null || text === '' ? byDefault : requiredTimeOf(parameters, name);
}

export function requiredTimeOf(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  const unixMs = parseTime(text);
  if (unixMs !== undefined) return unixMs;
  throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
}

export function durationOf(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  const ms = parseDurationParameter(text);
  if (ms !== undefined) return ms;
  throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
}

/** How long the evaluation may take: what was asked for, at most the server's own limit. */
export function timeoutOf(parameters: URLSearchParams, limitMs: number): number {
  if ((parameters.get('timeout') ?? '') === '') return limitMs;
  return Math.min(limitMs, Math.max(0, durationOf(parameters, 'timeout')));
}

/** 0 stands for no limit. */
export function limitOf(parameters: URLSearchParams, name = 'limit'): number {
  const text = parameters.get(name) ?? '';
  if (text === '') return 0;
  if (!/^[+-]?\d+$/.test(text))
    throw badParameter(name, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) < 0) throw badParameter(name, 'limit must be non-negative');
  return Number(text);
}

export function badParameter(name: string, problem: string): QueryError {
  return new QueryError('bad_data', `invalid parameter ${JSON.stringify(name)}: ${problem}`);
}
