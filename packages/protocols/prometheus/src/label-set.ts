import { compareUtf8, Labels } from '@dwcp/core';

import { detach, excerpt, unescapeQuoted } from './text.ts';

const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const EQUALS = 61;
const BACKSLASH = 92;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;

/** How strict a label set is read. */
export interface LabelGrammar {
  /** Spaces and tabs between tokens, and labels without a comma between them: the text format. */
  readonly loose: boolean;
  /** A comma before the closing brace. Prometheus takes it, OpenMetrics has none. */
  readonly trailingComma: boolean;
  /** A quoted string alone is the metric name: `{"my.metric", a="b"}`. */
  readonly quotedName: boolean;
}

/** Where and why a label set is wrong. Turned into an ExpositionError by the reader. */
export class LabelSyntaxError extends Error {
  readonly position: number;

  constructor(position: number, reason: string) {
    super(reason);
    this.position = position;
  }
}

/** `[a-zA-Z_]`, and `:` where a metric name may have it. */
export function isNameStart(code: number, colon: boolean): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    (colon && code === COLON)
  );
}

/** The end of the name that starts at a position; the position itself when there is none. */
export function endOfName(text: string, start: number, colon: boolean): number {
  if (!isNameStart(text.charCodeAt(start), colon)) return start;
  let position = start + 1;
  for (; ; position++) {
    const code = text.charCodeAt(position);
    if (!isNameStart(code, colon) && !(code >= 48 && code <= 57)) return position;
  }
}

/** The first position at or after `start` that is no space and no tab. */
export function skipBlanks(text: string, start: number): number {
  let position = start;
  for (;;) {
    const code = text.charCodeAt(position);
    if (code !== 32 && code !== 9) return position;
    position++;
  }
}

/**
 * The position after the quoted string that starts at `start`.
 * @param multiline whether an unescaped newline may stand in it, as Prometheus' text parser allows
 * @returns -1 when it does not end
 */
export function endOfQuoted(text: string, start: number, multiline: boolean): number {
  for (let position = start + 1; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) return position + 1;
    if (code === BACKSLASH) {
      position++;
      if (text.charCodeAt(position) === NEWLINE) return -1;
    } else if (code === NEWLINE && !multiline) return -1;
  }
  return -1;
}

/**
 * Finds the end of a label set without looking at what is in it: a series that is known needs no more.
 * @param open the position of `{`
 * @returns the position after `}`, or -1 when the set does not end on its line
 */
export function endOfLabelSet(text: string, open: number, multiline: boolean): number {
  for (let position = open + 1; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === BRACE_CLOSE) return position + 1;
    if (code === QUOTE) {
      const end = endOfQuoted(text, position, multiline);
      if (end < 0) return -1;
      position = end - 1;
    } else if (code === NEWLINE || code === BACKSLASH) return -1;
  }
  return -1;
}

/**
 * Reads `{...}` from a position on and adds names and values in turn to `flat`.
 * @returns the position after `}`, and the metric name where one stands quoted among the labels
 * @throws LabelSyntaxError
 */
