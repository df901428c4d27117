import { isSpanId, isTraceId, type SpanContext } from '@dwcp/core';

/** A span context with what level 2 of W3C Trace Context adds to it. */
export interface TraceContext extends SpanContext {
  /** The last 7 bytes of the trace id are random, as the flag `02` says. */
  readonly randomTraceId?: boolean;
}

/** Request headers as Node gives them, with names in any case, or those of `fetch`. */
export type HeaderSource =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

const SAMPLED = 1;
const RANDOM = 2;
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_TRACESTATE_MEMBERS = 32;
// Level 1 names tenants `tenant@system`; level 2 lets keys start with a digit. Both are taken.
const MEMBER_KEY =
  /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
const MEMBER_VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * Reads `traceparent` and `tracestate`. A malformed `traceparent` is as none; a malformed
 * `tracestate` is dropped and the trace goes on.
 * @see https://www.w3.org/TR/trace-context-2/
 */
export function extractTraceContext(headers: HeaderSource): TraceContext | undefined {
  const [traceparent, ...others] = readHeader(headers, 'traceparent');
  if (traceparent === undefined || others.length > 0) return undefined;
  const match = TRACEPARENT.exec(traceparent.trim());
  if (match === null) return undefined;
  const [, version = '', traceId = '', spanId = '', flagsHex = '', rest] = match;
  if (version === 'ff' || !isTraceId(traceId) || !isSpanId(spanId)) return undefined;
  // Version 00 ends after the flags; a later one may add fields, which are not ours to judge.
  if (version === '00' && rest !== undefined) return undefined;
  const flags = Number.parseInt(flagsHex, 16);
  return {
    traceId,
    spanId,
    sampled: (flags & SAMPLED) !== 0,
    traceState: readTraceState(readHeader(headers, 'tracestate')),
    ...((flags & RANDOM) === 0 ? {} : { randomTraceId: true }),
  };
}

/** Writes `traceparent` and, when there is one, `tracestate` into outgoing headers. */
export function injectTraceContext(
  context: TraceContext,
  headers: Record<string, string>,
): Record<string, string> {
  const flags = (context.sampled ? SAMPLED : 0) | (context.randomTraceId === true ? RANDOM : 0);
  headers['traceparent'] = `00-${context.traceId}-${context.spanId}-0${flags}`;
  if (context.traceState !== '') headers['tracestate'] = context.traceState;
  return headers;
}

/** All values of a header. */
function readHeader(headers: HeaderSource, name: string): readonly string[] {
  if (isHeaders(headers)) {
    const value = headers.get(name);
    return value === null ? [] : [value];
  }
  return Object.keys(headers)
    .filter((key) => key.length === name.length && key.toLowerCase() === name)
    .flatMap((key) => headers[key] ?? []);
}

function isHeaders(headers: HeaderSource): headers is { get(name: string): string | null } {
  return typeof headers.get === 'function';
}

/** Joins repeated headers, drops empty members; '' when any member is malformed or repeated. */
function readTraceState(headers: readonly string[]): string {
  const members = headers
    .join(',')
    .split(',')
    .map((member) => member.replaceAll(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');
  if (members.length > MAX_TRACESTATE_MEMBERS) return '';
  const keys = new Set<string>();
  for (const member of members) {
    const split = member.indexOf('=');
    const key = member.slice(0, split);
    if (split < 1 || !MEMBER_KEY.test(key) || !MEMBER_VALUE.test(member.slice(split + 1)))
      return '';
    if (keys.has(key)) return '';
    keys.add(key);
  }
  return members.join(',');
}
