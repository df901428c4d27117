import { type ReactNode } from 'react';

import { type ExplainedRule } from '../../api/alerting-types.ts';
import { type Labels } from '../../api/types.ts';
import { ChartCard, type ChartQuery } from '../../charts/chart-card.tsx';
import { type FrameSeries } from '../../charts/frame.ts';
import { formatLabels } from '../../format/labels.ts';
import { comparisonSides } from './comparison.ts';

const MAX_COMPARISONS = 2;

/** What an alert's rule looks at, of the alert's own series, beside its threshold. */
export function AlertChart({
  rule,
  labels,
}: {
  readonly rule: ExplainedRule;
  readonly labels: Labels;
}): ReactNode {
  return (
    <ChartCard
      title="What its rule looks at"
      unit="none"
      height={160}
      queries={chartQueries(rule, labels)}
      empty="The rule's expression gives nothing in this range."
    />
  );
}

function chartQueries(rule: ExplainedRule, labels: Labels): readonly ChartQuery[] {
  const keep = (series: FrameSeries): boolean => isOfAlert(series.labels, labels);
  const sides = rule.comparisons
    .slice(0, MAX_COMPARISONS)
    .flatMap(({ expression, operator }) => comparisonSides(expression, operator) ?? []);
  if (sides.length === 0) return [{ expr: rule.expression, label: nameOf, keep }];
  return sides.flatMap(({ expression, threshold }): readonly ChartQuery[] => [
    { expr: expression, label: nameOf, keep },
    ...(threshold === undefined
      ? []
      : [{ expr: `vector(${threshold})`, label: 'threshold', color: '--bad', dashed: true }]),
  ]);
}

function nameOf({ labels }: FrameSeries): string {
  return labels['instance'] ?? labels['__name__'] ?? formatLabels(labels);
}

/** Whether a series is one that the alert came of: no label says otherwise. */
function isOfAlert(series: Labels, alert: Labels): boolean {
  return Object.entries(series).every(
    ([name, value]) => name === '__name__' || alert[name] === undefined || alert[name] === value,
  );
}
