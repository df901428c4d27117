import { type BoundCounter, type Instruments, type LabelValues } from '@dwcp/core';

import { type Counts } from './answer.ts';

/** How a request ended. `unanswered`: no answer came, so what became of it is not known. */
export type RequestOutcome = 'accepted' | 'refused' | 'retry' | 'downgrade' | 'unanswered';

/** What one forwarder tells of itself; keeps the sums for its status too. */
export class ForwardMetrics {
  readonly #instruments: Instruments | undefined;
  readonly #destination: string;
  readonly #bound = new Map<string, BoundCounter>();
  readonly #dropped = new Map<string, number>();
  #sent = 0;
  #retried = 0;

  constructor(instruments: Instruments | undefined, destination: string) {
    this.#instruments = instruments;
    this.#destination = destination;
    // Made with 0, so that a rate over them exists before the first event.
    this.sent({ samples: 0, histograms: 0, exemplars: 0 });
    this.#retry(0, 'sample');
    this.gap(0);
    this.saveFailed(0);
    this.feedFailed(0);
  }

  /** Elements that a receiver acknowledged. */
  get sentCount(): number {
    return this.#sent;
  }

  get retriedCount(): number {
    return this.#retried;
  }

  droppedByReason(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#dropped);
  }

  sent(counts: Counts): void {
    for (const [kind, count] of kindsOf(counts)) {
      this.#sent += count;
      this.#counter(
        { name: 'dwcp_forward_sent_total', help: 'Elements a receiver has acknowledged.' },
        { kind },
      ).inc(count);
    }
  }

  retried(counts: Counts): void {
    for (const [kind, count] of kindsOf(counts)) if (count > 0) this.#retry(count, kind);
  }

  dropped(reason: string, counts: Partial<Counts> | { readonly metadata: number }): void {
    for (const [kind, count] of kindsOf(counts)) {
      if (count <= 0) continue;
      this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
      this.#counter(
        { name: 'dwcp_forward_dropped_total', help: 'Elements that are never sent, by reason.' },
        { kind, reason },
      ).inc(count);
    }
  }

  request(outcome: RequestOutcome, durationMs: number, sizeBytes: number): void {
    this.#counter(
      { name: 'dwcp_forward_requests_total', help: 'Requests by how they ended.' },
      { outcome },
    ).inc();
    this.#counter({ name: 'dwcp_forward_sent_bytes_total', help: 'Bytes of bodies sent.' }).inc(
      sizeBytes,
    );
    this.#instruments
      ?.histogram({
        name: 'dwcp_forward_request_duration_seconds',
        help: 'Time from sending a request to its answer.',
        labelNames: ['destination'],
        buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      })
      .labels({ destination: this.#destination })
      .observe(durationMs / 1_000);
  }

  gap(count = 1): void {
    this.#counter({
      name: 'dwcp_forward_gaps_total',
      help: 'Places where the feed had lost what was not sent yet.',
    }).inc(count);
  }

  saveFailed(count = 1): void {
    this.#counter({
      name: 'dwcp_forward_position_save_failures_total',
      help: 'Failed tries to save the position.',
    }).inc(count);
  }

  feedFailed(count = 1): void {
    this.#counter({
      name: 'dwcp_forward_feed_failures_total',
      help: 'Failed tries to read the feed.',
    }).inc(count);
  }

  state(values: Readonly<Record<keyof typeof GAUGES, number>>): void {
    for (const [key, value] of Object.entries(values)) {
      const [name, help] = GAUGES[key as keyof typeof GAUGES];
      this.#instruments
        ?.gauge({ name, help, labelNames: ['destination'] })
        .labels({ destination: this.#destination })
        .set(value);
    }
  }

  #retry(count: number, kind: string): void {
    this.#retried += count;
    this.#counter(
      { name: 'dwcp_forward_retried_total', help: 'Elements sent once more.' },
      { kind },
    ).inc(count);
  }

  #counter(
    options: { readonly name: string; readonly help: string },
    labels: LabelValues = {},
  ): BoundCounter {
    const key = [options.name, ...Object.values(labels)].join(' ');
    const known = this.#bound.get(key);
    if (known !== undefined) return known;
    const labelNames = ['destination', ...Object.keys(labels)];
    const bound = this.#instruments
      ?.counter({ ...options, labelNames })
      .labels({ destination: this.#destination, ...labels });
    const counter = bound ?? { inc: () => undefined };
    this.#bound.set(key, counter);
    return counter;
  }
}

const GAUGES = {
  pending: ['dwcp_forward_pending_samples', 'Rows read from the feed and not settled yet.'],
  shards: ['dwcp_forward_shards', 'Requests that may be at work at once.'],
  desiredShards: ['dwcp_forward_desired_shards', 'Shards that the backlog asks for, unbounded.'],
  backlogBytes: ['dwcp_forward_backlog_bytes', 'Bytes of the feed behind the position.'],
  highestReadSeconds: [
    'dwcp_forward_highest_timestamp_read_seconds',
    'The newest timestamp read from the feed.',
  ],
  highestSentSeconds: [
    'dwcp_forward_highest_timestamp_sent_seconds',
    'The newest timestamp a receiver has acknowledged.',
  ],
  lagSeconds: [
    'dwcp_forward_lag_seconds',
    'Age of the newest acknowledged timestamp while something waits, else 0.',
  ],
} as const;

const SINGULAR: Readonly<Record<string, string>> = {
  samples: 'sample',
  histograms: 'histogram',
  exemplars: 'exemplar',
  metadata: 'metadata',
};

function kindsOf(counts: object): [kind: string, count: number][] {
  return Object.entries(counts).map(([key, count]) => [SINGULAR[key] ?? key, count as number]);
}
