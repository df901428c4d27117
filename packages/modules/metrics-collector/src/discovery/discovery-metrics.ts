import {
  type BoundCounter,
  type Counter,
  type Gauge,
  type Histogram,
  type Instruments,
} from '@dwcp/core';

/** What discovery says about itself, named after Prometheus' `prometheus_sd_...`. */
export interface DiscoveryMetrics {
  /** Labels scrape_job. */
  readonly discoveredTargets: Gauge;
  /** Labels mechanism. */
  readonly refreshDuration: Histogram;
  /** Labels mechanism. */
  readonly refreshFailures: Counter;
  readonly fileReadErrors: BoundCounter;
  readonly httpFailures: BoundCounter;
  readonly dnsLookups: BoundCounter;
  readonly dnsLookupFailures: BoundCounter;
  readonly receivedUpdates: BoundCounter;
  readonly sentUpdates: BoundCounter;
}

export function createDiscoveryMetrics(instruments: Instruments): DiscoveryMetrics {
  return {
    discoveredTargets: instruments.gauge({
      name: 'dwcp_sd_discovered_targets',
      help: 'Targets a job has before relabelling, static ones included.',
      labelNames: ['scrape_job'],
    }),
    refreshDuration: instruments.histogram({
      name: 'dwcp_sd_refresh_duration_seconds',
      help: 'Time one look for targets took.',
      labelNames: ['mechanism'],
    }),
    refreshFailures: instruments.counter({
      name: 'dwcp_sd_refresh_failures_total',
      help: 'Looks for targets that failed, in whole or in part; the old targets stay.',
      labelNames: ['mechanism'],
    }),
    fileReadErrors: instruments.counter({
      name: 'dwcp_sd_file_read_errors_total',
      help: 'Files of targets that could not be read or understood.',
    }),
    httpFailures: instruments.counter({
      name: 'dwcp_sd_http_failures_total',
      help: 'Requests for targets without a usable answer.',
    }),
    dnsLookups: instruments.counter({
      name: 'dwcp_sd_dns_lookups_total',
      help: 'Names looked up in the DNS for targets.',
    }),
    dnsLookupFailures: instruments.counter({
      name: 'dwcp_sd_dns_lookup_failures_total',
      help: 'Names whose records could not be found out.',
    }),
    receivedUpdates: instruments.counter({
      name: 'dwcp_sd_received_updates_total',
      help: 'Looks for targets that found something else than before.',
    }),
    sentUpdates: instruments.counter({
      name: 'dwcp_sd_updates_total',
      help: 'Times the scraper was given new targets.',
    }),
  };
}
