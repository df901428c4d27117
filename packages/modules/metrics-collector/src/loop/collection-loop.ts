import {
  BackendError,
  BatchQueue,
  type BatchQueueStats,
  type Clock,
  InvalidInputError,
  type Labels,
  type LabelValues,
  type Log,
  type MetricMetadata,
  type MetricStore,
  type SampleBatch,
  SampleBatchBuilder,
  silentLog,
} from '@dwcp/core';

import { type MetricCollector } from '../collectors/metric-collector.ts';
import { InstrumentRegistry } from '../instruments/instrument-registry.ts';
import { delayToNextTick, tickAt } from './grid.ts';
import { type LoopMetrics, makeLoopMetrics } from './loop-metrics.ts';
import {
  collectorSource,
  type CollectorStatus,
  instrumentSource,
  Registration,
  type RunResult,
  type SampleSource,
} from './registration.ts';

export interface CollectionLoopOptions {
  readonly store: MetricStore;
  readonly clock: Clock;
  /** Put on every sample, unless it has a label of that name itself: region, instance, ... */
  readonly labels: LabelValues;
  /** Collected too, and where the loop counts its own doings. Default: a registry of its own. */
  readonly instruments?: InstrumentRegistry;
  /** 100 to 3,600,000; default 1,000. Timestamps but the first are whole multiples of it. */
  readonly intervalMs?: number;
  /** How long an asynchronous collector may take. Default nine tenths of the interval. */
  readonly collectorTimeoutMs?: number;
  readonly log?: Log;
}

/** The job of samples where neither the registration nor `labels` names one. */
const DEFAULT_JOB = 'dwcp';
/** Batches that may wait for a slow store; a newer one is dropped and counted. */
const QUEUE_CAPACITY = 60;
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Collects every registered collector and the instruments once per interval, on the grid of the wall
 * clock, and appends the samples of a tick as one batch. A collector that fails is shown in
 * `status()` and as a gap in its own series; nothing here ever throws at the host program, and no
 * timer keeps it alive.
 */
export class CollectionLoop implements AsyncDisposable {
  readonly #options: CollectionLoopOptions;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #log: Log;
  readonly #metrics: LoopMetrics;
  readonly #registrations = new Map<string, Registration>();
  readonly #described = new Map<string, readonly MetricMetadata[]>();
  readonly #queue: BatchQueue<SampleBatch>;
  /** Series whose end is still to be written. */
  #ended: Labels[] = [];
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #lastUnixMs: number | undefined;
  #state: 'new' | 'started' | 'stopped' = 'new';
  #storeDown = false;

