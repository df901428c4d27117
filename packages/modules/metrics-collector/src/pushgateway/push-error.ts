import { MonitoringError } from '@dwcp/core';

/** Why a push was not taken. Also the `reason` of `dwcp_pushgateway_refused_total`. */
export type PushRefusal =
  /** The path or the body cannot be read. */
  | 'malformed'
  /** At odds with itself or with what other groups hold. */
  | 'inconsistent'
  | 'media-type'
  | 'body-limit'
  | 'group-limit'
  | 'series-limit'
  /** Too many pushes wait for the disk. */
  | 'busy';

/** A push that was refused as a whole; nothing of it was kept. */
export class PushError extends MonitoringError {
  readonly code = 'DWCP_PUSH_REFUSED' as const;
  readonly reason: PushRefusal;

  constructor(reason: PushRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The words in which Pushgateway refuses what does not fit together. */
export function inconsistent(problem: string): PushError {
  return new PushError(
    'inconsistent',
    `pushed metrics are invalid or inconsistent with existing metrics: ${problem}`,
  );
}
