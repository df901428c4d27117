import { compileMatcher, type LabelMatcher } from '@dwcp/core';

import {
  type AtModifier,
  type BinaryOperator,
  type Cardinality,
  type DurationExpression,
  type Expression,
  isSetOperator,
  type MatrixSelector,
  type Span,
  type VectorMatching,
  type VectorSelector,
} from './ast.ts';
import { DurationParser } from './duration-parser.ts';
import { durationMs, findProblem } from './durations.ts';
import { functionSignature } from './functions.ts';
import { formatFloat, quote, unquote } from './go-text.ts';
import { ParseError, type ParseProblem } from './parse-error.ts';
import { parseNumber } from './parse-number.ts';
import { Syntax, SyntaxAbort } from './syntax.ts';
import { type Aggregator, isAggregator, type Token, type TokenType } from './tokens.ts';
import { typeCheck } from './type-check.ts';

/** Binding strength; what is missing here is no binary operator. `^` alone binds to the right. */
const PRECEDENCE: Readonly<Partial<Record<TokenType, number>>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
const UNARY_PRECEDENCE = 6;

/** Keywords that are metric names where a metric may stand. */
const NAME_KEYWORDS: ReadonlySet<TokenType> = new Set<TokenType>([
  'and',
  'anchored',
  'by',
  'fill',
  'fill_left',
  'fill_right',
  'offset',
  'or',
  'smoothed',
  'unless',
  'without',
]);

const WITH_PARAMETER: ReadonlySet<Aggregator> = new Set<Aggregator>([
  'bottomk',
  'count_values',
  'limit_ratio',
  'limitk',
  'quantile',
  'topk',
]);

/**
 * Deeper nesting than anyone writes; it keeps hostile input from exhausting the stack. A chain
 * such as `1 + 1 + 1` nests as well, to the left.
 */
const MAX_DEPTH = 500;
const MAX_CHAIN = 1_000;
/** UTF-16 units of an expression, which takes some 0.7 s to parse at most. */
const MAX_LENGTH = 1_048_576;
/** Matchers of one selector: each is tested on every value of its label. */
const MAX_MATCHERS = 100;

/**
 * Parses a PromQL expression and checks its types.
 * @throws ParseError (a QueryError `bad_data`) with position and Prometheus' message
 * @see https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
export function parseExpression(input: string): Expression {
  return checked(input, (parser) => parser.parseWhole());
}

/**
 * Parses a selector such as `up{job="node"}`, as `match[]` of the HTTP API takes it.
 * @throws ParseError when it is anything else
 */
export function parseSelector(input: string): readonly LabelMatcher[] {
  return checked(input, (parser) => parser.parseSelectorAlone()).matchers;
}

function checked<Node extends Expression>(
  input: string,
  parse: (parser: Parser) => Node | undefined,
): Node {
  if (input.length > MAX_LENGTH) {
    const problem = {
      start: 0,
      end: 1,
      message: `expression is longer than ${MAX_LENGTH} characters`,
    };
    throw new ParseError('', problem, [problem]);
  }
  const parser = new Parser(input);
  const expression = parse(parser);
  const problems = parser.problems;
  const [first] = problems;
  if (first !== undefined) throw new ParseError(input, first, problems);
  if (expression === undefined) throw new Error(`nothing parsed and nothing wrong: ${input}`);
  const faults = typeCheck(expression, input);
  const [fault] = faults;
  if (fault !== undefined) throw new ParseError(input, fault, faults);
  return expression;
}

/** What is wrong with a pattern, in the words of the regular expressions' own parser. */
function patternProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

class Parser {
  readonly #syntax: Syntax;
  readonly #durations: DurationParser;
  /** Range selectors over what is no selector: reported already. */
  readonly #faultyRanges = new WeakSet<MatrixSelector>();
  #depth = 0;

  constructor(input: string) {
    this.#syntax = new Syntax(input);
    this.#durations = new DurationParser(this.#syntax);
  }

