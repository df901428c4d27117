import { constants, PerformanceObserver } from 'node:perf_hooks';

import { type LabelValues } from '@dwcp/core';

import { formatGoFloat } from '../../exposition/numbers.ts';
import { type Metadata, type MetricSink } from '../metric-collector.ts';

const METRIC = 'nodejs_gc_duration_seconds';
/** Upper bounds in seconds, as prom-client has them. */
const bounds = [0.001, 0.01, 0.1, 1, 2, 5, Infinity] as const;

const kinds = {
  major: constants.NODE_PERFORMANCE_GC_MAJOR,
  minor: constants.NODE_PERFORMANCE_GC_MINOR,
  incremental: constants.NODE_PERFORMANCE_GC_INCREMENTAL,
  weakcb: constants.NODE_PERFORMANCE_GC_WEAKCB,
} as const;

class Pauses {
  readonly labels: LabelValues;
  readonly bucketLabels: readonly LabelValues[];
  /** Cumulative, by bound. */
  readonly buckets = new Float64Array(bounds.length);
  sumSeconds = 0;

  constructor(kind: string) {
    this.labels = { kind };
    this.bucketLabels = bounds.map((bound) => ({ kind, le: formatGoFloat(bound) }));
  }

  observe(seconds: number): void {
    this.sumSeconds += seconds;
    bounds.forEach((bound, i) => {
      if (seconds <= bound) this.buckets[i] = (this.buckets[i] ?? 0) + 1;
    });
  }
}

/** How long garbage collections took, by kind; every kind is there from the start. */
export class GarbageCollection implements Disposable {
  readonly #byFlag = new Map<number, Pauses>();
  readonly #observer: PerformanceObserver;

  constructor(metadata: Metadata) {
    for (const [kind, flag] of Object.entries(kinds)) this.#byFlag.set(flag, new Pauses(kind));
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (!('detail' in entry)) continue;
        const { kind } = entry.detail as { readonly kind: number };
        this.#byFlag.get(kind)?.observe(entry.duration / 1_000);
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
    metadata.add(
      METRIC,
      'histogram',
      'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
      'seconds',
    );
  }

  collect(sink: MetricSink): void {
    for (const { labels, bucketLabels, buckets, sumSeconds } of this.#byFlag.values()) {
      bucketLabels.forEach((bucket, i) => sink.add(`${METRIC}_bucket`, bucket, buckets[i] ?? 0));
      sink.add(`${METRIC}_sum`, labels, sumSeconds);
      sink.add(`${METRIC}_count`, labels, buckets.at(-1) ?? 0);
    }
  }

  [Symbol.dispose](): void {
    this.#observer.disconnect();
  }
}
