import { type LabelMatcher, type MatchOperator } from '@dwcp/core';

import { compileMatcher, MatcherSyntaxError } from './matcher.ts';

const MATCHER = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([^]*?)\s*$/;

/**
 * Reads matchers as Alertmanager did before 0.27: braces are optional and need not pair, a value
 * need not be quoted and may be empty, and a backslash that escapes nothing stands for itself.
 * @throws MatcherSyntaxError
 * @see https://prometheus.io/docs/alerting/latest/configuration/#classic-matchers
 */
export function parseClassicMatchers(text: string): readonly LabelMatcher[] {
  return splitAtCommas(text.replace(/^\{/, '').replace(/\}$/, '')).map(parseClassicMatcher);
}

/** @throws MatcherSyntaxError */
export function parseClassicMatcher(text: string): LabelMatcher {
  const [, name = '', operator = '', raw = ''] = MATCHER.exec(text) ?? [];
  if (name === '') {
    throw new MatcherSyntaxError(
      `bad matcher format: ${text}: expected a label name, an operator (=, !=, =~ or !~) and a value`,
    );
  }
  const matcher: LabelMatcher = { name, operator: operator as MatchOperator, value: unescape(raw) };
  compileMatcher(matcher);
  return matcher;
}

/** Splits at the commas outside double quotes; what remains after the last one may be blank. */
function splitAtCommas(text: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  let escaped = false;
  for (const character of text) {
    if (character === ',' && !quoted) {
      parts.push(part);
      part = '';
      continue;
    }
    if (character === '"') {
      if (!escaped) quoted = !quoted;
      escaped = false;
    } else {
      escaped = character === '\\' && !escaped;
    }
    part += character;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return parts;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

function unescape(raw: string): string {
  const unquoted = (): MatcherSyntaxError =>
    new MatcherSyntaxError(`matcher value contains unescaped double quote: ${raw}`);
  const opened = raw.startsWith('"');
  const text = opened ? raw.slice(1) : raw;
  let value = '';
  let closed = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? '';
    const next = text[i + 1];
    if (character === '\\' && next !== undefined) {
      value += ESCAPES[next] ?? `\\${next}`;
      i++;
    } else if (character === '"') {
      if (!opened || i < text.length - 1) throw unquoted();
      closed = true;
    } else {
      value += character;
    }
  }
  if (opened && !closed) throw unquoted();
  return value;
}
