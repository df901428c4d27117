import { type Series } from '@dwcp/core';

import { type RuleGroup } from '../rule.ts';
import { LOG_MATCHES } from './compile-condition.ts';

/**
 * The counts of log records that a test gives as an input series
 * `dwcp:log_matches:count{alertname="...", condition="1"}`, as the rules of that name read them.
 * @returns the series itself when it is none of these
 */
export function givenCounts(series: Series, groups: readonly RuleGroup[]): readonly Series[] {
  const { labels } = series;
  if (labels.metricName !== LOG_MATCHES || labels.has('search')) return [series];
  const condition = labels.has('condition') ? labels.get('condition') : '1';
  const searches = new Set<string>();
  for (const rule of groups.flatMap(({ rules }) => rules)) {
    if (rule.kind !== 'alerting' || rule.name !== labels.get('alertname')) continue;
    for (const counted of rule.logCounts ?? []) {
      const { condition: number, search } = counted.labels;
      if (number === condition && search !== undefined) searches.add(search);
    }
  }
  return searches.size === 0
    ? [series]
    : [...searches].map((search) => ({ ...series, labels: labels.with({ condition, search }) }));
}
