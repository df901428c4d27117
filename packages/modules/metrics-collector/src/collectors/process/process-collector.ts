import { type Clock, type MetricMetadata } from '@dwcp/core';

import { Metadata, type MetricCollector, type MetricSink } from '../metric-collector.ts';
import { EventLoop } from './event-loop.ts';
import { GarbageCollection } from './garbage-collection.ts';
import { NodeRuntime } from './node-runtime.ts';
import { ProcessResources } from './process-resources.ts';

export interface ProcessCollectorOptions {
  readonly clock: Clock;
  /** Default `/proc`. */
  readonly procPath?: string;
  /** How often the event loop's delay is sampled, 1 ms at least. Default 10 ms, as prom-client's. */
  readonly eventLoopResolutionMs?: number;
}

/**
 * This process under prom-client's default names: CPU, memory, file descriptors, event loop, garbage
 * collection, heap. It keeps nothing alive; disposing ends its observers.
 */
export class ProcessCollector implements MetricCollector, Disposable {
  readonly name = 'process';
  readonly #metadata = new Metadata();
  readonly #resources: ProcessResources;
  readonly #eventLoop: EventLoop;
  readonly #garbageCollection: GarbageCollection;
  readonly #runtime: NodeRuntime;

  constructor(options: ProcessCollectorOptions) {
    const { clock, procPath = '/proc', eventLoopResolutionMs = 10 } = options;
    this.#resources = new ProcessResources(clock, procPath, this.#metadata);
    this.#eventLoop = new EventLoop(clock, eventLoopResolutionMs, this.#metadata);
    this.#garbageCollection = new GarbageCollection(this.#metadata);
    this.#runtime = new NodeRuntime(this.#metadata);
  }

  describe(): readonly MetricMetadata[] {
    return this.#metadata.list();
  }

  collect(sink: MetricSink): void {
    this.#resources.collect(sink);
    this.#eventLoop.collect(sink);
    this.#garbageCollection.collect(sink);
    this.#runtime.collect(sink);
  }

  [Symbol.dispose](): void {
    this.#eventLoop[Symbol.dispose]();
    this.#garbageCollection[Symbol.dispose]();
  }
}
