import { type PostableAlert } from '../alertmanager/alerts.ts';
import { type DedupSettings } from '../conditions/condition.ts';

/** A dedup rule of one alerting rule: alerts of two rules are never one. */
export type IntakeDedup = DedupSettings & {
  /** Tells rules of one name apart. */
  readonly scope?: string;
};

/** Where an alert comes from. */
export type AlertOrigin = 'rule' | 'api' | 'manual';

/** A posted alert with what the intake has to know beside it; neither field goes on to receivers. */
export type IntakeAlert = PostableAlert & {
  readonly dedup?: IntakeDedup;
  readonly origin?: AlertOrigin;
};

/** Without what only the intake needs. */
export function postable(alert: IntakeAlert): PostableAlert {
  const { dedup: _dedup, origin: _origin, ...rest } = alert;
  return rest;
}
