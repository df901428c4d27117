import { type Alert, type RuleGroup } from '../../api/types.ts';
import { type Tone } from '../../ui/status-mark.tsx';

const stateRank = { firing: 0, pending: 1 } as const;
const severityRank: Readonly<Record<string, number>> = { critical: 0, warning: 1, info: 2 };

/** Firing first, then by severity, then the longest-lasting first. */
export function byUrgency(a: Alert, b: Alert): number {
  const severity = (alert: Alert): number => severityRank[alert.labels['severity'] ?? ''] ?? 3;
  return (
    stateRank[a.state] - stateRank[b.state] ||
    severity(a) - severity(b) ||
    a.activeAt.localeCompare(b.activeAt)
  );
}

export function alertTone({ state, labels }: Pick<Alert, 'state' | 'labels'>): Tone {
  if (state === 'pending') return 'warn';
  return labels['severity'] === 'info' ? 'warn' : 'bad';
}

export interface RuleCounts {
  readonly firing: number;
  readonly pending: number;
  readonly inactive: number;
}

/** Alerting rules by the state they are in. */
export function countRules(groups: readonly RuleGroup[]): RuleCounts {
  const counts = { firing: 0, pending: 0, inactive: 0 };
  for (const { rules } of groups) {
    for (const rule of rules) if (rule.type === 'alerting') counts[rule.state] += 1;
  }
  return counts;
}

export const RULES_EXAMPLE = `groups:
  - name: availability
    rules:
      - alert: TargetDown
        expr: up == 0
        for: 3s
        labels: { severity: critical }
        annotations: { summary: '{{ $labels.instance }} does not answer' }`;
