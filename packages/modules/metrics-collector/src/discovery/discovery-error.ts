import { MonitoringError } from '@dwcp/core';

/** Targets could not be found in one of the places they are looked for; the old ones stay. */
export class DiscoveryError extends MonitoringError {
  readonly code = 'DWCP_DISCOVERY_FAILED' as const;
}
