import { InvalidInputError, parseDuration } from '@dwcp/core';

import { parseTime } from '../server/time-parameter.ts';

/** A Date, Unix milliseconds, or text as the HTTP API takes it (RFC 3339 or Unix seconds). */
export type Moment = Date | number | string;

/** @throws InvalidInputError naming the field */
export function toUnixMs(field: string, moment: Moment): number {
  const unixMs =
    moment instanceof Date
      ? moment.getTime()
      : typeof moment === 'string'
        ? parseTime(moment)
        : moment;
  if (unixMs === undefined || !Number.isFinite(unixMs)) {
    throw new InvalidInputError(
      field,
      `${JSON.stringify(moment)} is no moment; give a Date, Unix milliseconds, or text such as 2026-01-02T03:04:05Z`,
    );
  }
  return unixMs;
}

/** Milliseconds or a duration such as `30s`. @throws InvalidInputError naming the field */
export function toDurationMs(field: string, duration: number | string): number {
  const ms = typeof duration === 'string' ? parseDuration(duration) : duration;
  if (ms === undefined || !(ms > 0)) {
    throw new InvalidInputError(
      field,
      `${JSON.stringify(duration)} is no duration above 0; give milliseconds or text such as 30s`,
    );
  }
  return ms;
}
