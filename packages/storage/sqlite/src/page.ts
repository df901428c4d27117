import { InvalidInputError } from '@dwcp/core';

import { isInt64 } from './int64.ts';

/** Where an item of a list stands in time order: by time, then by the order of arrival. */
export interface Position {
  readonly time: bigint;
  readonly id: bigint;
}

/**
 * An opaque cursor.
 * @param kind ties it to the list and order it was made for: small letters and `-`
 */
export function encodeCursor(kind: string, position: Position): string {
  return Buffer.from(`${kind}:${position.time}:${position.id}`).toString('base64url');
}

/** @throws InvalidInputError for a cursor that is none of ours, or one of another list or order */
export function decodeCursor(kind: string, cursor: string): Position {
  const text = Buffer.from(cursor.slice(0, 200), 'base64url').toString('latin1');
  const match = /^([a-z-]+):(-?\d{1,19}):(\d{1,19})$/.exec(text);
  const time = BigInt(match?.[2] ?? 0);
  const id = BigInt(match?.[3] ?? 0);
  if (match === null || match[1] !== kind || !isInt64(time) || !isInt64(id)) {
    throw new InvalidInputError(
      'cursor',
      `${JSON.stringify(cursor.slice(0, 100))} is no cursor of this list; ` +
        'use the nextCursor of an earlier page of the same query, or none',
    );
  }
  return { time, id };
}

/** @throws InvalidInputError when the limit is not a whole number from 1 to `max` */
export function checkLimit(limit: number, max: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > max) {
    throw new InvalidInputError('limit', `must be a whole number from 1 to ${max}, got ${limit}`);
  }
}
