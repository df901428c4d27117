import { InvalidInputError, type LabelMatcher } from '@dwcp/core';

import { type PostableAlert } from '../alerts.ts';
import { compileMatcher } from '../matcher.ts';
import { type PostableSilence } from '../silences.ts';

/** The body of `POST /api/v2/alerts`. @throws InvalidInputError for what is no such body */
export function readPostedAlerts(body: unknown): readonly PostableAlert[] {
  if (!Array.isArray(body)) {
    const fix = 'post [{"labels": {"alertname": "A"}}]';
    throw wrong('body', 'is no list of alerts', body, fix);
  }
  return body.map((found: unknown, index): PostableAlert => {
    const where = `[${index}]`;
    const alert = recordOf(found, where);
    const startsAtUnixMs = momentOf(alert, 'startsAt', where);
    const endsAtUnixMs = momentOf(alert, 'endsAt', where);
    const generatorUrl = alert['generatorURL'] ?? '';
    if (typeof generatorUrl !== 'string') {
      throw wrong(`${where}.generatorURL`, 'is no text', generatorUrl, 'put it in quotes');
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
  if (startsAtUnixMs === undefined) throw missing('startsAt', MOMENT);
  if (endsAtUnixMs === undefined) throw missing('endsAt', MOMENT);
  if (!Array.isArray(matchers)) {
    throw wrong('matchers', 'is no list', matchers, `write [${MATCHER}]`);
  }
  if (id !== undefined && typeof id !== 'string') {
    throw wrong('id', 'is no text', id, 'put it in quotes');
  }
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
    throw wrong(`${where}.isRegex`, 'is neither true nor false', isRegex, `write ${MATCHER}`);
  }
  if (typeof isEqual !== 'boolean') {
    throw wrong(`${where}.isEqual`, 'is neither true nor false', isEqual, `write ${MATCHER}`);
  }
  const equal = isRegex ? '=~' : '=';
  const unequal = isRegex ? '!~' : '!=';
  const matcher: LabelMatcher = {
    name: textOf(record, 'name', where),
    operator: isEqual ? equal : unequal,
    value: textOf(record, 'value', where),
  };
  try {
    compileMatcher(matcher);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidInputError(`${where}.value`, `${reason}; write RE2 syntax`, { cause });
  }
  return matcher;
}

function recordOf(found: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw wrong(where, 'is no object', found, 'write {...}');
  }
  return found as Readonly<Record<string, unknown>>;
}

function textOf(found: Readonly<Record<string, unknown>>, key: string, where: string): string {
  const value = found[key];
  if (typeof value === 'string') return value;
  const field = nameOf(where, key);
  if (value === undefined) throw missing(field, 'a text');
  throw wrong(field, 'is no text', value, 'put it in quotes');
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
    throw wrong(nameOf(where, key), 'is no moment', value, `write it as ${MOMENT}`);
  }
  return unixMs === GO_ZERO_UNIX_MS ? undefined : unixMs;
}

const MOMENT = '2026-01-02T03:04:05Z';
const MATCHER = '{"name": "alertname", "value": "A", "isRegex": false, "isEqual": true}';
/** Of a value, so much is shown. */
const MAX_SHOWN = 100;

function missing(field: string, fix: string): InvalidInputError {
  return new InvalidInputError(field, `is required; add it: ${fix}`);
}

function wrong(field: string, problem: string, value: unknown, fix: string): InvalidInputError {
  const text = JSON.stringify(value) ?? 'nothing';
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
  return new InvalidInputError(field, `${problem}, got ${shown}; ${fix}`);
}

function nameOf(where: string, key: string): string {
  return where === '' ? key : `${where}.${key}`;
}
