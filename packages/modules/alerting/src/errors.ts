import { BackendError, MonitoringError } from '@dwcp/core';

/** One thing wrong with a rule file. Lines and columns count from 1. */
export interface RuleProblem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** Where in the rules: `group "host", rule 2 "HostDown"`; '' for the file as a whole. */
  readonly where: string;
  readonly problem: string;
  readonly fix: string;
}

/** Rule files are wrong; carries every problem at once. */
export class RuleFileError extends MonitoringError {
  readonly code = 'DWCP_RULE_INVALID' as const;
  readonly problems: readonly RuleProblem[];

  constructor(problems: readonly RuleProblem[], options?: ErrorOptions) {
    super(problems.map(problemText).join('\n'), options);
    this.problems = problems;
  }
}

/** `file:line:column: where: what is wrong; what to do about it`. */
export function problemText({ path, line, column, where, problem, fix }: RuleProblem): string {
  return `${path}:${line}:${column}: ${where === '' ? '' : `${where}: `}${problem}; ${fix}`;
}

/** A notification was not accepted. */
export class DeliveryError extends BackendError {
  /** How long the receiver asked to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** Whether the receiver gets too much from us; then nothing else is sent to it for that long. */
  readonly rateLimited: boolean;

  constructor(
    receiver: string,
    message: string,
    options: ErrorOptions & {
      readonly retryable: boolean;
      readonly retryAfterMs?: number;
      readonly rateLimited?: boolean;
    },
  ) {
    super(receiver, message, options);
    this.retryAfterMs = options.retryAfterMs;
    this.rateLimited = options.rateLimited ?? false;
  }
}
