import { createHash } from 'node:crypto';

import { formatDuration, METRIC_NAME } from '@dwcp/core';
import { formatFloat, parseExpression, printExpression, typeOf } from '@dwcp/promql';

import {
  type Comparison,
  type Composite,
  type Condition,
  type CountedSearch,
  type LogCount,
  type LogSearch,
  RATE_UNITS,
  type RateOfChange,
  type Subject,
  type Zscore,
} from './condition.ts';
import { dataExpression } from './data-expression.ts';

/** The series that anomaly detection writes, one per metric and label set, from 0 to 1. */
export const ANOMALY_SCORE = 'dwcp_anomaly_score';
/** The series that counted log records become. */
export const LOG_MATCHES = 'dwcp:log_matches:count';

export interface CompiledCondition {
  /** PromQL with an element for each label set that the condition holds for. */
  readonly expression: string;
  /** PromQL that has elements as long as there is something to judge; see `dataExpression`. */
  readonly data: string | undefined;
  /** Counts that have to be written before the expression is evaluated. */
  readonly counted: readonly CountedSearch[];
}

/** A condition, or a part of it, that says nothing about any series. */
export class UnknownSeriesError extends Error {}

interface Part {
  readonly expression: string;
  /** All label sets that the condition can hold for; undefined where nothing tells them. */
  readonly universe: string | undefined;
  readonly data: string | undefined;
}

/**
 * Turns a condition into PromQL.
 *
 * @param ruleName becomes the label `alertname` of counted log records
 * @param firstCount the number of the rule's first count; counts of a rule are numbered through
 * @throws UnknownSeriesError for a `not` that nothing says the series of
 */
export function compileCondition(
  condition: Condition,
  ruleName: string,
  firstCount = 1,
): CompiledCondition {
  const compiler = new Compiler(ruleName, firstCount);
  const { expression, data } = compiler.part(condition);
  return {
    expression: tidy(expression),
    data: data === undefined ? undefined : tidy(data),
    counted: compiler.counted,
  };
}

class Compiler {
  readonly counted: CountedSearch[] = [];
  readonly #ruleName: string;
  readonly #firstCount: number;

  constructor(ruleName: string, firstCount: number) {
    this.#ruleName = ruleName;
    this.#firstCount = firstCount;
  }

  part(condition: Condition): Part {
    switch (condition.kind) {
      case 'expression': {
        const data = dataExpression(condition.expression);
        return { expression: condition.expression, universe: data, data };
      }
      case 'threshold': {
        const { over, subject } = condition;
        const left =
          over === undefined
            ? textOf(subject)
            : `${over.aggregate}_over_time(${rangeOf(subject, over.windowMs)})`;
        return compared(left, condition);
      }
      case 'rate_of_change':
        return compared(changeOf(condition), condition);
      case 'anomaly_score': {
        const { labels, metric } = condition;
        return compared(
          selectorOf(ANOMALY_SCORE, Object.assign({ metric }, labels, { metric })),
          condition,
        );
      }
      case 'zscore':
        return zscore(condition);
      case 'log_count':
        return this.#logCount(condition);
      case 'absence': {
        const { forMs, labels, metric } = condition;
        const selector = selectorOf(metric, labels);
        const expression =
          forMs === undefined
            ? `absent(${selector})`
            : `absent_over_time(${selector}[${formatDuration(forMs)}])`;
        // `absent` has the labels of the selector; where the series are there, so has this.
        const grouping = Object.keys(labels).join(', ');
        const present =
          forMs === undefined
            ? selector
            : `present_over_time(${selector}[${formatDuration(forMs)}])`;
        return { expression, universe: `group by (${grouping}) (${present})`, data: undefined };
      }
      case 'not': {
        if (condition.of.kind === 'not') return this.part(condition.of.of);
        const on = 'on' in condition.of ? matching(condition.of) : '';
        return negated(this.part(condition.of), on);
      }
      case 'all':
        return this.#all(condition);
      case 'any':
        return this.#any(condition);
    }
  }

  /** What takes away stands behind what it is taken from; the order of the others stays. */
  #all(condition: Composite): Part {
    const members = condition.of.map(withoutDoubleNot);
    const kept = members.filter(({ kind }) => kind !== 'not');
    if (kept.length === 0) {
      const of = members.map((member) => (member.kind === 'not' ? member.of : member));
      return negated(this.#any({ ...condition, of }), matching(condition));
    }
    const on = matching(condition);
    const parts = kept.map((member) => this.part(member));
    const taken = members.flatMap((member) =>
      member.kind === 'not' ? [this.part(member.of)] : [],
    );
    const join = (texts: readonly (string | undefined)[]): string | undefined => {
      const known = texts.filter((text) => text !== undefined);
      return known.length === 0 ? undefined : known.map(inParens).join(` and${on} `);
    };
    const holds = join(parts.map(({ expression }) => expression)) ?? '';
    return {
      expression: [holds, ...taken.map(({ expression }) => inParens(expression))].join(
        ` unless${on} `,
      ),
      universe: united(parts.map(({ universe }) => universe)),
      // Judged where every member has data; what takes away holds without.
      data: join(parts.map(({ data }) => data)),
    };
  }

