import { compileMatcher, type LabelMatcher, QueryError } from '@dwcp/core';
import { parseSelector } from '@dwcp/promql';
import { type FastifyRequest } from 'fastify';

import { parseDurationParameter, parseTime } from '../time-parameter.ts';

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
  if (text === null || text === '') return byDefault;
  return parseTime(text) ?? notATime(name, text, `Invalid time value for '${name}': `);
}

export function requiredTimeOf(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  return parseTime(text) ?? notATime(name, text, '');
}

function notATime(name: string, text: string, what: string): never {
  throw badParameter(name, `${what}cannot parse ${JSON.stringify(text)} to a valid timestamp`);
}

export function durationOf(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  const parsed = readDuration(text);
  if (parsed.kind === 'duration') return parsed.ms;
  throw badParameter(name, parsed.problem);
}

/** How long the evaluation may take: what was asked for, at most the server's own limit. */
export function timeoutOf(parameters: URLSearchParams, limitMs: number): number {
  if ((parameters.get('timeout') ?? '') === '') return limitMs;
  return Math.min(limitMs, Math.max(0, durationOf(parameters, 'timeout')));
}

/** How far a selector looks back; undefined for the engine's own. */
export function lookbackOf(parameters: URLSearchParams): number | undefined {
  const text = parameters.get('lookback_delta') ?? '';
  if (text === '') return undefined;
  const parsed = readDuration(text);
  if (parsed.kind === 'problem') {
    throw new QueryError('bad_data', `error parsing lookback delta duration: ${parsed.problem}`);
  }
  // As in Prometheus, what is no length of time stands for the default.
  return parsed.ms > 0 ? parsed.ms : undefined;
}

type Duration =
  | { readonly kind: 'duration'; readonly ms: number }
  | { readonly kind: 'problem'; readonly problem: string };

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** What Go's durations can hold, in milliseconds. */
const MAX_DURATION_MS = 2 ** 63 / 1_000_000;

function readDuration(text: string): Duration {
  const ms = parseDurationParameter(text);
  if (ms !== undefined && Math.abs(ms) <= MAX_DURATION_MS) return { kind: 'duration', ms };
  const overflow = NUMBER.test(text) ? '. It overflows int64' : '';
  const problem = `cannot parse ${JSON.stringify(text)} to a valid duration${overflow}`;
  return { kind: 'problem', problem };
}

/** 0 stands for no limit. */
export function limitOf(parameters: URLSearchParams): number {
  const text = parameters.get('limit') ?? '';
  if (text === '') return 0;
  const limit = integerOf(text);
  if (typeof limit === 'string') throw badParameter('limit', limit);
  if (limit < 0) throw badParameter('limit', 'limit must be non-negative');
  return limit;
}

/** A limit of an endpoint that says less of a wrong one; undefined when there is none. */
export function plainLimitOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? '';
  if (text === '') return undefined;
  const limit = integerOf(text);
  if (typeof limit === 'number') return limit;
  throw new QueryError('bad_data', `${name} must be a number`);
}

const MAX_INT64 = 2n ** 63n - 1n;

/** An integer, or what Go's `strconv.Atoi` says of the text. */
export function integerOf(text: string, call = 'strconv.Atoi'): number | string {
  const quoted = JSON.stringify(text);
  if (!/^[+-]?\d+$/.test(text)) return `${call}: parsing ${quoted}: invalid syntax`;
  const value = BigInt(text);
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) {
    return `${call}: parsing ${quoted}: value out of range`;
  }
  return Number(value);
}

/** As Go's `ParseBool`; undefined when it is none. */
export function parseFlag(text: string): boolean | undefined {
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return undefined;
}

/**
 * The selectors of `match[]`. Each must ask for something, else it would select everything.
 * @throws QueryError in Prometheus' words
 */
export function selectorsOf(parameters: URLSearchParams): readonly (readonly LabelMatcher[])[] {
  return distinctSelectors(
    parameters.getAll('match[]').map((text) => {
      const matchers = selectorOf(text);
      if (matchers.every((matcher) => compileMatcher(matcher)('')))
        throw new QueryError('bad_data', EMPTY);
      return matchers;
    }),
  );
}

/** Each selector once: to ask for the same again takes time and finds the same. */
export function distinctSelectors(
  selectors: Iterable<readonly LabelMatcher[]>,
): readonly (readonly LabelMatcher[])[] {
  const distinct = new Map<string, readonly LabelMatcher[]>();
  for (const matchers of selectors) distinct.set(JSON.stringify(matchers), matchers);
  return [...distinct.values()];
}

const EMPTY = 'match[] must contain at least one non-empty matcher';

/** One selector. @throws QueryError `bad_data` */
export function selectorOf(text: string): readonly LabelMatcher[] {
  try {
    return parseSelector(text);
  } catch (error) {
    // Our parser looks for this itself.
    const isEmpty =
      error instanceof QueryError &&
      error.message.endsWith('vector selector must contain at least one non-empty matcher');
    throw isEmpty ? new QueryError('bad_data', EMPTY) : error;
  }
}

/** Tells what went wrong as a fault of a parameter. */
export function naming<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof QueryError ? badParameter(name, error.message) : error;
  }
}

export function badParameter(name: string, problem: string): QueryError {
  return new QueryError('bad_data', `invalid parameter ${JSON.stringify(name)}: ${problem}`);
}
