import { type Labels } from './labels.ts';
import { AnchoredRegExp } from './regexp.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** A condition on one label. An absent label counts as ''. */
export interface LabelMatcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/**
 * Turns a matcher into a test of a label's value. Regular expressions run in linear time.
 * @param options.maxSlowMs as AnchoredRegExp has it; the test throws InvalidInputError beyond
 * @throws InvalidInputError for a pattern that is not valid RE2
 */
export function compileMatcher(
  matcher: LabelMatcher,
  options: { readonly maxSlowMs?: number } = {},
): (value: string) => boolean {
  const { operator, value: wanted } = matcher;
  switch (operator) {
    case '=':
      return (value) => value === wanted;
    case '!=':
      return (value) => value !== wanted;
    case '=~':
    case '!~': {
      const regexp = new AnchoredRegExp(wanted, options);
      const positive = operator === '=~';
      // The same few values are asked for again and again.
      const seen = new Map<string, boolean>();
      return (value) => {
        let matches = seen.get(value);
        if (matches === undefined) {
          matches = regexp.test(value);
          if (seen.size < 10_000) seen.set(value, matches);
        }
        return matches === positive;
      };
    }
  }
}

/** Turns matchers into a test of a whole label set. */
export function compileMatchers(matchers: readonly LabelMatcher[]): (labels: Labels) => boolean {
  const tests = matchers.map((matcher) => [matcher.name, compileMatcher(matcher)] as const);
  return (labels) => tests.every(([name, test]) => test(labels.get(name)));
}
