import { MatcherSyntaxError } from './matcher.ts';

export type TokenKind = '{' | '}' | ',' | 'operator' | 'quoted' | 'unquoted';

export interface Token {
  readonly kind: TokenKind;
  /** As written, quotes included. */
  readonly text: string;
  /** Characters before it and up to its end. */
  readonly start: number;
  readonly end: number;
}

const RESERVED = new Set('{}!=~,\\"\'`');

/** Cuts matchers in Alertmanager's UTF-8 grammar into tokens; columns count code points. */
export class MatcherLexer {
  readonly #characters: readonly string[];
  #at = 0;
  #peeked: Token | undefined;

  constructor(input: string) {
    this.#characters = Array.from(input);
  }

  /** Where the next token would begin. */
  get column(): number {
    return this.#peeked?.start ?? this.#at;
  }

  /** The next token, undefined at the end. @throws MatcherSyntaxError */
  peek(): Token | undefined {
    return (this.#peeked ??= this.#read());
  }

  /** @throws MatcherSyntaxError */
  take(): Token | undefined {
    const token = this.peek();
    this.#peeked = undefined;
    return token;
  }

  #read(): Token | undefined {
    while (isSpace(this.#characters[this.#at])) this.#at++;
    const character = this.#characters[this.#at];
    if (character === undefined) return undefined;
    if (character === '{' || character === '}' || character === ',') {
      return this.#token(character, this.#at + 1);
    }
    if (character === '=' || character === '!') return this.#operator(character);
    if (character === '"') return this.#quoted();
    if (isReserved(character)) throw this.#invalid(this.#at + 1, `${character}: invalid input`);
    let end = this.#at;
    for (;;) {
      const next = this.#characters[end];
      if (next === undefined || isReserved(next) || isSpace(next)) break;
      end++;
    }
    return this.#token('unquoted', end);
  }

  #operator(first: '=' | '!'): Token {
    const next = this.#characters[this.#at + 1];
    if (first === '=') return this.#token('operator', this.#at + (next === '~' ? 2 : 1));
    if (next === '=' || next === '~') return this.#token('operator', this.#at + 2);
    throw this.#invalid(this.#at + 1, '!: expected = or ~ after it');
  }

  #quoted(): Token {
    for (let end = this.#at + 1; end < this.#characters.length; end++) {
      const character = this.#characters[end];
      if (character === '\\') end++;
      else if (character === '"') return this.#token('quoted', end + 1);
    }
    const rest = this.#characters.slice(this.#at).join('');
    throw this.#invalid(this.#characters.length, `${rest}: the closing " is missing`);
  }

  #token(kind: TokenKind, end: number): Token {
    const start = this.#at;
    this.#at = end;
    return { kind, text: this.#characters.slice(start, end).join(''), start, end };
  }

  #invalid(end: number, problem: string): MatcherSyntaxError {
    return new MatcherSyntaxError(problem, { start: this.#at, end });
  }
}

function isReserved(character: string): boolean {
  return RESERVED.has(character);
}

function isSpace(character: string | undefined): boolean {
  // Go's unicode.IsSpace: U+FEFF, which JavaScript's \s has, is none.
  return character !== undefined && /^\s$/u.test(character) && character !== '\ufeff';
}
