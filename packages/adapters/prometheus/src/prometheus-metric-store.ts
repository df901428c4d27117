import {
  type AppendResult,
  BackendError,
  type CallOptions,
  type ExemplarSeries,
  type ExemplarStore,
  type Labels,
  type MetricMetadata,
  type MetricStore,
  type MetricStoreStats,
  type SampleBatch,
  type Series,
  type SeriesQuery,
} from '@dwcp/core';

import { MetadataTable } from './metadata-table.ts';
import { NewestSamples } from './newest-samples.ts';
import { type PrometheusServer } from './prometheus-server.ts';
import { RemoteWriteSender } from './remote-write-sender.ts';
import { SeriesReader } from './series-reader.ts';
import { UNKNOWN_STATS } from './server-state.ts';
import { StateReader } from './state-reader.ts';
import {
  type PrometheusMetricStoreOptions,
  type StoreLimits,
  storeLimits,
} from './store-options.ts';
import { planWrite, refuse } from './write-plan.ts';

/** What the store counts since its start. */
export interface PrometheusMetricStoreCounters {
  /** Requests of remote write. */
  readonly writeRequests: number;
  /** How often a refused write was halved to find what was refused. */
  readonly writeSplits: number;
  /** Appends that failed because too many waited. */
  readonly overflowedAppends: number;
  /** Series whose newest sample was forgotten because there were more than are remembered. */
  readonly forgottenSeries: number;
  /** Metadata of further metrics when the table was full. */
  readonly droppedMetadata: number;
}

/**
 * Metric samples in a Prometheus or a VictoriaMetrics: remote write in, remote read or export out.
 *
 * Appends go one after another, so that the samples of a series keep their order. Which rows repeat
 * or contradict what this store wrote before is judged here, from a bounded memory of the newest
 * sample of each series; the rest the server judges. VictoriaMetrics takes whatever it gets, so
 * after a restart a repeated batch is in it twice until it removes duplicates. When an answer is
 * lost, rows of a repeated batch that the server has already may count as out of order.
 */
export class PrometheusMetricStore implements MetricStore, ExemplarStore {
  readonly #server: PrometheusServer;
  readonly #limits: StoreLimits;
  readonly #newest: NewestSamples;
  readonly #metadata: MetadataTable;
  readonly #sender: RemoteWriteSender;
  readonly #reader: SeriesReader;
  readonly #state: StateReader;
  #stats: MetricStoreStats = UNKNOWN_STATS;
  #last: Promise<unknown> = Promise.resolve();
  #waitingAppends = 0;
  #overflowedAppends = 0;
  #closed = false;

  /** Nothing is sent yet; the server stays the caller's. @throws InvalidInputError naming the option */
  constructor(server: PrometheusServer, options: PrometheusMetricStoreOptions = {}) {
    this.#server = server;
    this.#limits = storeLimits(options);
    this.#newest = new NewestSamples(this.#limits.maxRememberedSeries);
    this.#metadata = new MetadataTable(this.#limits.maxMetadata);
    this.#sender = new RemoteWriteSender({ server, newest: this.#newest, ...this.#limits });
    this.#reader = new SeriesReader(server);
    this.#state = new StateReader(server);
  }

