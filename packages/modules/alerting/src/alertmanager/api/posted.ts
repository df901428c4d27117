import { InvalidInputError, type LabelMatcher } from '@dwcp/core';

import { type PostableAlert } from '../alerts.ts';
import { compileMatcher } from '../matcher.ts';
import { type PostableSilence } from '../silences.ts';

/** The body of `POST /api/v2/alerts`. @throws InvalidInputError for what is no such body */
export function readPostedAlerts(body: unknown): readonly PostableAlert[] {
  if (!Array.isArray(body)) throw new InvalidInputError('body', 'is no list of alerts');
  return body.map((found: unknown, index): PostableAlert => {
    const where = `[${index}]`;
    const alert = recordOf(found, where);
    const startsAtUnixMs = momentOf(alert, 'startsAt', where);
    const endsAtUnixMs = momentOf(alert, 'endsAt', where);
    const generatorUrl = alert['generatorURL'] ?? '';
    if (typeof generatorUrl !== 'string') {
      throw new InvalidInputError(`${where}.generatorURL`, 'is no text');
    }
    return {
      labels: textsOf(alert, 'labels', where),
      annotations: alert['annotations'] === undefined ? {} : textsOf(alert, 'annotations', where),
      generatorUrl,
      ...(startsAtUnixMs === undefined ? {} : { startsAtUnixMs }),
      ...(endsAtUnixMs === undefined ? {} : { endsAtUnixMs }),
    };
  });
}

/** The body of `POST /api/v2/silences`. @throws InvalidInputError for what is no such body */
export function readPostedSilence(body: unknown): PostableSilence {
  const found = recordOf(body, 'body');
  const { id, matchers } = found;
  const startsAtUnixMs = momentOf(found, 'startsAt', '');
  const endsAtUnixMs = momentOf(found, 'endsAt', '');
  if (startsAtUnixMs === undefined) throw new InvalidInputError('startsAt', 'is required');
  if (endsAtUnixMs === undefined) throw new InvalidInputError('endsAt', 'is required');
  if (!Array.isArray(matchers)) throw new InvalidInputError('matchers', 'is no list');
  if (id !== undefined && typeof id !== 'string') throw new InvalidInputError('id', 'is no text');
  return {
    matchers: matchers.map((matcher: unknown, index) => matcherOf(matcher, `matchers[${index}]`)),
    startsAtUnixMs,
    endsAtUnixMs,
    createdBy: textOf(found, 'createdBy', ''),
    comment: textOf(found, 'comment', ''),
    annotations: found['annotations'] === undefined ? {} : textsOf(found, 'annotations', ''),
    ...(id === undefined || id === '' ? {} : { id }),
  };
}

function matcherOf(found: unknown, where: string): LabelMatcher {
  const record = recordOf(found, where);
  const { isRegex, isEqual = true } = record;
  if (typeof isRegex !== 'boolean') {
    throw new InvalidInputError(`${where}.isRegex`, 'is neither true nor false');
  }
  if (typeof isEqual !== 'boolean') {
    throw new InvalidInputError(`${where}.isEqual`, 'is neither true nor false');
  }
  const equal = isRegex ? '=~' : '=';
  const unequal = isRegex ? '!~' : '!=';
  const matcher: LabelMatcher = {
    name: textOf(record, 'name', where),
    operator: isEqual ? equal : unequal,
    value: textOf(record, 'value', where),
  };
  compileMatcher(matcher);
  return matcher;
}

function recordOf(found: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new InvalidInputError(where, 'is no object');
  }
  return found as Readonly<Record<string, unknown>>;
}

function textOf(found: Readonly<Record<string, unknown>>, key: string, where: string): string {
  const value = found[key];
  if (typeof value === 'string') return value;
  throw new InvalidInputError(
    nameOf(where, key),
    value === undefined ? 'is required' : 'is no text',
  );
}

function textsOf(
  found: Readonly<Record<string, unknown>>,
  key: string,
  where: string,
): Readonly<Record<string, string>> {
  const inner = recordOf(found[key], nameOf(where, key));
  const texts = Object.keys(inner).map((name) => [name, textOf(inner, name, nameOf(where, key))]);
  return Object.fromEntries(texts) as Record<string, string>;
}

/** What Go writes for a time that is not set. */
const GO_ZERO_UNIX_MS = Date.parse('0001-01-01T00:00:00Z');

/** Go's zero time and '' are no moment. */
function momentOf(
  found: Readonly<Record<string, unknown>>,
  key: string,
  where: string,
): number | undefined {
  const value = found[key];
  if (value === undefined || value === null || value === '') return undefined;
  const isRfc3339 =
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(value);
  const unixMs = isRfc3339 ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(unixMs)) {
    const problem = `${JSON.stringify(value)} is no moment; write it as 2026-01-02T03:04:05Z`;
    throw new InvalidInputError(nameOf(where, key), problem);
  }
  return unixMs === GO_ZERO_UNIX_MS ? undefined : unixMs;
}

function nameOf(where: string, key: string): string {
  return where === '' ? key : `${where}.${key}`;
}
