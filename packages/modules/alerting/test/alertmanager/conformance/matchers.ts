import {
  MatcherSyntaxError,
  parseClassicMatchers,
  parseUtf8Matcher,
  parseUtf8Matchers,
} from '@dwcp/alerting';
import { type LabelMatcher } from '@dwcp/core';

import { attempt, type CaseOutcome, compare, type FileOutcome } from './outcome.ts';

interface WantedMatcher {
  readonly name: string;
  readonly op: string;
  readonly value: string;
}

interface MatcherCase {
  readonly input?: string;
  readonly fn?: 'matcher' | 'matchers';
  readonly want?: WantedMatcher | readonly WantedMatcher[];
  readonly err?: string;
  readonly skip?: boolean;
}

export interface MatcherFile {
  readonly cases: readonly MatcherCase[];
}

export function runClassicMatchers({ cases }: MatcherFile): FileOutcome {
  const outcomes = cases.map((found) => runCase(found, parseClassicMatchers));
  return { cases: outcomes, leftOut: [] };
}

/** `am-matchers-utf8.json` and, where no case is skipped by name, `am-matchers-compliance.json`. */
export function runUtf8Matchers({ cases }: MatcherFile): FileOutcome {
  const inScope = cases.filter(({ skip }) => skip !== true);
  return {
    cases: inScope.map((found) => runCase(found, utf8ParserOf(found))),
    leftOut: cases
      .filter(({ skip }) => skip === true)
      .map(({ input = '' }) => ({ name: input, reason: 'the two grammars differ' })),
  };
}

function utf8ParserOf({ fn }: MatcherCase): (text: string) => readonly LabelMatcher[] {
  return fn === 'matcher' ? (text) => [parseUtf8Matcher(text)] : parseUtf8Matchers;
}

function runCase(
  found: MatcherCase,
  parse: (text: string) => readonly LabelMatcher[],
): CaseOutcome {
  const { input = '', want = [], err, fn } = found;
  const name = `${fn === undefined ? '' : `${fn} `}${JSON.stringify(input)}`;
  const result = attempt(() => parse(input));
  if (err !== undefined) {
    if ('value' in result) return compare(name, `refused: ${err}`, result.value);
    // Positions are compared; how the reason is worded is each one's own.
    const place = /^\d+:\d+(?=: )/.exec(err)?.[0];
    const { error } = result;
    const got =
      error instanceof MatcherSyntaxError && error.startColumn !== undefined
        ? `${error.startColumn}:${error.endColumn}`
        : undefined;
    return compare(name, place ?? 'refused', place === undefined ? 'refused' : got);
  }
  const wanted = (Array.isArray(want) ? want : [want]) as readonly WantedMatcher[];
  const got =
    'value' in result
      ? result.value.map((matcher) => ({
          name: matcher.name,
          op: matcher.operator,
          value: matcher.value,
        }))
      : `refused: ${result.error.message}`;
  return compare(name, wanted, got);
}
