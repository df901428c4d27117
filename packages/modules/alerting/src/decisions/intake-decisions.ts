import { type DecisionLog } from './decision-log.ts';

/** What the intake decided about an alert. */
interface TakenIn {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly unixMs: number;
  readonly outcome: 'passed' | 'held' | 'released' | 'ended-while-held' | 'resolved-by-hand';
  readonly identity?: string;
  readonly manual?: {
    readonly action: 'triggered' | 'resolved';
    readonly by: string;
    readonly comment?: string;
  };
}

/** Takes down what the intake decides: the value of its option `onDecision`. */
export function intakeDecisions(log: DecisionLog): (decisions: readonly TakenIn[]) => void {
  return (decisions) => {
    for (const { fingerprint, labels, unixMs, outcome, identity, manual } of decisions) {
      const alert = { subject: fingerprint, alertName: labels['alertname'] ?? '', labels, unixMs };
      if (manual !== undefined) {
        const decision = { kind: 'manual', ...manual } as const;
        log.note({ ...alert, topic: 'manual', decision });
      }
      const about = { ...alert, topic: 'intake', same: outcome };
      if (log.repeat(about)) continue;
      const why = identity === undefined ? {} : { identity };
      log.note({ ...about, decision: { kind: 'intake', outcome, ...why } });
    }
  };
}
