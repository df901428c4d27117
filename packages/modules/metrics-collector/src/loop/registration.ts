import {
  type Clock,
  type Labels,
  type LabelValues,
  type MetricMetadata,
  type SampleBatch,
  SampleBatchBuilder,
} from '@dwcp/core';

import { LabelledSink } from '../collectors/labelled-sink.ts';
import { type MetricCollector } from '../collectors/metric-collector.ts';
import { type InstrumentRegistry } from '../instruments/instrument-registry.ts';

/** How a collector does. */
export interface CollectorStatus {
  readonly name: string;
  readonly job: string;
  /** `waiting` before its first run. */
  readonly state: 'waiting' | 'up' | 'down';
  /** When it ran last, whatever came of it. */
  readonly lastRunUnixMs: number | undefined;
  readonly lastDurationMs: number | undefined;
  /** Samples of its last run, 0 when that failed. */
  readonly lastSampleCount: number;
  readonly runs: number;
  readonly failures: number;
  /** Why it is down. */
  readonly error: string | undefined;
}

/** What one run brought. */
export type RunResult =
  | { readonly kind: 'samples'; readonly batch: SampleBatch; readonly vanished: readonly Labels[] }
  | { readonly kind: 'failed'; readonly error: unknown; readonly vanished: readonly Labels[] };

/** Where the samples of a registration come from. */
export interface SampleSource {
  readonly name: string;
  describe(): readonly MetricMetadata[];
  /** Collects one batch. */
  run(unixMs: number): SampleBatch | Promise<SampleBatch>;
}

export function collectorSource(collector: MetricCollector, extra: LabelValues): SampleSource {
  const sink = new LabelledSink(extra);
  const end = (): SampleBatch => sink.end().build();
  return {
    name: collector.name,
    describe: () => collector.describe(),
    run(unixMs) {
      sink.begin(unixMs);
      const pending = collector.collect(sink, unixMs);
      return pending === undefined ? end() : Promise.resolve(pending).then(end);
    },
  };
}

export function instrumentSource(
  name: string,
  instruments: InstrumentRegistry,
  extra: LabelValues,
): SampleSource {
  return {
    name,
    describe: () => instruments.metadata(),
    run(unixMs) {
      const builder = new SampleBatchBuilder();
      instruments.collect(builder, unixMs, extra);
      return builder.build();
    },
  };
}

/** One source within the loop: runs it, remembers how it went and which series it had. */
export class Registration {
  readonly source: SampleSource;
  readonly job: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #series: readonly Labels[] = [];
  #state: CollectorStatus['state'] = 'waiting';
  #lastRunUnixMs: number | undefined;
  #lastDurationMs: number | undefined;
  #runs = 0;
  #failures = 0;
  #error: string | undefined;
  #late: Promise<unknown> | undefined;

  constructor(
    source: SampleSource,
    options: { readonly job: string; readonly clock: Clock; readonly timeoutMs: number },
  ) {
    this.source = source;
    this.job = options.job;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /** The series of the last run that are not marked stale yet. */
  get series(): readonly Labels[] {
    return this.#series;
  }

  status(): CollectorStatus {
    return {
      name: this.source.name,
      job: this.job,
      state: this.#state,
      lastRunUnixMs: this.#lastRunUnixMs,
      lastDurationMs: this.#lastDurationMs,
      lastSampleCount: this.#series.length,
      runs: this.#runs,
      failures: this.#failures,
      error: this.#error,
    };
  }

  /** Never throws. A promise only where the collector is asynchronous. */
  run(unixMs: number): RunResult | Promise<RunResult> {
    const startMs = this.#clock.monotonicMs();
    this.#lastRunUnixMs = unixMs;
    this.#runs++;
    if (this.#late !== undefined) {
      return this.#failed(new Error('the run before has not ended yet'), startMs);
    }
    try {
      const batch = this.source.run(unixMs);
      if (batch instanceof Promise) return this.#outcome(batch, startMs);
      return this.#succeeded(batch, startMs);
    } catch (error) {
      return this.#failed(error, startMs);
    }
  }

  async #outcome(batch: Promise<SampleBatch>, startMs: number): Promise<RunResult> {
    try {
      return this.#succeeded(await this.#within(batch), startMs);
    } catch (error) {
      return this.#failed(error, startMs);
    }
  }

  /** What a run brings, or an error when it takes too long; until it ends there is no next one. */
  async #within(batch: Promise<SampleBatch>): Promise<SampleBatch> {
    this.#late = batch;
    const ended = (): void => {
      this.#late = undefined;
    };
    batch.then(ended, ended);
    const timeout = Promise.withResolvers<never>();
    using _ = this.#clock.schedule(this.#timeoutMs, () =>
      timeout.reject(new Error(`no answer within ${this.#timeoutMs} ms`)),
    );
    return await Promise.race([batch, timeout.promise]);
  }

  #succeeded(batch: SampleBatch, startMs: number): RunResult {
    this.#state = 'up';
    this.#error = undefined;
    this.#lastDurationMs = this.#clock.monotonicMs() - startMs;
    const vanished = missingFrom(batch.labels, this.#series);
    this.#series = batch.labels;
    return { kind: 'samples', batch, vanished };
  }

  #failed(error: unknown, startMs: number): RunResult {
    this.#state = 'down';
    this.#error = error instanceof Error ? error.message : String(error);
    this.#failures++;
    this.#lastDurationMs = this.#clock.monotonicMs() - startMs;
    const vanished = this.#series;
    this.#series = [];
    return { kind: 'failed', error, vanished };
  }
}

/** Those of `before` that are not in `now`. Equal lists, the usual case, cost one walk. */
function missingFrom(now: readonly Labels[], before: readonly Labels[]): readonly Labels[] {
  if (now.length >= before.length && before.every((labels, i) => labels === now[i])) return [];
  const present = new Set(now.map(({ key }) => key));
  return before.filter(({ key }) => !present.has(key));
}