export function readLabelSet(
  text: string,
  open: number,
  grammar: LabelGrammar,
  flat: string[],
): { readonly end: number; readonly quotedName: string | undefined } {
  const skip = grammar.loose ? skipBlanks : (_: string, start: number): number => start;
  if (text.charCodeAt(open) !== BRACE_OPEN) throw new LabelSyntaxError(open, 'expected {');
  let position = skip(text, open + 1);
  let afterComma = false;
  let quotedName: string | undefined;
  for (;;) {
    if (text.charCodeAt(position) === BRACE_CLOSE) {
      if (afterComma && !grammar.trailingComma) {
        throw new LabelSyntaxError(position, 'a comma before the closing brace');
      }
      return { end: position + 1, quotedName };
    }
    const quoted = text.charCodeAt(position) === QUOTE;
    const nameEnd = quoted
      ? endOfQuoted(text, position, grammar.loose)
      : endOfName(text, position, false);
    if (nameEnd <= position) {
      throw new LabelSyntaxError(position, `expected a label name, got ${at(text, position)}`);
    }
    const name = quoted
      ? unescapeQuoted(text.slice(position + 1, nameEnd - 1))
      : text.slice(position, nameEnd);
    if (name === '') throw new LabelSyntaxError(position, 'a name is empty');
    position = skip(text, nameEnd);
    const next = text.charCodeAt(position);
    if (grammar.quotedName && quoted && (next === COMMA || next === BRACE_CLOSE)) {
      if (quotedName !== undefined) {
        throw new LabelSyntaxError(position, 'the metric name is given twice');
      }
      quotedName = name;
    } else {
      if (next !== EQUALS) {
        throw new LabelSyntaxError(
          position,
          `expected = after the label name ${excerpt(name)}, got ${at(text, position)}`,
        );
      }
      position = skip(text, position + 1);
      const valueEnd =
        text.charCodeAt(position) === QUOTE ? endOfQuoted(text, position, grammar.loose) : -1;
      if (valueEnd < 0) {
        throw new LabelSyntaxError(
          position,
          `expected a quoted value for the label ${excerpt(name)}, got ${at(text, position)}`,
        );
      }
      flat.push(name, unescapeQuoted(text.slice(position + 1, valueEnd - 1)));
      position = skip(text, valueEnd);
    }
    afterComma = text.charCodeAt(position) === COMMA;
    if (afterComma) position = skip(text, position + 1);
    else if (!grammar.loose && text.charCodeAt(position) !== BRACE_CLOSE) {
      throw new LabelSyntaxError(position, `expected , or } got ${at(text, position)}`);
    }
  }
}

/**
 * Label sets from names and values in turn: sorted, free of empty values, and sharing no memory with
 * the exposition. Strings that recur are kept once.
 */
export class LabelBuilder {
  readonly #symbols = new Map<string, string>();

  /** @throws LabelSyntaxError, at position 0, when a name occurs twice */
  build(flat: readonly string[]): Labels {
    const interned = flat.map((text) => this.#intern(text));
    if (!isSorted(interned)) sortByName(interned);
    for (let i = 2; i < interned.length; i += 2) {
      if (interned[i] === interned[i - 2]) {
        throw new LabelSyntaxError(0, `the label ${excerpt(interned[i] ?? '')} occurs twice`);
      }
    }
    return Labels.fromSortedFlat(interned.includes('') ? withoutEmpty(interned) : interned);
  }

  #intern(text: string): string {
    if (text.length < 13) return text;
    let symbol = this.#symbols.get(text);
    if (symbol === undefined) {
      symbol = detach(text);
      if (this.#symbols.size >= 10_000) this.#symbols.clear();
      this.#symbols.set(symbol, symbol);
    }
    return symbol;
  }
}

function isSorted(flat: readonly string[]): boolean {
  for (let i = 2; i < flat.length; i += 2) {
    if (compareUtf8(flat[i - 2] ?? '', flat[i] ?? '') > 0) return false;
  }
  return true;
}

function sortByName(flat: string[]): void {
  const pairs: (readonly [name: string, value: string])[] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i] ?? '', flat[i + 1] ?? '']);
  pairs.sort(([a], [b]) => compareUtf8(a, b));
  for (const [index, [name, value]] of pairs.entries()) {
    flat[2 * index] = name;
    flat[2 * index + 1] = value;
  }
}

function withoutEmpty(flat: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i + 1] !== '') kept.push(flat[i] ?? '', flat[i + 1] ?? '');
  }
  return kept;
}

/** What stands at a position, for an error message. */
export function at(text: string, position: number): string {
  if (position >= text.length) return 'the end of the input';
  const newline = text.indexOf('\n', position);
  const rest = text.slice(position, newline < 0 ? undefined : newline);
  return rest === '' ? 'the end of the line' : excerpt(rest.slice(0, 24));
}
