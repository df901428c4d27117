// Scripts written without spaces are searched character by character, as are emoji.
const SINGLE =
  String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}` +
  String.raw`\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
// U+FE0F only says how the emoji before it is drawn.
const WORD = new RegExp(
  String.raw`[${SINGLE}\p{Extended_Pictographic}]|[[\p{L}\p{N}\p{M}]--[${SINGLE}\ufe0f]]+`,
  'gv',
);
const NON_ASCII = /[^\0-\x7f]/;

/** Longer words are compared by their beginning. */
const MAX_WORD_LENGTH = 128;

/**
 * The different words of a text in lower case, which is what searching a log by text compares. A word
 * is a run of letters, digits and combining marks, cut after 128 UTF-16 units; a character of a script
 * written without spaces, or an emoji, is a word by itself. All else only separates: `db-7` is two.
 *
 * A log store's index, its queries and a live tail must agree on this, so that a tail shows what a
 * search would find, and none of them ever sees the other's syntax.
 */
export function wordsOf(text: string): Set<string> {
  const lower = (NON_ASCII.test(text) ? text.normalize('NFC') : text).toLowerCase();
  const words = new Set<string>();
  for (const word of lower.match(WORD) ?? []) words.add(word.slice(0, MAX_WORD_LENGTH));
  return words;
}
