import { type DecisionLog } from './decision-log.ts';

/** What the intake decided about an alert. */
interface TakenIn {
  readonly fingerprint: string;
  readonly unixMs: number;
  readonly outcome: 'passed' | 'held' | 'released' | 'ended-while-held' | 'resolved-by-hand';
  readonly identity?: string;
}

/** Takes down what the intake decides: the value of its option `onDecision`. */
export function intakeDecisions(log: DecisionLog): (decisions: readonly TakenIn[]) => void {
  return (decisions) => {
    for (const { fingerprint, unixMs, outcome, identity } of decisions) {
      const about = { subject: fingerprint, topic: 'intake', unixMs, same: outcome };
      if (log.repeat(about)) continue;
      const why = identity === undefined ? {} : { identity };
      log.note({ ...about, decision: { kind: 'intake', outcome, ...why } });
    }
  };
}
