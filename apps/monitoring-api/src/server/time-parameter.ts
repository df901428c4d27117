import { parseDuration } from '@dwcp/core';

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What Prometheus' clients send for "since ever" and "for ever", and what they mean here. */
const MIN_TIME = '-292273086-05-16T16:47:06Z';
const MAX_TIME = '292277025-08-18T07:12:54.999999999Z';
export const MIN_UNIX_MS = -8_640_000_000_000_000;
export const MAX_UNIX_MS = 8_640_000_000_000_000;

/** RFC 3339 or Unix seconds to Unix milliseconds; undefined when it is neither. */
export function parseTime(text: string): number | undefined {
  if (FLOAT.test(text)) {
    const unixMs = Math.round(Number(text) * 1_000);
    return Math.abs(unixMs) <= MAX_UNIX_MS ? unixMs : undefined;
  }
  if (text === MIN_TIME) return MIN_UNIX_MS;
  if (text === MAX_TIME) return MAX_UNIX_MS;
  if (!RFC3339.test(text)) return undefined;
  const unixMs = Date.parse(text.toUpperCase().replace(' ', 'T'));
  return Number.isNaN(unixMs) ? undefined : unixMs;
}

/** The same in nanoseconds, keeping more digits than a double has. */
export function parseTimeNano(text: string): bigint | undefined {
  const unixMs = parseTime(text);
  if (unixMs === undefined) return undefined;
  const digits = /^([+-]?\d+)\.(\d+)$/.exec(text);
  if (digits === null) return BigInt(unixMs) * 1_000_000n;
  const [, whole = '0', fraction = ''] = digits;
  const nanos = BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return BigInt(whole) * 1_000_000_000n + (whole.startsWith('-') ? -nanos : nanos);
}

/** A duration such as `30s`, or seconds, to milliseconds; undefined when it is neither. */
export function parseDurationParameter(text: string): number | undefined {
  if (FLOAT.test(text)) {
    const ms = Number(text) * 1_000;
    return Number.isFinite(ms) && Math.abs(ms) <= MAX_UNIX_MS ? ms : undefined;
  }
  return parseDuration(text);
}
