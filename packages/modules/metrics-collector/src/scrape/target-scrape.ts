import {
  type Clock,
  type Labels,
  type Log,
  type MetricMetadata,
  type MetricStore,
  SampleBatchBuilder,
} from '@dwcp/core';

import { Cancellation } from './cancellation.ts';
import { expositionSource } from './fetch-exposition.ts';
import { type HttpAnswer, type HttpClient, type HttpSource } from './http-client.ts';
import { emptyResult, type ReadResult, readSamples } from './read-samples.ts';
import { reportLabels } from './sample-labels.ts';
import { ScrapeError } from './scrape-error.ts';
import { type ScrapeMetrics } from './scrape-metrics.ts';
import { SeriesCache } from './series-cache.ts';
import { type LastScrape } from './target-status.ts';
import { type Target } from './target.ts';

/** What every scrape of a scraper shares. */
export interface ScrapeContext {
  readonly client: HttpClient;
  readonly store: MetricStore;
  readonly clock: Clock;
  readonly metrics: ScrapeMetrics;
  readonly log: Log;
  readonly external: Labels;
}

const REPORTS = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;

const EXTRA_REPORTS = [
  'scrape_timeout_seconds',
  'scrape_sample_limit',
  'scrape_body_size_bytes',
] as const;

/** Scrapes one target: fetch, read, store, report. When to do so is the loop's business. */
export class TargetScrape {
  readonly #context: ScrapeContext;
  readonly #cache = new SeriesCache();
  readonly #knownMetadata = new Map<string, MetricMetadata>();
  readonly #job: { readonly scrape_job: string };
  readonly #reports: readonly Labels[];
  readonly #source: HttpSource;
  #target: Target;
  #forcedError: ScrapeError | undefined;
  #last: LastScrape | undefined;
  #lastOfOther: LastScrape | undefined;
  #adopted = false;
  #cancellation: Cancellation | undefined;
  #followed: AbortSignal | undefined;

  constructor(target: Target, context: ScrapeContext) {
    this.#target = target;
    this.#source = expositionSource(target);
    this.#context = context;
    this.#job = { scrape_job: target.job.jobName };
    const names = target.job.extraScrapeMetrics ? [...REPORTS, ...EXTRA_REPORTS] : REPORTS;
    this.#reports = names.map((name) => reportLabels(name, target, context.external));
  }

  get target(): Target {
    return this.#target;
  }

  /** After a reload that changed nothing but what is shown. */
  set target(target: Target) {
    this.#target = target;
  }