  get problems(): readonly ParseProblem[] {
    return this.#syntax.problems;
  }

  parseWhole(): Expression | undefined {
    const { token } = this.#syntax;
    if (token.type === 'end of input') {
      this.#syntax.report({ start: 0, end: 0 }, 'no expression found in input');
      return undefined;
    }
    return this.#toTheEnd(() => this.#expression(0));
  }

  /** Behind a name a parenthesis is one too many, even where the name is that of a function. */
  parseSelectorAlone(): VectorSelector | undefined {
    return this.#toTheEnd(() => {
      const { token } = this.#syntax;
      if (token.type === '{') return this.#selector(undefined);
      const isName =
        token.type === 'identifier' ||
        token.type === 'metric identifier' ||
        isAggregator(token.type) ||
        NAME_KEYWORDS.has(token.type);
      if (!isName) return this.#syntax.fail();
      this.#syntax.advance();
      return this.#selector(token);
    });
  }

  #toTheEnd<Node>(parse: () => Node): Node | undefined {
    try {
      const node = parse();
      if (this.#syntax.token.type !== 'end of input') this.#syntax.fail();
      return node;
    } catch (abort) {
      if (!(abort instanceof SyntaxAbort)) throw abort;
      if (!abort.reported) this.#syntax.unexpected('', '');
      return undefined;
    }
  }

  #expression(minimum: number): Expression {
    if (++this.#depth > MAX_DEPTH) this.#tooDeep();
    let left = this.#unary();
    for (let links = 0; ; links++) {
      if (links > MAX_CHAIN) this.#tooDeep();
      const operator = this.#syntax.token.type;
      const precedence = PRECEDENCE[operator];
      if (precedence === undefined || precedence < minimum) break;
      this.#syntax.advance();
      left = this.#binary(left, operator as BinaryOperator, precedence);
    }
    this.#depth--;
    return left;
  }

  #tooDeep(): never {
    this.#syntax.report(this.#syntax.token, 'expression is nested too deeply');
    throw new SyntaxAbort(true, true);
  }

  #unary(): Expression {
    const { token } = this.#syntax;
    if (token.type !== '+' && token.type !== '-') return this.#postfix(this.#primary());
    this.#syntax.advance();
    const operand = this.#expression(UNARY_PRECEDENCE);
    const { start } = token;
    if (operand.kind === 'number') {
      const value = token.type === '-' ? -operand.value : operand.value;
      return { ...operand, value, start };
    }
    return { kind: 'unary', operator: token.type, of: operand, start, end: operand.end };
  }

  #binary(left: Expression, operator: BinaryOperator, precedence: number): Expression {
    const returnBool = this.#syntax.accept('bool') !== undefined;
    let matching: VectorMatching = {
      cardinality: isSetOperator(operator) ? 'many-to-many' : 'one-to-one',
      on: false,
      labels: [],
      include: [],
    };
    const { type } = this.#syntax.token;
    if (type === 'on' || type === 'ignoring') {
      this.#syntax.advance();
      matching = { ...matching, on: type === 'on', labels: this.#groupingLabels() };
      const grouping = this.#syntax.token.type;
      if (grouping === 'group_left' || grouping === 'group_right') {
        this.#syntax.advance();
        const cardinality: Cardinality = grouping === 'group_left' ? 'many-to-one' : 'one-to-many';
        const include = this.#syntax.token.type === '(' ? this.#groupingLabels() : [];
        matching = { ...matching, cardinality, include };
      }
    }
    matching = this.#fills(matching);
    const right = this.#expression(operator === '^' ? precedence : precedence + 1);
    const span = { start: left.start, end: right.end };
    return { kind: 'binary', operator, left, right, returnBool, matching, ...span };
  }

  #fills(matching: VectorMatching): VectorMatching {
    let filled = matching;
    for (;;) {
      const { type } = this.#syntax.token;
      if (type !== 'fill' && type !== 'fill_left' && type !== 'fill_right') return filled;
      // `fill` may also be a metric's name; only with a value in parentheses is it the modifier.
      if (!/^\s*\(/.test(this.#syntax.input.slice(this.#syntax.token.end))) return filled;
      this.#syntax.advance();
      this.#syntax.expect('(');
      const value = this.#signedNumber();
      this.#syntax.expect(')');
      if (type !== 'fill_right') filled = { ...filled, fillLeft: value };
      if (type !== 'fill_left') filled = { ...filled, fillRight: value };
    }
  }

  #primary(): Expression {
    const { token } = this.#syntax;
    const { type } = token;
    if (type === 'number' || type === 'duration') {
      this.#syntax.advance();
      const value = type === 'number' ? parseNumber(this.#syntax, token) : this.#seconds(token);
      return { kind: 'number', value, isDuration: type === 'duration', ...spanOf(token) };
    }
    if (type === 'string') {
      this.#syntax.advance();
      return { kind: 'string', value: unquote(token.text), ...spanOf(token) };
    }
    if (type === '(') {
      this.#syntax.advance();
      const of = this.#expression(0);
      const { end } = this.#syntax.expect(')');
      return { kind: 'paren', of, start: token.start, end };
    }
    if (type === '{') return this.#selector(undefined);
    if (type === 'identifier') {
      this.#syntax.advance();
      return this.#syntax.token.type === '(' ? this.#call(token) : this.#selector(token);
    }
    if (isAggregator(type)) {
      this.#syntax.advance();
      const following = this.#syntax.token.type;
      if (following === '(' || following === 'by' || following === 'without') {
        return this.#aggregate(token, type);
      }
      return this.#selector(token);
    }
    if (type === 'metric identifier' || NAME_KEYWORDS.has(type)) {
      this.#syntax.advance();
      return this.#selector(token);
    }
    return this.#syntax.fail();
  }

  #seconds(token: Token): number {
    return this.#durations.literalSeconds(token);
  }

  #call(name: Token): Expression {
    const args = this.#arguments();
    const { end } = this.#syntax.previous;
    if (functionSignature(name.text) === undefined) {
      this.#syntax.report(name, `unknown function with name ${quote(name.text)}`);
    }
    return { kind: 'call', name: name.text, args, start: name.start, end };
  }

  #arguments(): Expression[] {
    this.#syntax.expect('(');
    const args: Expression[] = [];
    if (this.#syntax.accept(')') !== undefined) return args;
    args.push(this.#expression(0));
    for (;;) {
      const comma = this.#syntax.accept(',');
      if (comma === undefined) break;
      if (!this.#startsExpression()) {
        this.#syntax.report(comma, 'trailing commas not allowed in function call args');
        break;
      }
      args.push(this.#expression(0));
    }
    this.#syntax.expect(')');
    return args;
  }

  #startsExpression(): boolean {
    const { type } = this.#syntax.token;
    return (
      ['number', 'duration', 'string', '(', '{', '+', '-'].includes(type) ||
      type === 'identifier' ||
      type === 'metric identifier' ||
      isAggregator(type) ||
      NAME_KEYWORDS.has(type)
    );
  }

  #aggregate(name: Token, operator: Aggregator): Expression {
    let modifier: { readonly without: boolean; readonly grouping: readonly string[] } | undefined;
    let args: Expression[];
    try {
      modifier = this.#aggregateModifier();
      args = this.#arguments();
    } catch (abort) {
      if (!(abort instanceof SyntaxAbort) || abort.final) throw abort;
      if (!abort.reported) this.#syntax.unexpected('aggregation', '');
      const span = { start: name.start, end: this.#syntax.previous.end };
      this.#syntax.report(span, 'no arguments for aggregate expression provided');
      throw new SyntaxAbort(true, true);
    }
    modifier ??= this.#aggregateModifier() ?? { without: false, grouping: [] };
    const span = { start: name.start, end: this.#syntax.previous.end };
    const wanted = WITH_PARAMETER.has(operator) ? 2 : 1;
    if (args.length === 0) {
      this.#syntax.report(span, 'no arguments for aggregate expression provided');
    } else if (args.length !== wanted) {
      this.#syntax.report(
        span,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const [first = nothing(span), second = first] = args;
    return wanted === 1
      ? { kind: 'aggregate', operator, of: first, ...modifier, ...span }
      : { kind: 'aggregate', operator, of: second, parameter: first, ...modifier, ...span };
  }

  #aggregateModifier():
    | { readonly without: boolean; readonly grouping: readonly string[] }
    | undefined {
    const { type } = this.#syntax.token;
    if (type !== 'by' && type !== 'without') return undefined;
    this.#syntax.advance();
    return { without: type === 'without', grouping: this.#groupingLabels() };
  }

  /** Reads `(a, "b", by)`. What does not fit is reported and skipped, so that more can be said. */
  #groupingLabels(): string[] {
    const syntax = this.#syntax;
    const labels: string[] = [];
    if (syntax.accept('(') === undefined) {
      syntax.unexpected('grouping opts', '"("');
      throw new SyntaxAbort(true);
    }
    while (syntax.accept(')') === undefined) {
      const { token } = syntax;
      if (token.type === 'string') {
        syntax.advance();
        labels.push(unquote(token.text));
      } else if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(token.text) && token.type !== 'error') {
        syntax.advance();
        labels.push(token.text);
      } else {
        syntax.unexpected('grouping opts', 'label');
        syntax.skipTo(',', ')');
      }
      if (syntax.token.type !== ',' && syntax.token.type !== ')') {
        syntax.unexpected('grouping opts', '"," or ")"');
        syntax.skipTo(',', ')');
      }
      syntax.accept(',');
    }
    return labels;
  }

  #selector(name: Token | undefined): VectorSelector {
    const matchers: LabelMatcher[] = [];
    const start = name?.start ?? this.#syntax.token.start;
    if (this.#syntax.accept('{') !== undefined) this.#matchers(matchers);
    if (name !== undefined) matchers.push({ name: '__name__', operator: '=', value: name.text });
    const { end } = this.#syntax.previous;
    return { kind: 'vector-selector', name: name?.text ?? '', matchers, start, end };
  }

  #matchers(into: LabelMatcher[]): void {
    const syntax = this.#syntax;
    while (syntax.accept('}') === undefined) {
      const { token } = syntax;
      if (token.type === 'identifier' || token.type === 'string') {
        syntax.advance();
        this.#matcher(token, into);
      } else {
        syntax.unexpected('label matching', 'identifier or "}"');
        syntax.skipTo(',', '}');
      }
      if (syntax.token.type !== ',' && syntax.token.type !== '}') {
        syntax.unexpected('label matching', '"," or "}"');
        syntax.skipTo(',', '}');
      }
      syntax.accept(',');
    }
  }

  #matcher(name: Token, into: LabelMatcher[]): void {
    const syntax = this.#syntax;
    const quoted = name.type === 'string';
    const label = quoted ? unquote(name.text) : name.text;
    const operator = syntax.token.type;
    if (operator !== '=' && operator !== '!=' && operator !== '=~' && operator !== '!~') {
      if (quoted && (operator === ',' || operator === '}')) {
        into.push({ name: '__name__', operator: '=', value: label });
        return;
      }
      syntax.unexpected('label matching', 'label matching operator');
      syntax.skipTo(',', '}');
      return;
    }
    syntax.advance();
    const value = syntax.accept('string');
    if (value === undefined) {
      syntax.unexpected('label matching', 'string');
      syntax.skipTo(',', '}');
      return;
    }
    const matcher: LabelMatcher = { name: label, operator, value: unquote(value.text) };
    try {
      compileMatcher(matcher);
    } catch (error) {
      syntax.report({ start: name.start, end: value.end }, patternProblem(error));
      return;
    }
    into.push(matcher);
    if (into.length <= MAX_MATCHERS) return;
    syntax.report(
      { start: name.start, end: value.end },
      `a vector selector may have ${MAX_MATCHERS} label matchers at most; put values of one label into one regular expression`,
    );
    throw new SyntaxAbort(true, true);
  }

  #postfix(expression: Expression): Expression {
    let node = expression;
    for (let links = 0; ; links++) {
      if (links > MAX_CHAIN) this.#tooDeep();
      const { token } = this.#syntax;
      const { type } = token;
      if (type === '[') {
        this.#syntax.advance();
        node = this.#rangeOrSubquery(node, token);
      } else if (type === 'offset') {
        this.#syntax.advance();
        node = this.#offset(node, this.#durations.offset());
      } else if (type === '@') {
        this.#syntax.advance();
        node = this.#at(node, this.#atTime(node));
      } else if (type === 'anchored' || type === 'smoothed') {
        this.#syntax.advance();
        node = this.#extend(node, type);
      } else return node;
    }
  }

  #rangeOrSubquery(node: Expression, bracket: Token): Expression {
    const range = this.#durations.range('subquery or range selector');
    const { token } = this.#syntax;
    if (token.type === ':') {
      this.#positive(range);
      this.#syntax.advance();
      let step: DurationExpression | undefined;
      if (this.#syntax.token.type !== ']') {
        step = this.#durations.range('subquery selector');
        this.#positive(step);
      }
      const { end } = this.#syntax.expect(']', 'subquery selector', '"]"');
      const span = { start: node.start, end };
      return step === undefined
        ? { kind: 'subquery', of: node, range, ...span }
        : { kind: 'subquery', of: node, range, step, ...span };
    }
    const { end } = this.#syntax.expect(']', 'subquery or range', '":" or "]"');
    this.#positive(range);
    let problem: string | undefined;
    if (node.kind !== 'vector-selector') problem = 'ranges only allowed for vector selectors';
    else if (node.offset !== undefined) problem = 'no offset modifiers allowed before range';
    else if (node.at !== undefined) problem = 'no @ modifiers allowed before range';
    if (problem !== undefined) this.#syntax.report({ start: bracket.start, end }, problem);
    const span = { start: node.start, end };
    const selector: VectorSelector =
      node.kind === 'vector-selector'
        ? node
        : { kind: 'vector-selector', name: '', matchers: [], ...span };
    const matrix: MatrixSelector = { kind: 'matrix-selector', selector, range, ...span };
    if (node.kind !== 'vector-selector') this.#faultyRanges.add(matrix);
    return matrix;
  }

  #positive(duration: DurationExpression): void {
    const problem = findProblem(duration);
    if (problem !== undefined) this.#syntax.report(duration, problem);
    // Only a literal is judged here; a sum is judged when the query runs, as Prometheus does.
    if (problem !== undefined || (isLiteral(duration) && literalMs(duration) <= 0)) {
      this.#syntax.report(duration, 'duration must be greater than 0');
    }
  }

  #offset(node: Expression, offset: DurationExpression): Expression {
    const problem = findProblem(offset);
    if (problem !== undefined) this.#syntax.report(offset, problem);
    const target = this.#modifiable(node, 'offset modifier');
    if (target === undefined) return node;
    if (target.offset !== undefined) {
      this.#syntax.report(node, 'offset may not be set multiple times');
      return node;
    }
    return this.#withModifier(node, { offset });
  }

  #atTime(node: Expression): AtModifier {
    const { token } = this.#syntax;
    const isBound = token.type === 'identifier' && /^(?:start|end)$/i.test(token.text);
    if (isBound) {
      this.#syntax.advance();
      this.#syntax.expect('(');
      this.#syntax.expect(')');
      return { kind: token.text.toLowerCase() === 'start' ? 'start' : 'end' };
    }
    if (!['number', 'duration', '+', '-'].includes(token.type)) {
      this.#syntax.unexpected('@', 'timestamp');
      throw new SyntaxAbort(true);
    }
    const seconds = this.#signedNumber();
    if (!Number.isFinite(seconds) || Math.abs(seconds) >= 2 ** 63) {
      const shown = Number.isFinite(seconds) ? seconds.toFixed(6) : formatFloat(seconds);
      this.#syntax.report(node, `timestamp out of bounds for @ modifier: ${shown}`);
    }
    return { kind: 'time', unixMs: Math.round(seconds * 1000) };
  }

  #at(node: Expression, at: AtModifier): Expression {
    const target = this.#modifiable(node, '@ modifier');
    if (target === undefined) return node;
    if (target.at !== undefined) {
      this.#syntax.report(node, '@ <timestamp> may not be set multiple times');
      return node;
    }
    return this.#withModifier(node, { at });
  }

  #extend(node: Expression, extension: 'anchored' | 'smoothed'): Expression {
    if (node.kind === 'matrix-selector' && this.#faultyRanges.has(node)) return node;
    if (node.kind === 'subquery') {
      this.#syntax.report(node, `${extension} modifier is not supported for subqueries`);
      return node;
    }
    if (node.kind !== 'vector-selector' && node.kind !== 'matrix-selector') {
      this.#syntax.report(node, `${extension} modifier not implemented`);
      return node;
    }
    const selector = node.kind === 'matrix-selector' ? node.selector : node;
    if (selector.extension !== undefined && selector.extension !== extension) {
      this.#syntax.report(node, 'anchored and smoothed modifiers cannot be used together');
    }
    return this.#withModifier(node, { extension });
  }

  /** The part of a node that carries offset and `@`, reporting where there is none. */
  #modifiable(node: Expression, what: string): Pick<VectorSelector, 'offset' | 'at'> | undefined {
    if (node.kind === 'vector-selector' || node.kind === 'subquery') return node;
    if (node.kind === 'matrix-selector') {
      if (!this.#faultyRanges.has(node)) return node.selector;
      this.#syntax.report(node, 'ranges only allowed for vector selectors');
      return undefined;
    }
    this.#syntax.report(
      node,
      `${what} must be preceded by an instant vector selector or range vector selector or a subquery`,
    );
    return undefined;
  }

  #withModifier(
    node: Expression,
    modifier: Partial<Pick<VectorSelector, 'offset' | 'at' | 'extension'>>,
  ): Expression {
    const { end } = this.#syntax.previous;
    if (node.kind === 'matrix-selector') {
      return { ...node, selector: { ...node.selector, ...modifier }, end };
    }
    if (node.kind === 'vector-selector') return { ...node, ...modifier, end };
    if (node.kind === 'subquery') {
      const { offset, at } = modifier;
      return {
        ...node,
        ...(offset === undefined ? {} : { offset }),
        ...(at === undefined ? {} : { at }),
        end,
      };
    }
    return node;
  }

  #signedNumber(): number {
    const sign = this.#syntax.accept('-') ?? this.#syntax.accept('+');
    const { token } = this.#syntax;
    let value: number;
    if (token.type === 'number') {
      this.#syntax.advance();
      value = parseNumber(this.#syntax, token);
    } else if (token.type === 'duration') {
      this.#syntax.advance();
      value = this.#seconds(token);
    } else return this.#syntax.fail();
    return sign?.type === '-' ? -value : value;
  }
}

function isLiteral(duration: DurationExpression): boolean {
  if (duration.kind === 'unary') return duration.of.kind === 'number';
  return duration.kind === 'number';
}

function literalMs(duration: DurationExpression): number {
  return durationMs(duration, { stepMs: 0, rangeMs: 0 });
}

function spanOf(token: Token): Span {
  return { start: token.start, end: token.end };
}

/** Stands where an argument is missing; the fault has been reported. */
function nothing(span: Span): Expression {
  return { kind: 'number', value: Number.NaN, isDuration: false, ...span };
}
