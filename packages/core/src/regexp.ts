import { RE2JS } from 're2js';

import { InvalidInputError } from './errors.ts';
import { literalAlternatives } from './literal-alternatives.ts';

/** Of a pattern that is more than a choice of texts: to compile it takes no longer than some 0.2 s. */
const MAX_LENGTH = 32_768;
/** Instructions of a compiled pattern. */
const MAX_PROGRAM = 10_000;
/** Characters of patterns whose compiled form is kept. */
const MAX_KEPT_LENGTH = 262_144;
const MAX_KEPT = 500;
/** Slow per character. Common patterns take 10 to 150 ns. */
const SLOW_MS = 0.005;
/** What a text counts for beside its characters. */
const TEXT_LENGTH = 16;

/** Compiled patterns by their text, those used last at the end. The same few are asked for again and again. */
const compiled = new Map<string, RE2JS>();
let keptLength = 0;

/**
 * A regular expression in RE2 syntax that runs in linear time, for patterns that users write.
 * It matches the whole text, as Prometheus' matchers and relabelling do.
 *
 * Linear is still slow for patterns with repeats inside repeats, which take a step per character and
 * instruction: `maxSlowMs` bounds what such a one may take.
 */
export class AnchoredRegExp {
  readonly pattern: string;
  /** All that it matches, where that is a choice of texts. */
  readonly #texts: ReadonlySet<string> | undefined;
  readonly #maxSlowMs: number;
  #re: RE2JS | undefined;
  #spentMs = 0;
  #slowestMs = 0;
  #seenLength = 0;

  /**
   * @param options.maxSlowMs how long all texts together may take, the slowest not counted, when they take
   *   far longer than texts of their length should. Default: no limit.
   * @throws InvalidInputError when the pattern is not valid RE2, or too large
   */
  constructor(pattern: string, options: { readonly maxSlowMs?: number } = {}) {
    this.pattern = pattern;
    this.#maxSlowMs = options.maxSlowMs ?? Number.POSITIVE_INFINITY;
    this.#texts = literalAlternatives(pattern);
    if (this.#texts === undefined) this.#re = compile(pattern);
  }

  /** @throws InvalidInputError when the pattern takes too long */
  test(text: string): boolean {
    return this.#texts?.has(text) ?? this.#timed(text, (re) => re.matcher(text).find());
  }

  /** Does some work on a text, unless that has taken far too long so far. */
  #timed<T>(text: string, work: (re: RE2JS) => T): T {
    const spentMs = this.#spentMs - this.#slowestMs;
    if (spentMs > this.#maxSlowMs && this.#spentMs > SLOW_MS * this.#seenLength) {
      throw new InvalidInputError(
        'regular expression',
        `${shown(this.pattern)} takes too long to match: ${Math.round(this.#spentMs)} ms for ` +
          `${this.#seenLength} characters; use a simpler one, without repeats inside repeats`,
      );
    }
    this.#re ??= compile(this.pattern);
    const startMs = performance.now();
    const result = work(this.#re);
    const tookMs = performance.now() - startMs;
    this.#spentMs += tookMs;
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
    this.#seenLength += text.length + TEXT_LENGTH;
    return result;
  }

  /**
   * Expands `$1`, `${1}`, `${name}` and `$$` with what the text's groups matched, as Go's
   * `Regexp.Expand` does; an unknown group expands to nothing.
   * @param maxLength of the result, in UTF-16 units, with what the template says beside its groups
   * @returns undefined when the text does not match
   * @throws InvalidInputError when the result would be longer, or the pattern takes too long
   */
  expand(
    text: string,
    template: string,
    maxLength: number = Number.POSITIVE_INFINITY,
  ): string | undefined {
    const found = this.#timed(text, (re) => {
      const matcher = re.matcher(text);
      return matcher.find() ? { matcher, named: re.namedGroups() } : undefined;
    });
    if (found === undefined) return undefined;
    const { matcher, named } = found;
    let length = template.length;
    return template.replaceAll(
      /\$(?:\$|\{(\w+)\}|(\w+))/g,
      (whole, braced: string | undefined, bare: string | undefined) => {
        if (whole === '$$') return '$';
        const group = braced ?? bare ?? '';
        const index = /^\d+$/.test(group) ? Number(group) : named[group];
        if (index === undefined || index > matcher.groupCount()) return '';
        const matched = matcher.group(index) ?? '';
        length += matched.length;
        if (length > maxLength) {
          throw new InvalidInputError(
            'replacement',
            `would become longer than ${maxLength} characters`,
          );
        }
        return matched;
      },
    );
  }
}

function compile(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) {
    compiled.delete(pattern);
    compiled.set(pattern, known);
    return known;
  }
  const re = compileAnew(pattern);
  compiled.set(pattern, re);
  keptLength += pattern.length;
  for (const [old] of compiled) {
    if (keptLength <= MAX_KEPT_LENGTH && compiled.size <= MAX_KEPT) break;
    compiled.delete(old);
    keptLength -= old.length;
  }
  return re;
}

function compileAnew(pattern: string): RE2JS {
  if (pattern.length > MAX_LENGTH) {
    throw new InvalidInputError(
      'regular expression',
      `${shown(pattern)} is longer than ${MAX_LENGTH} characters; a choice of plain texts (a|b|c) may be longer`,
    );
  }
  let re: RE2JS;
  try {
    re = RE2JS.compile(`^(?s:${pattern})$`);
  } catch (cause) {
    throw new InvalidInputError(
      'regular expression',
      `cannot parse ${JSON.stringify(pattern)}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  if (re.programSize() > MAX_PROGRAM) {
    throw new InvalidInputError(
      'regular expression',
      `${shown(pattern)} compiles to ${re.programSize()} instructions, more than ${MAX_PROGRAM}; repeat less in it`,
    );
  }
  return re;
}

function shown(pattern: string): string {
  return JSON.stringify(pattern.length > 100 ? `${pattern.slice(0, 100)}…` : pattern);
}
