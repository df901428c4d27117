import { MonitoringError } from '@dwcp/core';

/** No open incident, or no firing alert of one, has the id or the fingerprint. */
export class IncidentNotFoundError extends MonitoringError {
  readonly code = 'DWCP_INCIDENT_NOT_FOUND' as const;

  constructor(what: string) {
    super(what);
  }
}
