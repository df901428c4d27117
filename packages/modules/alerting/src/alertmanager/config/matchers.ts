import { InvalidInputError, isLegacyLabelName, type LabelMatcher } from '@dwcp/core';

import { sortMatchers } from '../matcher.ts';
import { parseMatchers } from '../parse-matchers.ts';
import { type ConfigReader } from './reader.ts';
import { type ConfigRecord } from './record.ts';

/**
 * Reads the three ways to write matchers: a mapping of values, one of regular expressions, and a
 * list in the matcher grammar.
 */
export function readMatchers(
  reader: ConfigReader,
  found: ConfigRecord,
  keys: { readonly match: string; readonly matchRe: string; readonly matchers: string },
): readonly LabelMatcher[] {
  const matchers: LabelMatcher[] = [];
  for (const [key, operator] of [
    [keys.match, '='],
    [keys.matchRe, '=~'],
  ] as const) {
    for (const [name, { value, place }] of found.textMap(key)) {
      if (!isLegacyLabelName(name)) {
        const fix = 'letters, digits and _ make a label name here; use matchers for others';
        reader.problem(place, found.name(key), 'is no label name', fix, JSON.stringify(name));
      }
      // The anchors are part of what a route's key shows.
      matchers.push({ name, operator, value: operator === '=' ? value : `^(?:${value})$` });
    }
  }
  for (const [index, { value, place }] of found.texts(keys.matchers).entries()) {
    try {
      matchers.push(...parseMatchers(value));
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      const where = `${found.name(keys.matchers)}[${index}]`;
      const fix = 'write it as name="value", with =, !=, =~ or !~';
      const problem = error.message.replace(/^matcher: /, '');
      reader.problem(place, where, problem, fix, JSON.stringify(value));
    }
  }
  return sortMatchers(matchers);
}

/** Names of labels, once each; whatever is no name goes to the problems. */
export function readLabelNames(
  reader: ConfigReader,
  found: ConfigRecord,
  key: string,
): readonly string[] {
  const names = new Set<string>();
  for (const [index, { value, place }] of found.texts(key).entries()) {
    const where = `${found.name(key)}[${index}]`;
    const shown = JSON.stringify(value);
    if (value === '') reader.problem(place, where, 'is no label name', 'name a label', shown);
    else if (names.has(value)) reader.problem(place, where, 'stands twice', 'remove one', shown);
    names.add(value);
  }
  return [...names];
}
