import { type LabelMatcher } from '@dwcp/core';

import { parseClassicMatcher, parseClassicMatchers } from './classic-matchers.ts';
import { MatcherSyntaxError } from './matcher.ts';
import { parseUtf8Matcher, parseUtf8Matchers } from './utf8-matchers.ts';

/**
 * Reads matchers of a configuration file as Alertmanager does by default: in the UTF-8 grammar;
 * in the classic one where only that can read them, or where the two read them differently.
 * @throws MatcherSyntaxError
 * @see https://prometheus.io/docs/alerting/latest/configuration/#fallback-mode
 */
export function parseMatchers(text: string): readonly LabelMatcher[] {
  return readBoth(text, parseUtf8Matchers, parseClassicMatchers);
}

/** One matcher without braces, such as a `filter` of the API. @throws MatcherSyntaxError */
export function parseMatcher(text: string): LabelMatcher {
  if (text.startsWith('{') || text.endsWith('}')) {
    throw new MatcherSyntaxError(`unexpected open or close brace: ${text}`);
  }
  return readBoth(text, parseUtf8Matcher, parseClassicMatcher);
}

function readBoth<T>(text: string, utf8: (text: string) => T, classic: (text: string) => T): T {
  let modern: T | undefined;
  let problem: unknown;
  try {
    modern = utf8(text);
  } catch (error) {
    problem = error;
  }
  try {
    const old = classic(text);
    return modern !== undefined && JSON.stringify(modern) === JSON.stringify(old) ? modern : old;
  } catch (error) {
    if (modern !== undefined) return modern;
    throw problem ?? error;
  }
}
