import { AnchoredRegExp, InvalidInputError, type LabelMatcher } from '@dwcp/core';

import { parseMatcher } from '../parse-matchers.ts';

/** `filter` of the API: each one matcher, without braces. @throws InvalidInputError */
export function readFilters(filters: readonly string[]): readonly LabelMatcher[] {
  return filters.map((filter) => {
    try {
      return parseMatcher(filter);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InvalidInputError('filter', `${JSON.stringify(filter)}: ${reason}`, {
        cause: error,
      });
    }
  });
}

/** `receiver` of the API: a regular expression of the whole name. @throws InvalidInputError */
export function receiverTest(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true;
  try {
    const regexp = new AnchoredRegExp(pattern);
    return (name) => regexp.test(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidInputError('receiver', reason, { cause: error });
  }
}