  /**
   * Resolves once the server answered with a success. Exemplars count as stored when the server
   * keeps exemplars and took the request; it does not tell which of them it kept.
   * @throws BackendError when the write failed; its message tells when a part was stored before
   */
  async append(batch: SampleBatch, options: CallOptions = {}): Promise<AppendResult> {
    options.signal?.throwIfAborted();
    if (this.#closed) throw closedError();
    if (this.#waitingAppends >= this.#limits.maxWaitingAppends) {
      this.#overflowedAppends++;
      throw new BackendError(
        'prometheus',
        `${this.#waitingAppends} appends wait already (maxWaitingAppends)`,
        { retryable: true },
      );
    }
    this.#waitingAppends++;
    const before = this.#last;
    const { promise: done, resolve: finish } = Promise.withResolvers<undefined>();
    this.#last = done;
    try {
      await before;
      options.signal?.throwIfAborted();
      return await this.#write(batch, options);
    } finally {
      this.#waitingAppends--;
      finish(undefined);
    }
  }

  /**
   * Staleness markers come back from both products. VictoriaMetrics keeps about 12 digits of a
   * value and no sign of zero. A Prometheus with external labels adds them to what it gives.
   * @throws BackendError, also when the answer is over `maxAnswerBytes`
   */
  async select(query: SeriesQuery, options: CallOptions = {}): Promise<readonly Series[]> {
    return await this.#reader.select(query, options);
  }

  /**
   * By the server's index, which is coarser than the range: Prometheus gives series with a chunk
   * that touches it, VictoriaMetrics those of the days in it.
   */
  async series(query: SeriesQuery, options: CallOptions = {}): Promise<readonly Labels[]> {
    return await this.#reader.series(query, options);
  }

  /** By the server's index, as `series`. */
  async labelNames(query: SeriesQuery, options: CallOptions = {}): Promise<readonly string[]> {
    return await this.#reader.labelNames(query, options);
  }

  /** By the server's index, as `series`. */
  async labelValues(
    name: string,
    query: SeriesQuery,
    options: CallOptions = {},
  ): Promise<readonly string[]> {
    return await this.#reader.labelValues(name, query, options);
  }

  /** Empty where the server keeps no exemplars, as VictoriaMetrics. */
  async exemplars(
    query: SeriesQuery,
    options: CallOptions = {},
  ): Promise<readonly ExemplarSeries[]> {
    return await this.#reader.exemplars(query, options);
  }

  /** Remembered here; the next append that sends rows carries it to the server. */
  putMetadata(metadata: readonly MetricMetadata[]): void {
    this.#metadata.put(metadata);
  }

  /** What was put here, and what the server told at the last `refresh`. */
  metadata(): readonly MetricMetadata[] {
    return this.#metadata.all();
  }

  /** As of the last `refresh`. What the server does not tell is NaN, a time undefined. */
  stats(): MetricStoreStats {
    return this.#stats;
  }

  /** Asks the server for its metadata and figures, which the port gives without waiting. */
  async refresh(options: CallOptions = {}): Promise<void> {
    const [metadata, stats] = await Promise.all([
      this.#state.metadata(this.#limits.maxMetadata, options),
      this.#state.stats(options),
    ]);
    this.#metadata.setFetched(metadata);
    this.#stats = stats;
  }

  counters(): PrometheusMetricStoreCounters {
    return {
      writeRequests: this.#sender.requestCount,
      writeSplits: this.#sender.splitCount,
      overflowedAppends: this.#overflowedAppends,
      forgottenSeries: this.#newest.forgottenCount,
      droppedMetadata: this.#metadata.droppedCount,
    };
  }

  /** Waits for the appends under way; later ones fail. The server stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  async #write(batch: SampleBatch, options: CallOptions): Promise<AppendResult> {
    if (batch.labels.length === 0 && (batch.exemplars ?? []).length === 0) {
      return { appended: 0, rejected: {} };
    }
    const { product } = await this.#server.identity(options);
    const { maxAheadMs, outOfOrderWindowMs, maxLabels } = this.#limits;
    const plan = planWrite(batch, this.#newest, {
      product,
      nowUnixMs: this.#server.clock.nowUnixMs(),
      maxAheadMs,
      outOfOrderWindowMs,
      maxLabels: maxLabels[product],
    });
    const rejected = { ...plan.rejected };
    if (plan.series.length === 0) {
      return { ...appendedOf(plan.repeats, plan.repeatedHistograms), rejected };
    }
    const metadata = this.#metadata.unsent();
    const sent = await this.#sender.send(plan.series, metadata, options);
    this.#metadata.markSent(metadata);
    for (const [reason, rows] of Object.entries(sent.rejected)) {
      refuse(rejected, reason as keyof typeof sent.rejected, rows);
    }
    const result = {
      ...appendedOf(plan.repeats + sent.stored, plan.repeatedHistograms + sent.storedHistograms),
      rejected,
    };
    if ((batch.exemplars ?? []).length === 0) return result;
    const kept = await this.#state.keepsExemplars(options);
    if (!kept && sent.storedExemplars > 0) refuse(rejected, 'exemplar', sent.storedExemplars);
    return { ...result, appendedExemplars: kept ? sent.storedExemplars : 0 };
  }
}

function appendedOf(
  appended: number,
  appendedHistograms: number,
): Pick<AppendResult, 'appended' | 'appendedHistograms'> {
  return appendedHistograms === 0 ? { appended } : { appended, appendedHistograms };
}

function closedError(): BackendError {
  return new BackendError('prometheus', 'the store was closed', { retryable: false });
}
