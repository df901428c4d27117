import { type Span } from './ast.ts';
import { Lexer } from './lexer.ts';
import { type ParseProblem } from './parse-error.ts';
import { describe, type Token, type TokenType } from './tokens.ts';

/** Leaves the grammar after a fault from which nothing more can be learned. */
export class SyntaxAbort extends Error {
  /** Whether the fault is in the list of problems already. */
  readonly reported: boolean;
  /** Whether no rule on the way up has more to say. */
  readonly final: boolean;

  constructor(reported: boolean, final = false) {
    super('syntax error');
    this.reported = reported;
    this.final = final;
  }
}

/** The token at hand, the one before it, and the faults found so far. */
export class Syntax {
  readonly input: string;
  readonly problems: ParseProblem[] = [];
  readonly #lexer: Lexer;
  #token: Token;
  #previous: Token;

  constructor(input: string) {
    this.input = input;
    this.#lexer = new Lexer(input);
    this.#previous = { type: 'end of input', text: '', start: 0, end: 0 };
    this.#token = this.#pull();
  }

  get token(): Token {
    return this.#token;
  }

  get previous(): Token {
    return this.#previous;
  }

  advance(): void {
    this.#previous = this.#token;
    this.#token = this.#pull();
  }

  accept(type: TokenType): Token | undefined {
    const { token } = this;
    if (token.type !== type) return undefined;
    this.advance();
    return token;
  }

  expect(type: TokenType, context?: string, expected = ''): Token {
    const token = this.accept(type);
    if (token !== undefined) return token;
    if (context === undefined) return this.fail();
    this.unexpected(context, expected);
    throw new SyntaxAbort(true);
  }

  report(span: Span, message: string): void {
    this.problems.push({ message, start: span.start, end: span.end });
  }

  /** Reports the token at hand. A fault of the lexer has been reported when it was met. */
  unexpected(context: string, expected: string): void {
    if (this.#token.type === 'error') return;
    const where = context === '' ? '' : ` in ${context}`;
    const wanted = expected === '' ? '' : `, expected ${expected}`;
    this.report(this.#token, `unexpected ${describe(this.#token)}${where}${wanted}`);
  }

  /** Gives the token at hand up to the nearest rule that can name what it was reading. */
  fail(): never {
    throw new SyntaxAbort(this.#token.type === 'error');
  }

  /** Skips to one of the tokens after a fault that has been reported. */
  skipTo(...types: readonly TokenType[]): void {
    while (!types.includes(this.#token.type)) {
      if (this.#token.type === 'error' || this.#token.type === 'end of input') {
        throw new SyntaxAbort(true, true);
      }
      this.advance();
    }
  }

  #pull(): Token {
    const token = this.#lexer.next();
    if (token.type === 'error') this.report(token, token.text);
    return token;
  }
}
