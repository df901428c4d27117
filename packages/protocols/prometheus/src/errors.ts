import { MonitoringError } from '@dwcp/core';

/** A text exposition that cannot be read; the message names the line and the reason. */
export class ExpositionError extends MonitoringError {
  readonly code = 'DWCP_EXPOSITION_INVALID' as const;
  /** Counted from 1. */
  readonly line: number;
  /** What is wrong, without the line number. */
  readonly reason: string;

  constructor(line: number, reason: string, options?: ErrorOptions) {
    super(`line ${line}: ${reason}`, options);
    this.line = line;
    this.reason = reason;
  }
}
