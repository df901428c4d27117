import {
  type Clock,
  type Instruments,
  Labels,
  SampleBatchBuilder,
  silentLog,
  systemClock,
} from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { InstrumentRegistry } from '@dwcp/metrics-collector';
import { PromqlEngine } from '@dwcp/promql';

import {
  QueryWorkers,
  type QueryWorkersOptions,
} from '#src/runtime/query-workers/query-workers.ts';

import { TemporaryFolder } from '../platform.ts';

export const START = Date.UTC(2026, 0, 2);
export const STEP_MS = 15_000;

/** A store with samples in blocks and in the head, and query workers over it. */
export class HeavyStore implements AsyncDisposable {
  readonly store: EmbeddedMetricStore;
  readonly engine: PromqlEngine;
  readonly instruments: Instruments & InstrumentRegistry;
  readonly workers: QueryWorkers;
  readonly #folder: TemporaryFolder;
  readonly #seriesCount: number;
  /** Samples of each series so far. */
  rounds = 0;

  private constructor(
    folder: TemporaryFolder,
    store: EmbeddedMetricStore,
    seriesCount: number,
    options: Partial<QueryWorkersOptions>,
  ) {
    this.#folder = folder;
    this.#seriesCount = seriesCount;
    this.store = store;
    this.engine = new PromqlEngine({ store, clock: systemClock });
    this.instruments = new InstrumentRegistry({ clock: systemClock });
    this.workers = new QueryWorkers({
      engine: this.engine,
      clock: systemClock,
      log: silentLog,
      instruments: this.instruments,
      workers: 1,
      maxWaiting: 20,
      maxSamples: 50_000_000,
      timeoutMs: 120_000,
      heavy: 1_000,
      ...options,
    });
    this.workers.open(store);
  }

  static async make(
    shape: { readonly series: number; readonly inBlock: number; readonly inHead: number },
    options: Partial<QueryWorkersOptions> = {},
  ): Promise<HeavyStore> {
    const folder = await TemporaryFolder.make();
    const clock: Pick<Clock, 'nowUnixMs'> = { nowUnixMs: () => START + 86_400_000 };
    const store = await EmbeddedMetricStore.open({
      dir: folder.path,
      clock: Object.assign(Object.create(systemClock) as Clock, clock),
    });
    const heavy = new HeavyStore(folder, store, shape.series, options);
    await heavy.append(shape.inBlock);
    await store.seal();
    await heavy.append(shape.inHead);
    return heavy;
  }

  /** Further samples of all series. */
  async append(rounds: number): Promise<void> {
    const batch = new SampleBatchBuilder();
    for (let i = 0; i < this.#seriesCount; i++) {
      const labels = Labels.from({
        __name__: 'requests_total',
        job: `job-${i % 7}`,
        instance: `host-${i}`,
      });
      for (let round = this.rounds; round < this.rounds + rounds; round++) {
        batch.add(labels, START + round * STEP_MS, round * (i + 1) + (round % 3));
      }
    }
    this.rounds += rounds;
    await this.store.append(batch.build());
  }

  get endUnixMs(): number {
    return START + (this.rounds - 1) * STEP_MS;
  }

  async exposed(): Promise<string> {
    return this.instruments.expose('text');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workers[Symbol.asyncDispose]();
    await this.store.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}
