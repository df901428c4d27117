import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

import { type Clock } from '@dwcp/core';

import { type Metadata, type MetricSink } from '../metric-collector.ts';

/** Asked again sooner than this, the same window is told again. */
const MIN_WINDOW_MS = 500;

const statistics = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const;
type Statistic = (typeof statistics)[number];

const helps: Readonly<Record<Statistic, string>> = {
  min: 'The minimum recorded event loop delay.',
  max: 'The maximum recorded event loop delay.',
  mean: 'The mean of the recorded event loop delays.',
  stddev: 'The standard deviation of the recorded event loop delays.',
  p50: 'The 50th percentile of the recorded event loop delays.',
  p90: 'The 90th percentile of the recorded event loop delays.',
  p99: 'The 99th percentile of the recorded event loop delays.',
};

const metrics = statistics.map((statistic) => ({
  statistic,
  metric: `nodejs_eventloop_lag_${statistic}_seconds`,
}));

/**
 * Delay and utilisation of the event loop, per window between two collections. Delays are as
 * prom-client and node:perf_hooks give them: an idle loop shows the sampling interval, not 0.
 *
 * A second reader, such as a scrape of `/metrics` between two ticks of the collection loop, gets the
 * window that was just told, so that it takes nothing away from the first.
 */
export class EventLoop implements Disposable {
  readonly #clock: Clock;
  readonly #resolutionMs: number;
  readonly #delays: ReturnType<typeof monitorEventLoopDelay>;
  #utilizationAt = performance.eventLoopUtilization();
  #windowStartMs: number;
  #seconds: Readonly<Record<Statistic, number>> | undefined;
  #utilization = 0;
  #lagSeconds = 0;
  #firstDelayNs: number | undefined;
  #firstTimer: Disposable | undefined;

  /** @param resolutionMs how often the delay is sampled */
  constructor(clock: Clock, resolutionMs: number, metadata: Metadata) {
    this.#clock = clock;
    this.#resolutionMs = resolutionMs;
    this.#delays = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#delays.enable();
    this.#windowStartMs = clock.monotonicMs();
    this.#openWindow();
    metadata.add(
      'nodejs_eventloop_lag_seconds',
      'gauge',
      'Lag of event loop in seconds.',
      'seconds',
    );
    for (const { statistic, metric } of metrics) {
      metadata.add(metric, 'gauge', helps[statistic], 'seconds');
    }
    const help = 'Part of the time since the last collection in which the event loop was busy.';
    metadata.add('nodejs_eventloop_utilization_ratio', 'gauge', help, 'ratio');
  }

  collect(sink: MetricSink): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#seconds === undefined || nowMs - this.#windowStartMs >= MIN_WINDOW_MS) {
      this.#closeWindow();
      this.#windowStartMs = nowMs;
    }
    sink.add('nodejs_eventloop_lag_seconds', undefined, this.#lagSeconds);
    for (const { statistic, metric } of metrics) {
      sink.add(metric, undefined, this.#seconds?.[statistic] ?? 0);
    }
    sink.add('nodejs_eventloop_utilization_ratio', undefined, this.#utilization);
  }

  [Symbol.dispose](): void {
    this.#delays.disable();
    this.#firstTimer?.[Symbol.dispose]();
  }

  #closeWindow(): void {
    const delays = this.#delays;
    const { count } = delays;
    const first = this.#firstDelayNs;
    const total = count + (first === undefined ? 0 : 1);
    // An empty histogram answers with NaN and with the greatest number there is.
    const seconds = (nanoseconds: number): number => (total === 0 ? 0 : nanoseconds / 1e9);
    const percentile = (p: number): number => {
      const isFirst = first !== undefined && first >= delays.max && (p / 100) * total > count;
      return seconds(isFirst || count === 0 ? (first ?? 0) : delays.percentile(p));
    };
    this.#seconds = {
      min: seconds(Math.min(delays.min, first ?? Infinity)),
      max: seconds(Math.max(delays.max, first ?? 0)),
      mean: seconds(((count === 0 ? 0 : delays.mean) * count + (first ?? 0)) / total),
      stddev: seconds(count === 0 ? 0 : delays.stddev),
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
    };
    const now = performance.eventLoopUtilization();
    this.#utilization = performance.eventLoopUtilization(now, this.#utilizationAt).utilization;
    this.#utilizationAt = now;
    this.#openWindow();
  }

  #openWindow(): void {
    this.#delays.reset();
    const openedMs = performance.now();
    // A reset monitor forgets its last turn and so misses the delay it stands in. A window of one
    // second has a hundred of them; the first one is measured here.
    this.#firstDelayNs = undefined;
    this.#firstTimer?.[Symbol.dispose]();
    this.#firstTimer = this.#clock.schedule(this.#resolutionMs, () => {
      this.#firstDelayNs = (performance.now() - openedMs) * 1e6;
    });
    // Told in the next window, as prom-client does: one turn of the loop from now.
    setImmediate(() => {
      this.#lagSeconds = (performance.now() - openedMs) / 1_000;
    }).unref();
  }
}
