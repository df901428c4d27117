import {
  type AppendResult,
  BatchQueue,
  type BatchQueueStats,
  type Clock,
  type Labels,
  type MetricStore,
  SampleBatchBuilder,
} from '@dwcp/core';

const CAPACITY = 20_000;

interface Point {
  readonly labels: Labels;
  readonly unixMs: number;
  readonly value: number;
}

/** Samples recorded one by one, on their way to the store in batches. */
export class SampleQueue {
  readonly #queue: BatchQueue<Point>;

  constructor(options: {
    readonly store: MetricStore;
    readonly clock: Clock;
    readonly onResult: (result: AppendResult) => void;
    readonly onError: (error: unknown) => void;
  }) {
    this.#queue = new BatchQueue({
      clock: options.clock,
      capacity: CAPACITY,
      batchSize: 1_000,
      delayMs: 200,
      onError: options.onError,
      write: async (points) => {
        options.onResult(await options.store.append(toBatch(points).build()));
      },
    });
  }

  push(labels: Labels, unixMs: number, value: number): boolean {
    return this.#queue.push({ labels, unixMs, value });
  }

  stats(): BatchQueueStats & { readonly name: 'samples'; readonly capacity: number } {
    return { name: 'samples', capacity: CAPACITY, ...this.#queue.stats() };
  }

  flush(): Promise<void> {
    return this.#queue.flush();
  }

  close(options: { readonly timeoutMs: number }): Promise<void> {
    return this.#queue.close(options);
  }
}

/** A gauge set twice within a millisecond has the later value. */
function toBatch(points: readonly Point[]): SampleBatchBuilder {
  const last = new Map<string, Point>();
  for (const point of points) last.set(`${point.unixMs} ${point.labels.key}`, point);
  const batch = new SampleBatchBuilder();
  for (const { labels, unixMs, value } of last.values()) batch.add(labels, unixMs, value);
  return batch;
}
