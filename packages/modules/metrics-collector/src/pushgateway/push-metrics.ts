import { type BoundCounter, type BoundGauge, type Counter, type Instruments } from '@dwcp/core';

/** What a gateway tells of itself. */
export interface PushMetrics {
  readonly accepted: Counter;
  readonly refused: Counter;
  readonly expired: BoundCounter;
  readonly saveFailures: BoundCounter;
  readonly nativeHistograms: BoundCounter;
  readonly dropped: BoundCounter;
  readonly groups: BoundGauge;
  readonly series: BoundGauge;
}

export function makePushMetrics(instruments: Instruments): PushMetrics {
  return {
    accepted: instruments.counter({
      name: 'dwcp_pushgateway_requests_total',
      help: 'Pushes and deletions that were taken and are durable, by kind.',
      labelNames: ['kind'],
    }),
    refused: instruments.counter({
      name: 'dwcp_pushgateway_refused_total',
      help: 'Pushes refused as a whole, by reason.',
      labelNames: ['reason'],
    }),
    expired: instruments.counter({
      name: 'dwcp_pushgateway_expired_groups_total',
      help: 'Groups dropped because their last push was older than the time to live.',
    }),
    saveFailures: instruments.counter({
      name: 'dwcp_pushgateway_save_failures_total',
      help: 'Writes of a group that failed; the push was answered with an error.',
    }),
    nativeHistograms: instruments.counter({
      name: 'dwcp_pushgateway_native_histograms_left_out_total',
      help: 'Pushed histograms whose native buckets were left out; sum and count were kept.',
    }),
    dropped: instruments.counter({
      name: 'dwcp_pushgateway_conflicting_families_total',
      help: 'Families left out at the start, because what a crash left was at odds with a newer push.',
    }),
    groups: instruments.gauge({
      name: 'dwcp_pushgateway_groups',
      help: 'Groups held.',
    }),
    series: instruments.gauge({
      name: 'dwcp_pushgateway_series',
      help: 'Series held, buckets and the times of the groups included.',
    }),
  };
}
