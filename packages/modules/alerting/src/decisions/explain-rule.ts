import { Labels, MonitoringError, type QueryValue } from '@dwcp/core';
import {
  type Expression,
  type MatrixSelector,
  parseExpression,
  printExpression,
  type VectorSelector,
} from '@dwcp/promql';

import { type AlertingRule, type RuleGroup } from '../rule.ts';
import { comparisonsOf, explainComparison } from './explain-comparison.ts';
import { explainPolicies } from './explain-policies.ts';
import { type Finding, type RuleExplanation } from './explanation.ts';
import { type Ask, isCompatible, numberText, valueOf } from './rule-query.ts';

/** A rule that runs, and how often. */
export interface ExplainedRule {
  readonly rule: AlertingRule;
  readonly group: RuleGroup;
  readonly intervalMs: number;
}

const MAX_SERIES = 20;
const MAX_PARTS = 10;

/** What a rule's expression gives at a moment, and for each comparison in it by how much. */
export async function explainRule(
  { rule, group, intervalMs }: ExplainedRule,
  ask: Ask,
): Promise<RuleExplanation> {
  const { name, expression, forMs, keepFiringForMs } = rule;
  // Labels that the rule gives say nothing about its series.
  const own = new Set(['alertname', ...Object.keys(rule.labels)]);
  const labels = Object.fromEntries(Object.entries(ask.labels).filter(([key]) => !own.has(key)));
  const at = { ...ask, labels, unixMs: ask.unixMs - group.queryOffsetMs };
  const about = {
    group: group.name,
    file: group.file,
    name,
    expression,
    forMs,
    keepFiringForMs,
    intervalMs,
  };
  try {
    const tree = parseExpression(expression);
    const elements = elementsOf(await valueOf(at, expression), at.labels);
    const comparisons = [];
    for (const comparison of comparisonsOf(tree).slice(0, MAX_PARTS)) {
      comparisons.push(await explainComparison(comparison, at));
    }
    const selectors = [];
    for (const selector of selectorsOf(tree).slice(0, MAX_PARTS)) {
      selectors.push(await explainSelector(selector, at));
    }
    const missing = selectors.length > 0 && selectors.every(({ seriesCount }) => seriesCount === 0);
    const outcome = elements.length > 0 ? 'holds' : missing ? 'no-series' : 'does-not-hold';
    const found = {
      ...about,
      outcome,
      elements: elements.slice(0, MAX_SERIES),
      elementCount: elements.length,
      comparisons,
      selectors,
      ...(await explainPolicies(rule, at)),
    } as const;
    return { ...found, findings: findingsOf(found) };
  } catch (error) {
    if (!(error instanceof MonitoringError)) throw error;
    return {
      ...about,
      outcome: 'error',
      error: error.message,
      elements: [],
      elementCount: 0,
      comparisons: [],
      selectors: [],
      findings: [
        {
          code: 'rule-error',
          text: `the expression of ${name} cannot be evaluated: ${error.message}`,
        },
      ],
    };
  }
}

function findingsOf(found: Omit<RuleExplanation, 'findings'>): readonly Finding[] {
  const gone = found.selectors
    .filter(({ seriesCount }) => seriesCount === 0)
    .map(({ selector, seenWithinDay }): Finding => {
      const before = seenWithinDay
        ? 'there was one within the day before'
        : 'nor was there any within the day before';
      return { code: 'no-series', text: `no series matches ${selector}: ${before}` };
    });
  // A rule that waits for absence holds because there is none.
  if (found.outcome === 'holds') return [];
  if (found.outcome === 'no-series') return gone;
  const missed = found.comparisons
    .filter(({ holdingCount }) => holdingCount === 0)
    .flatMap(({ operator, series, seriesCount }): readonly Finding[] => {
      const [nearest] = series;
      if (nearest === undefined) return [];
      const { labels, value, threshold, distance } = nearest;
      const others =
        seriesCount > 1 ? `; ${seriesCount} series were compared, it is the nearest` : '';
      const text = `${value} ${operator} ${threshold} is not so for ${Labels.from(labels).toString()}, it misses by ${distance}: no alert${others}`;
      return [{ code: 'condition-not-met', text }];
    });
  const plain: Finding = {
    code: 'condition-not-met',
    text: 'the expression gives nothing: no alert',
  };
  const reasons = [...missed, ...gone];
  return reasons.length === 0 ? [plain] : reasons;
}

/** Every selector of the expression once, those of ranges with their range. */
function selectorsOf(expression: Expression): readonly (VectorSelector | MatrixSelector)[] {
  const found = new Map<string, VectorSelector | MatrixSelector>();
  const walk = (node: Expression): void => {
    switch (node.kind) {
      case 'vector-selector':
      case 'matrix-selector':
        found.set(printExpression(node), node);
        return;
      case 'paren':
      case 'unary':
      case 'subquery':
        walk(node.of);
        return;
      case 'aggregate':
        walk(node.of);
        if (node.parameter !== undefined) walk(node.parameter);
        return;
      case 'binary':
        walk(node.left);
        walk(node.right);
        return;
      case 'call':
        for (const argument of node.args) walk(argument);
        return;
      case 'number':
      case 'string':
    }
  };
  walk(expression);
  return [...found.values()];
}

async function explainSelector(
  selector: VectorSelector | MatrixSelector,
  ask: Ask,
): Promise<RuleExplanation['selectors'][number]> {
  const text = printExpression(selector);
  const now = selector.kind === 'matrix-selector' ? `last_over_time(${text})` : text;
  const seriesCount = await countOf(ask, now);
  const {
    offset: _,
    at: __,
    ...plain
  } = selector.kind === 'matrix-selector' ? selector.selector : selector;
  const seenWithinDay =
    seriesCount > 0 || (await countOf(ask, `last_over_time(${printExpression(plain)}[1d])`)) > 0;
  return { selector: text, seriesCount, seenWithinDay };
}

async function countOf(ask: Ask, expression: string): Promise<number> {
  const value = await valueOf(ask, `count(${expression})`);
  return value.kind === 'vector' ? (value.samples[0]?.value ?? 0) : 0;
}

function elementsOf(
  value: QueryValue,
  labels: Readonly<Record<string, string>>,
): RuleExplanation['elements'] {
  if (value.kind === 'scalar') return [{ labels: {}, value: numberText(value.value) }];
  if (value.kind !== 'vector') return [];
  return value.samples
    .map((sample) => ({ labels: sample.labels.toObject(), value: numberText(sample.value) }))
    .filter((element) => isCompatible(element.labels, labels));
}
