import {
  AnchoredRegExp,
  compareUtf8,
  InvalidInputError,
  type LabelMatcher,
  type Labels,
} from '@dwcp/core';

/** A matcher cannot be read; columns count characters of the input from 0. */
export class MatcherSyntaxError extends InvalidInputError {
  readonly startColumn: number | undefined;
  readonly endColumn: number | undefined;

  constructor(problem: string, place?: { readonly start: number; readonly end: number }) {
    super('matcher', place === undefined ? problem : `${place.start}:${place.end}: ${problem}`);
    this.startColumn = place?.start;
    this.endColumn = place?.end;
  }
}

/** A test of a label set; a label that is absent has the value ''. */
export type LabelsTest = (labels: Labels) => boolean;

/** Alertmanager's order, by name, then value, then operator: it decides how a route's key reads. */
export function sortMatchers(matchers: readonly LabelMatcher[]): readonly LabelMatcher[] {
  const rank = ['=', '!=', '=~', '!~'];
  return [...matchers].sort(
    (a, b) =>
      compareUtf8(a.name, b.name) ||
      compareUtf8(a.value, b.value) ||
      rank.indexOf(a.operator) - rank.indexOf(b.operator),
  );
}

/** As Alertmanager writes it: `severity=~"page|warn"`; a name outside the classic form is quoted. */
export function matcherText({ name, operator, value }: LabelMatcher): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
  const plain = /^[^\s{}!=~,\\"'`]+$/u.test(name);
  return `${plain ? name : quoteGo(name)}${operator}"${escaped}"`;
}

/** `{a="1",b!="2"}` */
export function matchersText(matchers: readonly LabelMatcher[]): string {
  return `{${matchers.map(matcherText).join(',')}}`;
}

/** `{alertname="X", i="2"}`, the way Alertmanager prints the labels of a group. */
export function labelsText(labels: Labels): string {
  const parts = [...labels].map(([name, value]) => `${name}=${quoteGo(value)}`);
  return `{${parts.sort(compareUtf8).join(', ')}}`;
}

/** @throws InvalidInputError for a pattern that is not valid RE2 */
export function compileMatcher({ operator, value: wanted }: LabelMatcher): (v: string) => boolean {
  switch (operator) {
    case '=':
      return (value) => value === wanted;
    case '!=':
      return (value) => value !== wanted;
    case '=~':
    case '!~': {
      // Alertmanager's dot does not match a line feed, unlike that of PromQL.
      const regexp = regExpOf(wanted);
      const positive = operator === '=~';
      return (value) => regexp.test(value) === positive;
    }
  }
}

function regExpOf(wanted: string): AnchoredRegExp {
  try {
    return new AnchoredRegExp(`(?-s:${wanted})`);
  } catch (cause) {
    const { cause: inner } = cause instanceof Error ? cause : {};
    const reason = inner instanceof Error ? inner.message : String(inner ?? cause);
    // What it quotes at the end is what was made of the pattern.
    const problem = `cannot parse ${JSON.stringify(wanted)}: ${reason.replace(/: `[^]*`$/, '')}`;
    throw new InvalidInputError('regular expression', problem, { cause });
  }
}

/** All must hold. @throws InvalidInputError for a pattern that is not valid RE2 */
export function compileMatchers(matchers: readonly LabelMatcher[]): LabelsTest {
  const tests = matchers.map((matcher) => [matcher.name, compileMatcher(matcher)] as const);
  return (labels) => tests.every(([name, test]) => test(labels.get(name)));
}

/** A string literal of Go, as `%q` prints it. */
function quoteGo(text: string): string {
  return JSON.stringify(text).replaceAll(/\\u00([0-9a-f]{2})|\\[bf]/g, (found, hex?: string) => {
    if (hex !== undefined) return hex === '07' ? '\\a' : hex === '0b' ? '\\v' : `\\x${hex}`;
    return found;
  });
}
