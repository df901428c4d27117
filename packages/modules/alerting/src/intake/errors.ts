import { MonitoringError } from '@dwcp/core';

/** No alert that fires has the fingerprint or the labels. */
export class AlertNotFoundError extends MonitoringError {
  readonly code = 'DWCP_ALERT_NOT_FOUND' as const;

  constructor(what: string) {
    super(`no alert fires that has ${what}`);
  }
}

/** So many alerts were triggered or resolved by hand that no more can be remembered. */
export class AlertIntakeFullError extends MonitoringError {
  readonly code = 'DWCP_ALERT_INTAKE_FULL' as const;

  constructor(count: number) {
    super(
      `${count} alerts that were triggered or resolved by hand are remembered, which is the limit; resolve some that were triggered`,
    );
  }
}
