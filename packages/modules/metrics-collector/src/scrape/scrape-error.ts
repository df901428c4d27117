import { MonitoringError } from '@dwcp/core';

/** Why a scrape failed; the label `reason` of `dwcp_scrape_failures_total`. */
export type ScrapeFailure =
  | 'timeout'
  | 'connection'
  | 'credentials'
  | 'tls'
  | 'redirect'
  | 'http-status'
  | 'encoding'
  | 'body-size-limit'
  | 'content-type'
  | 'parse'
  | 'sample-limit'
  | 'label-limit'
  | 'relabel'
  | 'target-limit'
  | 'internal';

/** One scrape came to nothing. The message is what the target list shows as its last error. */
export class ScrapeError extends MonitoringError {
  readonly code = 'DWCP_SCRAPE_FAILED' as const;
  readonly failure: ScrapeFailure;

  constructor(failure: ScrapeFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