  /** What the target says of its metrics. */
  get metadata(): readonly MetricMetadata[] {
    return [...this.#knownMetadata.values()];
  }

  get last(): LastScrape | undefined {
    return this.#last ?? this.#lastOfOther;
  }

  /** Makes every scrape fail with this reason, without fetching; undefined ends that. */
  set forcedError(error: ScrapeError | undefined) {
    this.#forcedError = error;
  }

  /** Shows the status of a scrape of the same target under other settings until the first own one. */
  follow(before: TargetScrape): void {
    this.#lastOfOther = before.last;
  }

  /** Takes over what the scrape before has left, so that it can go stale here. */
  adopt(before: TargetScrape): void {
    this.#adopted = true;
    this.#lastOfOther = before.last;
    this.#cache.adopt(before.#cache.tracked);
  }

  /**
   * One scrape. Never rejects: what goes wrong is in the status, the counters and `up`.
   * @param unixMs the time of its samples
   * @param abort ends the scrape without a trace when the loop is stopped
   */
  async scrape(unixMs: number, abort: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const startMs = clock.monotonicMs();
    const result = emptyResult();
    let batch = new SampleBatchBuilder();
    let error: ScrapeError | undefined;
    let bodySizeBytes = 0;
    this.#cache.begin();
    try {
      const fetched = await this.#fetch(abort);
      bodySizeBytes = fetched.body.length;
      this.#read(fetched, unixMs, batch, result);
    } catch (cause) {
      error =
        cause instanceof ScrapeError
          ? cause
          : new ScrapeError('internal', `unexpected ${String(cause)}`, { cause });
      batch = new SampleBatchBuilder();
    }
    if (abort.aborted) {
      this.#cache.abandon();
      return;
    }
    const vanished = error === undefined ? this.#cache.commit() : this.#cache.rollback();
    for (const labels of vanished) batch.addStale(labels, unixMs);
    const durationSeconds = (clock.monotonicMs() - startMs) / 1_000;
    if (error?.failure === 'body-size-limit') bodySizeBytes = -1;
    this.#addReports(batch, unixMs, [
      error === undefined ? 1 : 0,
      durationSeconds,
      result.scraped,
      result.postRelabelling,
      result.seriesAdded,
      this.#target.scrapeTimeoutMs / 1_000,
      this.#target.job.sampleLimit,
      bodySizeBytes,
    ]);
    this.#count(error, result);
    const storeError = await this.#append(batch);
    this.#last = {
      startUnixMs: unixMs,
      durationSeconds,
      healthy: error === undefined,
      error: error?.message ?? storeError ?? duplicateWarning(result),
    };
  }

  /** Marks everything of the target stale: it is no longer scraped. */
  async markStale(unixMs: number): Promise<void> {
    if (this.#last === undefined && !this.#adopted) return;
    const batch = new SampleBatchBuilder();
    for (const labels of this.#cache.tracked) batch.addStale(labels, unixMs);
    for (const labels of this.#reports) batch.addStale(labels, unixMs);
    await this.#append(batch);
  }

  async #fetch(abort: AbortSignal): Promise<HttpAnswer> {
    if (this.#forcedError !== undefined) throw this.#forcedError;
    const { client, clock } = this.#context;
    const cancellation = new Cancellation();
    this.#cancellation = cancellation;
    this.#follow(abort);
    const { scrapeTimeoutMs } = this.#target;
    using _ = clock.schedule(scrapeTimeoutMs, () => {
      const message = `no complete answer within ${scrapeTimeoutMs} ms`;
      cancellation.cancel(new ScrapeError('timeout', message));
    });
    return await client.fetch(this.#source, cancellation);
  }

  /** The loop's signal lives longer than a scrape, so it is listened to once. */
  #follow(abort: AbortSignal): void {
    if (this.#followed === abort) return;
    this.#followed = abort;
    abort.addEventListener('abort', () => this.#cancellation?.cancel(abort.reason as Error), {
      once: true,
    });
  }

  #read(fetched: HttpAnswer, unixMs: number, batch: SampleBatchBuilder, result: ReadResult): void {
    const { external, store } = this.#context;
    readSamples(
      fetched,
      {
        target: this.#target,
        external,
        cache: this.#cache,
        unixMs,
        batch,
        knownMetadata: this.#knownMetadata,
      },
      result,
    );
    if (result.metadata.length > 0) store.putMetadata(result.metadata);
  }

  #addReports(batch: SampleBatchBuilder, unixMs: number, values: readonly number[]): void {
    for (const [index, labels] of this.#reports.entries()) {
      batch.add(labels, unixMs, values[index] ?? 0);
    }
  }

  #count(error: ScrapeError | undefined, result: ReadResult): void {
    const { metrics, log } = this.#context;
    const job = this.#job;
    if (error !== undefined) {
      metrics.failures.labels({ ...job, reason: error.failure }).inc();
      // A target that stays down is worth one line, not one per scrape.
      if (this.last?.healthy !== false) {
        log.warn({ ...job, target: this.#target.url.href, err: error }, 'scrape failed');
      }
    } else if (this.last?.healthy === false) {
      log.info({ ...job, target: this.#target.url.href }, 'scrape works again');
    }
    if (error === undefined && result.duplicates > 0) {
      metrics.duplicates.labels(job).inc(result.duplicates);
    }
    if (error === undefined && result.tooFarAhead > 0) {
      metrics.rejected.labels({ ...job, reason: 'too-far-ahead' }).inc(result.tooFarAhead);
    }
  }

  /** @returns why nothing could be stored */
  async #append(builder: SampleBatchBuilder): Promise<string | undefined> {
    const { store, metrics, log } = this.#context;
    const job = this.#job;
    try {
      const { rejected } = await store.append(builder.build());
      for (const [reason, count] of Object.entries(rejected)) {
        if (count > 0) metrics.rejected.labels({ ...job, reason }).inc(count);
      }
      return undefined;
    } catch (error) {
      metrics.lostSamples.labels(job).inc(builder.size);
      log.error({ ...job, target: this.#target.url.href, err: error }, 'scrape not stored');
      return `not stored: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

function duplicateWarning({ duplicates, firstDuplicate }: ReadResult): string {
  return duplicates === 0
    ? ''
    : `${duplicates} samples left out: their series occurs more than once, first ${firstDuplicate.slice(0, 200)}`;
}
