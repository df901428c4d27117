import { MonitoringError } from '@dwcp/core';

/** Why a rule group was not changed, or not found. */
export type RuleGroupRefusal =
  | 'not-found'
  | 'conflict'
  | 'read-only'
  | 'broken'
  | 'full'
  | 'too-large'
  | 'rule-not-found';

/** What was asked of a rule group cannot be done; nothing changed. */
export class RuleGroupError extends MonitoringError {
  readonly code = 'DWCP_RULE_GROUP_REFUSED' as const;
  readonly reason: RuleGroupRefusal;

  constructor(reason: RuleGroupRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}