  /** @throws InvalidInputError when the interval is out of range */
  constructor(options: CollectionLoopOptions) {
    const { clock, intervalMs = 1_000, log = silentLog } = options;
    if (!Number.isInteger(intervalMs) || intervalMs < 100 || intervalMs > 3_600_000) {
      const problem = `must be a whole number of milliseconds from 100 to 3600000, got ${intervalMs}`;
      throw new InvalidInputError('intervalMs', problem);
    }
    this.#options = options;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = options.collectorTimeoutMs ?? intervalMs * 0.9;
    this.#log = log.child({ module: 'metrics-collector' });
    const instruments = options.instruments ?? new InstrumentRegistry({ clock });
    this.#metrics = makeLoopMetrics(instruments);
    this.#queue = new BatchQueue<SampleBatch>({
      clock,
      write: (batches) => this.#append(batches),
      capacity: QUEUE_CAPACITY,
      batchSize: 1,
      delayMs: 0,
      retryDelayMs: intervalMs,
    });
    const labels = this.#labelsWith(undefined);
    this.#add(instrumentSource('instruments', instruments, labels), labels['job'] ?? DEFAULT_JOB);
  }

  /**
   * Adds a collector, from the next tick on. Disposing the answer unregisters it.
   * @param options.job the `job` label of its samples; default that of the loop's labels, else `dwcp`
   * @throws InvalidInputError when there is one of that name
   */
  register(collector: MetricCollector, options: { readonly job?: string } = {}): Disposable {
    const labels = this.#labelsWith(options.job);
    this.#add(collectorSource(collector, labels), labels['job'] ?? DEFAULT_JOB);
    return { [Symbol.dispose]: () => this.unregister(collector.name) };
  }

  /** Takes a collector out; the next tick writes staleness markers for its series. */
  unregister(name: string): void {
    const registration = this.#registrations.get(name);
    if (registration === undefined || name === 'instruments') return;
    this.#registrations.delete(name);
    this.#described.delete(name);
    this.#ended.push(...registration.series);
  }

  /**
   * Begins with the next whole interval.
   * @param options.atOnce also collects now, off the grid, so that a chart has its first rate after
   *   less than an interval
   */
  start(options: { readonly atOnce?: boolean } = {}): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    if (options.atOnce === true) this.#run(Math.floor(this.#options.clock.nowUnixMs()));
    this.#schedule();
  }

  /** Ends: the running collection finishes, staleness markers go out, the queue is written. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#timer?.[Symbol.dispose]();
    await this.#running;
    if (this.#lastUnixMs !== undefined) {
      // Off the grid and after the last samples, so that a successor in the same second finds its
      // place free.
      const unixMs = Math.max(this.#lastUnixMs + 1, Math.floor(this.#options.clock.nowUnixMs()));
      const builder = new SampleBatchBuilder();
      for (const { series } of this.#registrations.values()) {
        for (const labels of series) builder.addStale(labels, unixMs);
      }
      for (const labels of this.#ended) builder.addStale(labels, unixMs);
      this.#push(builder);
    }
    await this.#queue.close({ timeoutMs: CLOSE_TIMEOUT_MS });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** How each collector does, the instruments first. */
  status(): readonly CollectorStatus[] {
    return [...this.#registrations.values()].map((registration) => registration.status());
  }

  /** What waits for the store, in batches. */
  queueStats(): BatchQueueStats & { readonly capacity: number } {
    return { ...this.#queue.stats(), capacity: QUEUE_CAPACITY };
  }

  #add(source: SampleSource, job: string): void {
    if (this.#registrations.has(source.name)) {
      throw new InvalidInputError(
        'name',
        `a collector "${source.name}" is registered already; unregister it or name this one otherwise`,
      );
    }
    const options = { job, clock: this.#options.clock, timeoutMs: this.#timeoutMs };
    this.#registrations.set(source.name, new Registration(source, options));
  }

  #labelsWith(job: string | undefined): LabelValues {
    const { labels } = this.#options;
    return { ...labels, job: job ?? labels['job'] ?? DEFAULT_JOB };
  }

  #schedule(): void {
    if (this.#state !== 'started') return;
    const { clock } = this.#options;
    const delayMs = delayToNextTick(clock.nowUnixMs(), this.#intervalMs);
    this.#timer = clock.schedule(delayMs, () => this.#tick());
  }

  #tick(): void {
    const { unixMs, missed } = tickAt(
      this.#options.clock.nowUnixMs(),
      this.#lastUnixMs,
      this.#intervalMs,
    );
    if (unixMs === undefined) {
      this.#metrics.missedTicks.inc();
    } else if (this.#running === undefined) {
      // Before the first tick nothing was missed, and while one runs, ticks are counted here later.
      this.#metrics.missedTicks.inc(missed);
      this.#run(unixMs);
    }
    this.#schedule();
  }

  #run(unixMs: number): void {
    this.#lastUnixMs = unixMs;
    this.#running = this.#collect(unixMs)?.finally(() => {
      this.#running = undefined;
    });
  }

  /** A promise only where a collector gave one: the usual tick costs no turn of the event loop. */
  #collect(unixMs: number): Promise<void> | undefined {
    const startMs = this.#options.clock.monotonicMs();
    const results = new Map<Registration, RunResult>();
    const pending: Promise<void>[] = [];
    for (const registration of this.#registrations.values()) {
      const before = registration.status().state;
      const take = (result: RunResult): void => {
        this.#note(registration, before, result);
        results.set(registration, result);
      };
      const result = registration.run(unixMs);
      if (result instanceof Promise) pending.push(result.then(take));
      else take(result);
    }
    const finish = (): void => {
      try {
        this.#finish(unixMs, results);
      } catch (err) {
        // A bug of ours, but the host program must not fall over it.
        this.#log.error({ err }, 'collected samples were lost');
      }
      this.#metrics.duration.observe((this.#options.clock.monotonicMs() - startMs) / 1_000);
    };
    if (pending.length > 0) return Promise.all(pending).then(finish);
    finish();
    return undefined;
  }

  #note(registration: Registration, before: CollectorStatus['state'], result: RunResult): void {
    const collector = registration.source.name;
    if (result.kind === 'failed') {
      this.#metrics.failures.labels({ collector }).inc();
      if (before !== 'down') this.#log.warn({ collector, err: result.error }, 'collector failed');
      return;
    }
    if (before === 'down') this.#log.info({ collector }, 'collector works again');
    this.#describe(registration);
  }

  #describe({ source }: Registration): void {
    try {
      const described = source.describe();
      if (this.#described.get(source.name) === described) return;
      this.#described.set(source.name, described);
      this.#options.store.putMetadata(described);
    } catch (err) {
      this.#log.warn({ collector: source.name, err }, 'metadata not kept');
    }
  }

  #finish(unixMs: number, results: ReadonlyMap<Registration, RunResult>): void {
    const builder = new SampleBatchBuilder();
    const batches: SampleBatch[] = [];
    const ended = this.#ended;
    this.#ended = [];
    for (const [registration, result] of results) {
      // Taken out while it ran: its series have ended already.
      if (this.#registrations.get(registration.source.name) !== registration) continue;
      for (const labels of result.vanished) ended.push(labels);
      if (result.kind === 'failed') continue;
      batches.push(result.batch);
      copy(result.batch, builder);
    }
    if (ended.length > 0) {
      // One collector's lost series may be another one's new series.
      const present = new Set(batches.flatMap((batch) => batch.labels.map(({ key }) => key)));
      for (const labels of ended) if (!present.has(labels.key)) builder.addStale(labels, unixMs);
    }
    this.#push(builder);
  }

  #push(builder: SampleBatchBuilder): void {
    if (builder.size === 0) return;
    this.#metrics.samples.inc(builder.size);
    if (!this.#queue.push(builder.build())) this.#metrics.droppedBatches.inc();
  }

  /** @throws BackendError that may pass, for the queue to try again */
  async #append(batches: readonly SampleBatch[]): Promise<void> {
    for (const batch of batches) {
      try {
        const { rejected } = await this.#options.store.append(batch);
        for (const [reason, count] of Object.entries(rejected)) {
          this.#metrics.rejectedSamples.labels({ reason }).inc(count);
        }
        if (this.#storeDown) this.#log.info({}, 'collected samples are stored again');
        this.#storeDown = false;
      } catch (err) {
        this.#metrics.appendFailures.inc();
        if (!this.#storeDown) this.#log.warn({ err }, 'collected samples could not be stored');
        this.#storeDown = true;
        if (err instanceof BackendError && err.retryable) throw err;
        // What is refused for good would block the queue for ever.
        this.#metrics.droppedBatches.inc();
      }
    }
  }
}

function copy(batch: SampleBatch, into: SampleBatchBuilder): void {
  const { labels, timestamps, values, histograms } = batch;
  for (let i = 0; i < labels.length; i++) {
    const series = labels[i];
    const unixMs = timestamps[i];
    if (series === undefined || unixMs === undefined) continue;
    const histogram = histograms?.[i];
    if (histogram !== undefined) into.addHistogram(series, unixMs, histogram);
    else into.add(series, unixMs, values[i] ?? Number.NaN);
  }
}
