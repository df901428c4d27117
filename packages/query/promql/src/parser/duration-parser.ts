import { parseDuration } from '@dwcp/core';

import { type DurationExpression } from './ast.ts';
import { quote } from './go-text.ts';
import { parseNumber } from './parse-number.ts';
import { type Syntax, SyntaxAbort } from './syntax.ts';
import { type Token } from './tokens.ts';

const EXPECTED = 'number, duration, step(), or range()';
const PRECEDENCE: Readonly<Record<string, number>> = {
  '+': 1,
  '-': 1,
  '*': 2,
  '/': 2,
  '%': 2,
  '^': 3,
};
type DurationOperator = '+' | '-' | '*' | '/' | '%' | '^';

/** Reads ranges, steps and offsets: `5m`, `300`, `2 * 30s`, `max_of(step(), 5s)`. */
export class DurationParser {
  readonly #syntax: Syntax;
  #depth = 0;

  constructor(syntax: Syntax) {
    this.#syntax = syntax;
  }

  /** Inside brackets, where a whole sum may stand. */
  range(context: string): DurationExpression {
    return this.#sum(0, context);
  }

  /** After `offset`: one signed operand, since `foo offset 5m - bar` subtracts vectors. */
  offset(): DurationExpression {
    const sign = this.#syntax.accept('-') ?? this.#syntax.accept('+');
    const operand = this.#operand('offset');
    return sign === undefined ? operand : signed(sign, operand);
  }

  /** The seconds of a literal such as `1h30m`. */
  literalSeconds(token: Token): number {
    const ms = parseDuration(token.text);
    if (ms !== undefined) return ms / 1000;
    const unknown = [...token.text.matchAll(/\d+([a-z]+)/g)].find(
      ([, unit = '']) => !['ms', 's', 'm', 'h', 'd', 'w', 'y'].includes(unit),
    );
    let message = `not a valid duration string: ${quote(token.text)}`;
    if (unknown !== undefined) {
      message = `unknown unit ${quote(unknown[1] ?? '')} in duration ${quote(token.text)}`;
    } else if (/^(\d+[a-z]+)+$/.test(token.text) && isOrdered(token.text)) {
      message = 'duration out of range';
    }
    this.#syntax.report(token, message);
    return 0;
  }

  #sum(minimum: number, context: string): DurationExpression {
    if (++this.#depth > 200) {
      this.#syntax.report(this.#syntax.token, 'expression is nested too deeply');
      throw new SyntaxAbort(true);
    }
    let left = this.#signedOperand(context);
    for (;;) {
      const { type } = this.#syntax.token;
      const precedence = PRECEDENCE[type];
      if (precedence === undefined || precedence < minimum) break;
      this.#syntax.advance();
      const operator = type as DurationOperator;
      const right = this.#sum(operator === '^' ? precedence : precedence + 1, context);
      left = { kind: 'binary', operator, left, right, start: left.start, end: right.end };
    }
    this.#depth--;
    return left;
  }

  #signedOperand(context: string): DurationExpression {
    const sign = this.#syntax.accept('-') ?? this.#syntax.accept('+');
    if (sign === undefined) return this.#operand(context);
    return signed(sign, this.#sum(3, context));
  }

  #operand(context: string): DurationExpression {
    const syntax = this.#syntax;
    const { token } = syntax;
    const { start, end, text } = token;
    if (token.type === 'number') {
      syntax.advance();
      return { kind: 'number', seconds: parseNumber(syntax, token), start, end };
    }
    if (token.type === 'duration') {
      syntax.advance();
      return { kind: 'number', seconds: this.literalSeconds(token), start, end };
    }
    if (token.type === '(') {
      syntax.advance();
      const of = this.#sum(0, context);
      const close = syntax.expect(')');
      return { kind: 'paren', of, start, end: close.end };
    }
    const name = text.toLowerCase();
    if (name === 'step' || name === 'range') {
      syntax.advance();
      this.#expect('(', context);
      const close = syntax.expect(')');
      return { kind: 'call', name, args: [], start, end: close.end };
    }
    if (name === 'min_of' || name === 'max_of') {
      syntax.advance();
      this.#expect('(', context);
      const first = this.#sum(0, context);
      syntax.expect(',');
      const second = this.#sum(0, context);
      const close = syntax.expect(')');
      return { kind: 'call', name, args: [first, second], start, end: close.end };
    }
    syntax.unexpected(context, EXPECTED);
    throw new SyntaxAbort(true);
  }

  #expect(type: '(', context: string): void {
    if (this.#syntax.accept(type) !== undefined) return;
    this.#syntax.unexpected(context, EXPECTED);
    throw new SyntaxAbort(true);
  }
}

function signed(sign: Token, of: DurationExpression): DurationExpression {
  const operator = sign.type === '-' ? '-' : '+';
  return { kind: 'unary', operator, of, start: sign.start, end: of.end };
}

function isOrdered(text: string): boolean {
  const order = ['y', 'w', 'd', 'h', 'm', 's', 'ms'];
  const found = [...text.matchAll(/\d+([a-z]+)/g)].map(([, unit = '']) => order.indexOf(unit));
  return found.every((rank, i) => i === 0 || rank > (found[i - 1] ?? 0));
}