  #any(condition: Composite): Part {
    const on = matching(condition);
    const parts = condition.of.map((member) => this.part(member));
    const data = parts.flatMap((part) => (part.data === undefined ? [] : [part.data]));
    return {
      expression: parts.map(({ expression }) => inParens(expression)).join(` or${on} `),
      universe: united(parts.map(({ universe }) => universe)),
      data: data.length === 0 ? undefined : united(data),
    };
  }

  #logCount(condition: LogCount): Part {
    const { search } = condition;
    const labels = {
      [METRIC_NAME]: LOG_MATCHES,
      alertname: this.#ruleName,
      condition: String(this.#firstCount + this.counted.length),
      search: searchId(search),
    };
    this.counted.push({ labels, search });
    const { [METRIC_NAME]: name, ...rest } = labels;
    // The labels that tell counts apart are not the alert's.
    const grouping = search.by.length === 0 ? '' : ` by (${search.by.map(labelOf).join(', ')}) `;
    const sum = `sum${grouping}(${selectorOf(name, rest)})`;
    // No record is a count of 0, not missing data.
    return { ...compared(sum, condition), data: undefined };
  }
}

/** @throws UnknownSeriesError */
function negated({ data, expression, universe }: Part, on: string): Part {
  if (universe === undefined) throw new UnknownSeriesError();
  return { expression: `(${universe}) unless${on} (${expression})`, universe, data };
}

function withoutDoubleNot(condition: Condition): Condition {
  if (condition.kind !== 'not' || condition.of.kind !== 'not') return condition;
  return withoutDoubleNot(condition.of.of);
}

function matching({ on }: Composite): string {
  return on === undefined ? '' : ` on (${on.join(', ')})`;
}

/** All label sets of several conditions; unknown as soon as those of one are. */
function united(universes: readonly (string | undefined)[]): string | undefined {
  const known = universes.filter((universe) => universe !== undefined);
  if (known.length < universes.length) return undefined;
  return [...new Set(known)].map(inParens).join(' or ');
}

function compared(left: string, { operator, value }: Comparison): Part {
  const operand = parseExpression(left).kind === 'binary' ? inParens(left) : left;
  const expression = `${operand} ${operator} ${formatFloat(value)}`;
  return { expression, universe: left, data: left };
}

function changeOf({ per, subject, type, windowMs }: RateOfChange): string {
  const range = rangeOf(subject, windowMs);
  if (per !== 'percent') {
    const slope = `${type === 'counter' ? 'rate' : 'deriv'}(${range})`;
    return per === 'second' ? slope : `${slope} * ${RATE_UNITS[per]}`;
  }
  const offset = `offset ${formatDuration(windowMs)}`;
  const now = type === 'counter' ? `rate(${range})` : textOf(subject);
  const then = type === 'counter' ? `rate(${range} ${offset})` : `${textOf(subject)} ${offset}`;
  // A change from 0 has no percentage.
  return `(${now} - ${then}) / (abs(${then}) > 0) * 100`;
}

function zscore({ deviations, direction, subject, windowMs }: Zscore): Part {
  const value = textOf(subject);
  const operand = parseExpression(value).kind === 'binary' ? inParens(value) : value;
  const range = rangeOf(subject, windowMs);
  const distance = `(${operand} - avg_over_time(${range}))`;
  const size = direction === 'both' ? `abs${distance}` : distance;
  const limit =
    direction === 'below' ? `< ${formatFloat(-deviations)}` : `> ${formatFloat(deviations)}`;
  // Where all samples of the window are equal there is nothing to measure by.
  const expression = `${size} / (stddev_over_time(${range}) > 0) ${limit}`;
  return { expression, universe: value, data: value };
}

function textOf(subject: Subject): string {
  if (subject.kind === 'metric') return selectorOf(subject.metric, subject.labels);
  const { expression } = subject;
  return typeOf(parseExpression(expression)) === 'scalar' ? `vector(${expression})` : expression;
}

function rangeOf(subject: Subject, windowMs: number): string {
  const range = formatDuration(windowMs);
  return subject.kind === 'metric'
    ? `${textOf(subject)}[${range}]`
    : `(${textOf(subject)})[${range}:]`;
}

function selectorOf(metric: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? metric : `${metric}{${pairs.join(', ')}}`;
}

/** The label that an attribute becomes: `http.route` is `http_route`. */
export function labelOf(attribute: string): string {
  return attribute.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}

/** The same for equal searches only. */
function searchId(search: LogSearch): string {
  return createHash('sha256').update(JSON.stringify(search)).digest('hex').slice(0, 16);
}

function inParens(text: string): string {
  return `(${text})`;
}

/** As Prometheus prints it. */
function tidy(expression: string): string {
  return printExpression(parseExpression(expression));
}
