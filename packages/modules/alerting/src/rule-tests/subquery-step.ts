import {
  type InstantQuery,
  type MetricQuery,
  MonitoringError,
  type QueryOptions,
  type QueryResult,
  type RangeQuery,
} from '@dwcp/core';
import { type Expression, parseExpression, printExpression } from '@dwcp/promql';

/** The step that the engine gives to subqueries without one. */
const ENGINE_STEP_MS = 60_000;

/**
 * Gives subqueries without a step the evaluation interval of the test for one, as promtool does.
 * @returns the same query where that is what the engine does anyway
 */
export function withSubqueryStep(inner: MetricQuery, stepMs: number): MetricQuery {
  return stepMs === ENGINE_STEP_MS ? inner : new SubqueryStepQuery(inner, stepMs);
}

class SubqueryStepQuery implements MetricQuery {
  readonly #inner: MetricQuery;
  readonly #stepMs: number;
  readonly #rewritten = new Map<string, string>();

  constructor(inner: MetricQuery, stepMs: number) {
    this.#inner = inner;
    this.#stepMs = stepMs;
  }

  instant(query: InstantQuery, options?: QueryOptions): Promise<QueryResult> {
    return this.#inner.instant(
      { ...query, expression: this.#expressionOf(query.expression) },
      options,
    );
  }

  range(query: RangeQuery, options?: QueryOptions): Promise<QueryResult> {
    return this.#inner.range(
      { ...query, expression: this.#expressionOf(query.expression) },
      options,
    );
  }

  #expressionOf(text: string): string {
    const known = this.#rewritten.get(text);
    if (known !== undefined) return known;
    const rewritten = this.#rewrite(text);
    this.#rewritten.set(text, rewritten);
    return rewritten;
  }

  #rewrite(text: string): string {
    if (!text.includes(':]')) return text;
    try {
      return printExpression(withStep(parseExpression(text), this.#stepMs));
    } catch (error) {
      // What is wrong with it, the engine tells.
      if (error instanceof MonitoringError) return text;
      throw error;
    }
  }
}

function withStep(node: Expression, stepMs: number): Expression {
  switch (node.kind) {
    case 'number':
    case 'string':
    case 'vector-selector':
    case 'matrix-selector':
      return node;
    case 'paren':
    case 'unary':
      return { ...node, of: withStep(node.of, stepMs) };
    case 'binary':
      return { ...node, left: withStep(node.left, stepMs), right: withStep(node.right, stepMs) };
    case 'call':
      return { ...node, args: node.args.map((arg) => withStep(arg, stepMs)) };
    case 'aggregate': {
      const of = withStep(node.of, stepMs);
      if (node.parameter === undefined) return { ...node, of };
      return { ...node, of, parameter: withStep(node.parameter, stepMs) };
    }
    case 'subquery': {
      const of = withStep(node.of, stepMs);
      const step = node.step ?? { ...node.range, kind: 'number', seconds: stepMs / 1_000 };
      return { ...node, of, step };
    }
  }
}
