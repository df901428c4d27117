import { type QueryValue } from '@dwcp/core';

import { type AlertingRule } from '../rule.ts';
import { type RuleExplanation } from './explanation.ts';
import { type Ask, isCompatible, valueOf } from './rule-query.ts';

/** What the expressions beside a rule's own gave: when its alerts are over, and whether there is data. */
export async function explainPolicies(
  { recover, dataExpression, noData }: AlertingRule,
  ask: Ask,
): Promise<Pick<RuleExplanation, 'recovery' | 'data'>> {
  const countOf = async (expression: string): Promise<number> =>
    elementCount(await valueOf(ask, expression), ask.labels);
  const found: { -readonly [Key in 'recovery' | 'data']?: RuleExplanation[Key] } = {};
  if (recover !== undefined) {
    const { expression } = recover;
    const count = await countOf(expression);
    const text =
      count > 0
        ? `the recovery ${expression} holds: an alert that fires is over`
        : `the recovery ${expression} does not hold: an alert that fires goes on, also where the expression no longer holds`;
    found.recovery = { expression, elementCount: count, text };
  }
  if (dataExpression !== undefined) {
    const count = await countOf(dataExpression);
    const text =
      count > 0
        ? `there are data: ${dataExpression} gives something`
        : `there are no data: ${dataExpression} gives nothing, and no_data is ${noData ?? 'resolve'}`;
    found.data = { expression: dataExpression, elementCount: count, text };
  }
  return found;
}

function elementCount(value: QueryValue, labels: Readonly<Record<string, string>>): number {
  if (value.kind === 'scalar') return 1;
  if (value.kind !== 'vector') return 0;
  return value.samples.filter((sample) => isCompatible(sample.labels.toObject(), labels)).length;
}
