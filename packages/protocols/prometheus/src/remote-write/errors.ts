import { MonitoringError } from '@dwcp/core';

import { type RemoteWriteVisitor } from './types.ts';

/** A remote write request that cannot be read; the message says where and why. Sending it again does not help. */
export class RemoteWriteError extends MonitoringError {
  readonly code = 'DWCP_REMOTE_WRITE_INVALID' as const;
  /** `too-large`: it would unpack to more than the limit, and nothing was unpacked. */
  readonly kind: 'too-large' | 'malformed';

  constructor(kind: 'too-large' | 'malformed', message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export function malformed(problem: string): RemoteWriteError {
  return new RemoteWriteError('malformed', problem);
}

/** Tells the visitor of a part that is wrong. @throws it, when the visitor does not want to hear of it */
export function reportInvalid(
  visitor: RemoteWriteVisitor,
  seriesIndex: number,
  problem: string | undefined,
): void {
  if (problem === undefined) return;
  if (visitor.invalid === undefined) throw malformed(problem);
  visitor.invalid(malformed(`timeseries[${seriesIndex}]: ${problem}`));
}
