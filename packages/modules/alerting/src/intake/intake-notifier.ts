import { Labels, type Notifier } from '@dwcp/core';

import { postableAlerts, postOnce } from '../alertmanager/rule-alerts.ts';
import { type DedupSettings } from '../conditions/condition.ts';
import { type AlertIntake } from './alert-intake.ts';
import { type IntakeAlert, type IntakeDedup } from './intake-alert.ts';

/**
 * Posts what rules say to the intake of the same process; the notifier to give a RuleManager.
 * @param options.validForMs for how long a firing alert holds when nothing repeats it
 * @param options.dedupOf the dedup rule of an alert's rule, by the alert's labels
 */
export function intakeNotifier(
  intake: Pick<AlertIntake, 'putAlerts' | 'nowUnixMs'>,
  options: {
    readonly name: string;
    readonly validForMs: number;
    readonly dedupOf?: (labels: Labels) => IntakeDedup | undefined;
  },
): Notifier {
  const { name, validForMs, dedupOf = () => undefined } = options;
  return {
    name,
    async notify(notification): Promise<void> {
      const unixMs = intake.nowUnixMs();
      const alerts = postableAlerts(notification, { unixMs, validForMs });
      const posted = alerts.map((alert): IntakeAlert => {
        const dedup = dedupOf(Labels.from(alert.labels));
        return dedup === undefined ? alert : { ...alert, dedup };
      });
      await postOnce(() => intake.putAlerts(posted, 'rule'));
    },
  };
}

/** What of a rule decides which dedup rule an alert has. */
export interface DedupingRule {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly dedup?: DedupSettings;
}

/**
 * Finds an alert's dedup rule: that of the rule with its name whose fixed labels it has, the one
 * with the most of them where several do. Labels with a template in them are not looked at.
 */
export function dedupLookup(
  rules: Iterable<DedupingRule>,
): (labels: Labels) => IntakeDedup | undefined {
  const byName = new Map<string, { dedup?: IntakeDedup; fixed: readonly [string, string][] }[]>();
  for (const { name, labels, dedup } of rules) {
    const fixed = Object.entries(labels).filter(([, value]) => !value.includes('{{'));
    const alike = byName.get(name) ?? [];
    const scope = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    alike.push({ fixed, ...(dedup === undefined ? {} : { dedup: { ...dedup, scope } }) });
    byName.set(name, alike);
  }
  for (const alike of byName.values()) alike.sort((a, b) => b.fixed.length - a.fixed.length);
  return (labels) =>
    byName
      .get(labels.get('alertname'))
      ?.find(({ fixed }) => fixed.every(([name, value]) => labels.get(name) === value))?.dedup;
}
