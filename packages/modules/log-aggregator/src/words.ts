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
 * The different words of a text in lower case: runs of letters, digits and combining marks. The log
 * store has the same rule, so that a tail shows what a search would find.
 */
export function wordsOf(text: string): Set<string> {
  const lower = (NON_ASCII.test(text) ? text.normalize('NFC') : text).toLowerCase();
  const words = new Set<string>();
  for (const word of lower.match(WORD) ?? []) words.add(word.slice(0, MAX_WORD_LENGTH));
  return words;
}
