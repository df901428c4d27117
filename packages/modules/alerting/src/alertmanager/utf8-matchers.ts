import { type LabelMatcher, type MatchOperator } from '@dwcp/core';

import { unquoteGo } from './go-string.ts';
import { compileMatcher, MatcherSyntaxError } from './matcher.ts';
import { MatcherLexer, type Token, type TokenKind } from './utf8-lexer.ts';

/**
 * Reads matchers in the grammar that Alertmanager has had since 0.27: names and values are
 * unquoted without reserved characters, or Go string literals in double quotes; braces pair.
 * @throws MatcherSyntaxError with columns
 * @see https://prometheus.io/docs/alerting/latest/configuration/#utf-8-matchers
 */
export function parseUtf8Matchers(text: string): readonly LabelMatcher[] {
  const lexer = new MatcherLexer(text);
  const first = lexer.peek();
  if (first === undefined) return [];
  const braced = first.kind === '{';
  if (braced) lexer.take();
  const matchers: LabelMatcher[] = [];
  if (!endsHere(lexer)) {
    do matchers.push(parseOne(lexer));
    while (acceptComma(lexer) && !endsHere(lexer));
  }
  closeBrace(lexer, braced);
  const rest = lexer.take();
  if (rest !== undefined) throw unexpected(rest, 'expected the end');
  return matchers;
}

/** @throws MatcherSyntaxError, also for none or several */
export function parseUtf8Matcher(text: string): LabelMatcher {
  const [matcher, ...more] = parseUtf8Matchers(text);
  if (matcher === undefined) throw new MatcherSyntaxError('no matchers');
  if (more.length > 0) {
    throw new MatcherSyntaxError(`expected 1 matcher, found ${more.length + 1}`);
  }
  return matcher;
}

function endsHere(lexer: MatcherLexer): boolean {
  const next = lexer.peek();
  return next === undefined || next.kind === '}';
}

function parseOne(lexer: MatcherLexer): LabelMatcher {
  const name = textOf(expect(lexer, ['quoted', 'unquoted'], 'expected label name'));
  const operator = expect(lexer, ['operator'], 'expected an operator: =, !=, =~ or !~');
  const value = textOf(expect(lexer, ['quoted', 'unquoted'], 'expected label value'));
  const matcher: LabelMatcher = { name, operator: operator.text as MatchOperator, value };
  compileMatcher(matcher);
  return matcher;
}

/** @returns whether there was one; what follows a matcher is a comma, a brace, or the end */
function acceptComma(lexer: MatcherLexer): boolean {
  const wanted = 'expected a comma or close brace';
  let next: Token | undefined;
  try {
    next = lexer.peek();
  } catch (error) {
    if (!(error instanceof MatcherSyntaxError)) throw error;
    throw new MatcherSyntaxError(`${error.message.replace(/^matcher: \d+:\d+: /, '')}: ${wanted}`, {
      start: error.startColumn ?? 0,
      end: error.endColumn ?? 0,
    });
  }
  if (next === undefined || next.kind === '}') return false;
  if (next.kind !== ',') throw unexpected(next, wanted);
  lexer.take();
  const after = lexer.peek();
  if (after !== undefined && !['}', 'quoted', 'unquoted'].includes(after.kind)) {
    throw unexpected(after, 'expected a matcher or close brace after comma');
  }
  return true;
}

function closeBrace(lexer: MatcherLexer, braced: boolean): void {
  const next = lexer.take();
  if (braced && next === undefined) {
    throw new MatcherSyntaxError('end of input: expected close brace', {
      start: 0,
      end: lexer.column,
    });
  }
  if (!braced && next?.kind === '}') {
    throw new MatcherSyntaxError('}: expected opening brace', { start: 0, end: next.end });
  }
}

function expect(lexer: MatcherLexer, kinds: readonly TokenKind[], wanted: string): Token {
  const token = lexer.take();
  if (token === undefined) throw new MatcherSyntaxError(`end of input: ${wanted}`);
  if (!kinds.includes(token.kind)) throw unexpected(token, wanted);
  return token;
}

function textOf(token: Token): string {
  if (token.kind !== 'quoted') return token.text;
  const text = unquoteGo(token.text);
  if (text === undefined) {
    throw new MatcherSyntaxError(`${token.text}: invalid input`, token);
  }
  return text;
}

function unexpected(token: Token, wanted: string): MatcherSyntaxError {
  return new MatcherSyntaxError(`unexpected ${token.text}: ${wanted}`, token);
}
