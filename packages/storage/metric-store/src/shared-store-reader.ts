import { type MessagePort } from 'node:worker_threads';

import {
  BackendError,
  type CallOptions,
  Labels,
  type MetricStore,
  type Series,
  type SeriesQuery,
  type SeriesScanner,
  unpackError,
} from '@dwcp/core';

import { GroupCache } from './group-cache.ts';
import { SharedBlocks } from './shared-blocks.ts';
import {
  type DamagedGroup,
  type SharedSelection,
  type ToReader,
  type ToStore,
} from './shared-message.ts';
import { SharedSamples, type Slabs } from './shared-samples.ts';
import { scanShared, selectShared } from './shared-scan.ts';

export interface SharedStoreReaderOptions {
  /** Samples one select may touch. Default 50 million, about 800 MB. */
  readonly maxSelectedSamples?: number;
  /** Decompressed block data kept for the next query. Default 32 MiB. */
  readonly cacheBytes?: number;
}

interface Selected {
  readonly selection: SharedSelection;
  /** Of its series, by place. */
  readonly labels: readonly Labels[];
}

/**
 * Reads samples of an EmbeddedMetricStore from another thread. The store says where they are, which
 * takes it little time; to fetch and decode them is done here, from shared memory and the store's files.
 */
export class SharedStoreReader implements Pick<MetricStore, 'select'>, SeriesScanner {
  readonly #port: MessagePort;
  readonly #maxSelectedSamples: number;
  readonly #cache: GroupCache;
  readonly #waiting = new Map<number, PromiseWithResolvers<Selected>>();
  readonly #slabs = new Map<number, Uint8Array>();
  readonly #labels: Labels[] = [];
  readonly #strings = new Map<string, string>();
  #lastId = 0;
  #isClosed = false;

  /** @param port whose other end EmbeddedMetricStore.serve has */
  constructor(port: MessagePort, options: SharedStoreReaderOptions = {}) {
    this.#port = port;
    this.#maxSelectedSamples = options.maxSelectedSamples ?? 50_000_000;
    this.#cache = new GroupCache(options.cacheBytes ?? 32 * 1024 * 1024);
    port.on('message', (message: ToReader) => this.#receive(message));
    port.on('close', () => this.#close());
  }

  /** @throws QueryError when the series hold more samples than the limit */
  select(query: SeriesQuery, options: CallOptions = {}): Promise<readonly Series[]> {
    return this.#read(query, options, (samples, labels) =>
      selectShared(samples, labels, this.#maxSelectedSamples, options.signal),
    );
  }

  scan(
    query: SeriesQuery,
    visit: (series: Series) => void | Promise<void>,
    options: CallOptions = {},
  ): Promise<void> {
    return this.#read(query, options, (samples, labels) =>
      scanShared(samples, labels, visit, options.signal),
    );
  }

  /** Asks for a selection, and gives it free after it was read. */
  async #read<T>(
    query: SeriesQuery,
    { signal }: CallOptions,
    read: (samples: SharedSamples, labels: readonly Labels[]) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    let damaged: readonly DamagedGroup[] = [];
    try {
      const { selection, labels } = await this.#ask(id, query);
      signal?.throwIfAborted();
      const blocks = new SharedBlocks(selection.blocks, this.#cache);
      try {
        const samples = new SharedSamples(selection, this.#slabsOf(selection), blocks, query);
        return await read(samples, labels);
      } finally {
        ({ damaged } = blocks);
        await blocks.close();
      }
    } finally {
      if (!this.#isClosed) this.#post({ kind: 'release', id, damaged });
    }
  }

  #ask(id: number, { matchers, startUnixMs, endUnixMs }: SeriesQuery): Promise<Selected> {
    if (this.#isClosed) return Promise.reject(closed());
    const answer = Promise.withResolvers<Selected>();
    this.#waiting.set(id, answer);
    this.#post({ kind: 'select', id, query: { matchers, startUnixMs, endUnixMs } });
    return answer.promise;
  }

  #receive(message: ToReader): void {
    const answer = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'failed') {
      answer?.reject(unpackError(message.error));
      return;
    }
    const { selection } = message;
    if (selection.forgetsLabels) {
      this.#labels.length = 0;
      this.#strings.clear();
    }
    for (const key of selection.newKeys) this.#labels.push(this.#labelsOf(key));
    for (const [number, slab] of selection.newSlabs) this.#slabs.set(number, slab);
    // Numbers may mean other labels as soon as the next selection comes.
    const labels = Array.from(selection.series, (number) => this.#labels[number] ?? Labels.empty);
    answer?.resolve({ selection, labels });
  }

  /** With one copy of each string, which is less memory and quicker to compare. */
  #labelsOf(key: string): Labels {
    return Labels.fromSortedFlat(
      Labels.fromKey(key).flat.map((text) => {
        const known = this.#strings.get(text);
        if (known === undefined) this.#strings.set(text, text);
        return known ?? text;
      }),
    );
  }

  #slabsOf({ ownSlabs }: SharedSelection): Slabs {
    const own = new Map(ownSlabs);
    return (number) => {
      const slab = this.#slabs.get(number) ?? own.get(number);
      if (slab === undefined) throw new Error(`there is no slab ${number}`);
      return slab;
    };
  }

  #close(): void {
    this.#isClosed = true;
    for (const answer of this.#waiting.values()) answer.reject(closed());
    this.#waiting.clear();
  }

  #post(message: ToStore): void {
    this.#port.postMessage(message);
  }
}

function closed(): BackendError {
  return new BackendError('metric store', 'is closed', { retryable: false });
}
