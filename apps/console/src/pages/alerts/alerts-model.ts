import { type Alert, type RuleGroup } from '../../api/types.ts';
import { type Tone } from '../../ui/status-mark.tsx';
import { severityRank } from './alert-filter.ts';
import { type AlertRow } from './alert-rows.ts';

const stateRank = { firing: 0, pending: 1 } as const;

/** Firing first, then by severity, then the longest-lasting first. */
export function byUrgency(a: Alert, b: Alert): number {
  return (
    stateRank[a.state] - stateRank[b.state] ||
    severityRank(a.labels['severity']) - severityRank(b.labels['severity']) ||
    a.activeAt.localeCompare(b.activeAt)
  );
}

export function alertTone({ state, labels }: Pick<Alert, 'state' | 'labels'>): Tone {
  if (state === 'pending') return 'warn';
  return severityRank(labels['severity']) === 2 ? 'warn' : 'bad';
}

/** The same for a row of the list; what is held back is calm. */
export function rowTone({ state, labels }: Pick<AlertRow, 'state' | 'labels'>): Tone {
  return state === 'suppressed' ? 'idle' : alertTone({ state, labels });
}

export function severityTone(severity: string | undefined): Tone {
  return (['bad', 'warn', 'idle'] as const)[severityRank(severity)] ?? 'warn';
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
