import { quote } from './go-text.ts';

/** Operators of an aggregation, such as `sum` in `sum by (job) (up)`. */
export const AGGREGATORS = [
  'avg',
  'bottomk',
  'count',
  'count_values',
  'group',
  'limit_ratio',
  'limitk',
  'max',
  'min',
  'quantile',
  'stddev',
  'stdvar',
  'sum',
  'topk',
] as const;

/** Operators between two expressions, or those that label matchers use. */
export const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '</',
  '>/',
  'and',
  'or',
  'unless',
  'atan2',
  '@',
  '=~',
  '!~',
] as const;

export const KEYWORDS = [
  'anchored',
  'bool',
  'by',
  'fill',
  'fill_left',
  'fill_right',
  'group_left',
  'group_right',
  'ignoring',
  'offset',
  'on',
  'smoothed',
  'without',
] as const;

export type Aggregator = (typeof AGGREGATORS)[number];
export type OperatorToken = (typeof OPERATORS)[number];
export type Keyword = (typeof KEYWORDS)[number];

export type TokenType =
  | Aggregator
  | OperatorToken
  | Keyword
  | '('
  | ')'
  | '{'
  | '}'
  | '['
  | ']'
  | ','
  | '='
  | ':'
  | 'identifier'
  | 'metric identifier'
  | 'string'
  | 'number'
  | 'duration'
  | 'end of input'
  | 'error';

export interface Token {
  readonly type: TokenType;
  /** As written; of an error token, what is wrong. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const aggregators: ReadonlySet<string> = new Set(AGGREGATORS);
const operators: ReadonlySet<string> = new Set(OPERATORS);
const keywords: ReadonlySet<string> = new Set(KEYWORDS);

export function isAggregator(type: string): type is Aggregator {
  return aggregators.has(type);
}

/** The type of a word outside of braces, where keywords count in any case. */
export function wordType(word: string): TokenType {
  const lower = word.toLowerCase();
  if (lower === 'inf' || lower === 'nan') return 'number';
  if (aggregators.has(lower) || operators.has(lower) || keywords.has(lower)) {
    return lower as TokenType;
  }
  return word.includes(':') ? 'metric identifier' : 'identifier';
}

/** Names a token as Prometheus' messages do: `identifier "x"`, `<op:+>`, `<by>`, `"]"`. */
export function describe(token: Token): string {
  const { type, text } = token;
  if (type === 'end of input') return type;
  if (keywords.has(type)) return `<${text}>`;
  if (operators.has(type)) return `<op:${text}>`;
  if (aggregators.has(type)) return `<aggr:${text}>`;
  const isName = type === 'identifier' || type === 'metric identifier';
  const shown = text.length > 10 && !isName ? `${quote(text.slice(0, 10))}...` : quote(text);
  const isNamed = isName || type === 'string' || type === 'number' || type === 'duration';
  return isNamed ? `${type} ${shown}` : shown;
}
