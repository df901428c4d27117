import { compileMatcher, isLegacyLabelName, type LabelMatcher, METRIC_NAME } from '@dwcp/core';

import { type Product } from './options.ts';

/** Whether every matcher holds for a series without any label; Prometheus refuses such selectors. */
export function matchesEverything(matchers: readonly LabelMatcher[]): boolean {
  return matchers.every((matcher) => compileMatcher(matcher)(''));
}

/** Whether each label name is of the classic form, the only one all versions read in a selector. */
export function hasLegacyNames(matchers: readonly LabelMatcher[]): boolean {
  return matchers.every(({ name }) => isLegacyLabelName(name));
}

/** Checks the patterns. @throws InvalidInputError for one that is not RE2 */
export function checkMatchers(matchers: readonly LabelMatcher[]): void {
  for (const matcher of matchers) compileMatcher(matcher);
}

/** A selector as the product reads it, such as `{__name__="up",job=~"a|b"}`. */
export function selectorOf(matchers: readonly LabelMatcher[], product: Product): string {
  const parts = matchers.map(({ name, operator, value }) => {
    const written = product === 'victoria-metrics' ? escapeName(name) : name;
    return `${written}${operator}${quote(value)}`;
  });
  return `{${parts.join(',')}}`;
}

/**
 * The selectors that together match what the matchers do. Where those leave all open, a condition
 * on the name is added: VictoriaMetrics gets one for series with a name and one for those without,
 * Prometheus only the first, since it refuses the second.
 */
export function selectorsOf(
  matchers: readonly LabelMatcher[],
  product: Product,
): readonly string[] {
  if (!matchesEverything(matchers)) return [selectorOf(matchers, product)];
  const named: LabelMatcher = { name: METRIC_NAME, operator: '!=', value: '' };
  const nameless: LabelMatcher = { name: METRIC_NAME, operator: '=', value: '' };
  const both = product === 'prometheus' ? [named] : [named, nameless];
  return both.map((matcher) => selectorOf([...matchers, matcher], product));
}

/** Go's double-quoted form, which both parsers unquote. */
function quote(text: string): string {
  let escaped = '';
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (char === '"' || char === '\\') escaped += `\\${char}`;
    else if (code < 0x20 || code === 0x7f) escaped += `\\x${code.toString(16).padStart(2, '0')}`;
    else escaped += char;
  }
  return `"${escaped}"`;
}

/** MetricsQL reads any name whose unusual characters are escaped by a backslash. */
function escapeName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]|^[0-9]/gu, String.raw`\$&`);
}
