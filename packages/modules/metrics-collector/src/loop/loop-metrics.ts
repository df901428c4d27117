import { type BoundCounter, type Counter, type Histogram, type Instruments } from '@dwcp/core';

const DURATION_BUCKETS = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
];

/** What the loop tells of itself. */
export interface LoopMetrics {
  readonly duration: Histogram;
  readonly samples: BoundCounter;
  readonly missedTicks: BoundCounter;
  readonly failures: Counter;
  readonly appendFailures: BoundCounter;
  readonly rejectedSamples: Counter;
  readonly droppedBatches: BoundCounter;
}

export function makeLoopMetrics(instruments: Instruments): LoopMetrics {
  return {
    duration: instruments.histogram({
      name: 'dwcp_collection_duration_seconds',
      help: 'Time one collection took, from its tick to the batch being handed to the store.',
      buckets: DURATION_BUCKETS,
    }),
    samples: instruments.counter({
      name: 'dwcp_collection_samples_total',
      help: 'Samples collected, staleness markers included.',
    }),
    missedTicks: instruments.counter({
      name: 'dwcp_collection_missed_ticks_total',
      help: 'Intervals without a collection: the process was busy, or the clock was set.',
    }),
    failures: instruments.counter({
      name: 'dwcp_collection_failures_total',
      help: 'Runs of a collector that failed.',
      labelNames: ['collector'],
    }),
    appendFailures: instruments.counter({
      name: 'dwcp_collection_append_failures_total',
      help: 'Appends to the store that failed; they are tried again.',
    }),
    rejectedSamples: instruments.counter({
      name: 'dwcp_collection_rejected_samples_total',
      help: 'Samples the store refused, by reason.',
      labelNames: ['reason'],
    }),
    droppedBatches: instruments.counter({
      name: 'dwcp_collection_dropped_batches_total',
      help: 'Batches given up: the store was behind by too many, or refused one for good.',
    }),
  };
}
