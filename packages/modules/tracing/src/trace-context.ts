import { isSpanId, isTraceId, type SpanContext } from '@dwcp/core';

/** Request headers as Node gives them: lower-case names. */
export type HeaderSource = Readonly<Record<string, string | readonly string[] | undefined>>;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_TRACESTATE_MEMBERS = 32;
const MEMBER_KEY =
  /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
const MEMBER_VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * Reads `traceparent` and `tracestate`. A malformed `traceparent` is as none; a malformed
 * `tracestate` is dropped and the trace goes on.
 * @see https://www.w3.org/TR/trace-context/
 */
export function extractTraceContext(headers: HeaderSource): SpanContext | undefined {
  const { traceparent } = headers;
  if (typeof traceparent !== 'string') return undefined;
  const match = TRACEPARENT.exec(traceparent.trim());
  if (match === null) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || !isTraceId(traceId) || !isSpanId(spanId)) return undefined;
  // Version 00 ends after the flags; a later one may add fields, which are not ours to judge.
  if (version === '00' && rest !== undefined) return undefined;
  return {
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    traceState: readTraceState(headers['tracestate']),
  };
}

/** Writes `traceparent` and, when there is one, `tracestate` into outgoing headers. */
export function injectTraceContext(
  context: SpanContext,
  headers: Record<string, string>,
): Record<string, string> {
  const flags = context.sampled ? '01' : '00';
  headers['traceparent'] = `00-${context.traceId}-${context.spanId}-${flags}`;
  if (context.traceState !== '') headers['tracestate'] = context.traceState;
  return headers;
}

/** Joins repeated headers, drops empty members; '' when any member is malformed or repeated. */
function readTraceState(header: string | readonly string[] | undefined): string {
  if (header === undefined) return '';
  const text = typeof header === 'string' ? header : header.join(',');
  const members = text
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
