import { InvalidInputError, wordsOf } from '@dwcp/core';

const MAX_QUERY_WORDS = 32;

/** The words of a query's text. @throws InvalidInputError above 32 words */
export function queryWords(text: string): readonly string[] {
  const words = [...wordsOf(text)];
  if (words.length > MAX_QUERY_WORDS) {
    throw new InvalidInputError(
      'text',
      `has ${words.length} different words, at most ${MAX_QUERY_WORDS} are allowed`,
    );
  }
  return words;
}
