import { InvalidInputError } from '@dwcp/core';
import { stringify } from 'yaml';

import { bodyPointer } from './body-pointer.ts';

/** Deeper than any rule; beyond it a text is made to break what reads it. */
const MAX_DEPTH = 50;

/** A rule file as a body gave it. */
export interface GivenRules {
  readonly yaml: string;
  /** Where a place in it is in the body. */
  readonly pointerOf: (place: { readonly line: number; readonly column: number }) => string;
}

/**
 * The rule file that a body gives, as it is or as a group in JSON.
 * @throws InvalidInputError unless it is one of them
 */
export function rulesOf(
  body: {
    readonly yaml?: string;
    readonly group?: Readonly<Record<string, unknown>>;
  },
  name?: string,
): GivenRules {
  const { yaml, group } = body;
  if ((yaml === undefined) === (group === undefined)) {
    throw new InvalidInputError('yaml', 'give either yaml or group');
  }
  if (yaml !== undefined) return { yaml, pointerOf: () => '/yaml' };
  checkDepth(group, 0);
  const named = name === undefined ? {} : { name };
  const made = stringify({ groups: [{ ...named, ...group }] }, { lineWidth: 0 });
  return { yaml: made, pointerOf: (place) => bodyPointer(made, place) };
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) {
    throw new InvalidInputError('group', `must have at most ${MAX_DEPTH} levels`);
  }
  for (const item of Object.values(value)) checkDepth(item, depth + 1);
}

/**
 * The version of an `If-Match` header, as the `ETag` of an answer had it.
 * @throws InvalidInputError for another
 */
export function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined) return undefined;
  const version = /^"(\d{1,15})"$/.exec(ifMatch)?.[1];
  if (version !== undefined) return Number(version);
  const shown = JSON.stringify(ifMatch.slice(0, 100));
  throw new InvalidInputError('if-match', `must be a version in quotes, such as "3", got ${shown}`);
}
