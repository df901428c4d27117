import { type MessagePort } from 'node:worker_threads';

import {
  BackendError,
  type Clock,
  type Counter,
  type Gauge,
  type InstantQuery,
  type Instruments,
  InvalidInputError,
  type Labels,
  type Log,
  type MetricQuery,
  QueryError,
  type QueryOptions,
  type QueryResult,
  type RangeQuery,
  type SeriesQuery,
} from '@dwcp/core';
import { type SelectionEstimate, type SharedReads } from '@dwcp/metric-store';
import { MemoryLimitError } from '@dwcp/promql';

import { LightQueries } from './light-queries.ts';
import { QueryWorker, WorkerNotStarted } from './query-worker.ts';
import { type AnyQuery, weigh, type Weight } from './weigh.ts';

/** What runs beside the event loop rather than on it, in samples: it would take some 10 ms. */
const HEAVY = 500_000;
/** What is below this share of that is not weighed again for a while. */
const LIGHT_SHARE = 1 / 4;
const IDLE_MS = 5 * 60_000;
const LOOKBACK_MS = 5 * 60_000;
const MAX_HEAP_MEGABYTES = 2_048;

/** A store that other threads can read. */
export interface SharingStore {
  estimate(query: SeriesQuery): SelectionEstimate;
  serve(port: MessagePort): SharedReads;
  series(
    query: SeriesQuery,
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly Labels[]>;
}

export interface QueryWorkersOptions {
  /** Answers everything while there are no workers. */
  readonly engine: MetricQuery;
  /**
   * Answers what is light; where it runs out of memory, a worker tries again. Default: the engine.
   */
  readonly lightEngine?: MetricQuery;
  readonly clock: Clock;
  readonly log: Log;
  readonly instruments: Instruments;
  /** Threads, at most; 0 for none. */
  readonly workers: number;
  /** Queries that wait for one, at most. */
  readonly maxWaiting: number;
  readonly maxSamples: number;
  /** How long a query may take, waiting included. */
  readonly timeoutMs: number;
  /** Queries of so much work count as heavy. Default 500,000 samples, or what costs as much. */
  readonly heavy?: number;
  /** How long a worker stays without work. Default 5 minutes. */
  readonly idleMs?: number;
  /** Memory for objects that a worker may have. Default 2,048. */
  readonly maxHeapMegabytes?: number;
  /** The file that a worker runs. Default the one of this package. */
  readonly entry?: URL;
}

/** A query that waits for a worker. */
interface Waiting {
  readonly start: (worker: QueryWorker) => void;
  readonly refuse: (error: Error) => void;
}

/**
 * Answers heavy queries on threads of their own, so that the event loop stays free for ingestion and
 * rules; light ones at once on this one. Threads are started as they are needed and end when idle.
 */
export class QueryWorkers implements MetricQuery, AsyncDisposable {
  readonly #options: Required<Omit<QueryWorkersOptions, 'entry'>> & { readonly entry?: URL };
  readonly #workerGauge: Gauge;
  readonly #queries: Counter;
  #store: SharingStore | undefined;
  readonly #workers = new Set<QueryWorker>();
  /** The one that was used last is the last. */
  #idle: { readonly worker: QueryWorker; readonly timer: Disposable }[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #light = new LightQueries();
  #isBroken = false;
  #isClosed = false;

  constructor(options: QueryWorkersOptions) {
    this.#options = {
      heavy: HEAVY,
      idleMs: IDLE_MS,
      maxHeapMegabytes: MAX_HEAP_MEGABYTES,
      lightEngine: options.engine,
      ...options,
    };
    this.#workerGauge = options.instruments.gauge({
      name: 'dwcp_query_workers',
      help: 'Threads for heavy queries that run at the moment.',
    });
    this.#queries = options.instruments.counter({
      name: 'dwcp_query_worker_queries_total',
      help: 'Queries that ran on a thread of their own.',
      labelNames: ['outcome'],
    });
  }

  /** From now on heavy queries are answered from this store. */
  open(store: SharingStore): void {
    this.#store = store;
  }

  instant(query: InstantQuery, options: QueryOptions = {}): Promise<QueryResult> {
    return this.#answer({ kind: 'instant', ...query }, options);
  }

  range(query: RangeQuery, options: QueryOptions = {}): Promise<QueryResult> {
    return this.#answer({ kind: 'range', ...query }, options);
  }

  /** Selections that workers read at the moment. */
  get openReads(): number {
    return [...this.#workers].reduce((sum, { openReads }) => sum + openReads, 0);
  }

  /** Ends all threads, and the queries on them with an error. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const { timer } of this.#idle) timer[Symbol.dispose]();
    this.#idle = [];
    for (const { refuse } of this.#waiting) refuse(closed());
    await Promise.all([...this.#workers].map((worker) => worker.close()));
  }

  async #answer(query: AnyQuery, options: QueryOptions): Promise<QueryResult> {
    const { engine, lightEngine } = this.#options;
    if (!this.#hasWorkers) return ask(engine, query, options);
    const weight = await this.#weigh(query, options);
    if (weight !== undefined) {
      const { work, held } = weight;
      if (weight.leastMs > this.#options.timeoutMs) throw this.#tooMuchWork(weight);
      if (held > this.#tooManySamples) throw this.#tooMuchHeld(held);
      if (work >= this.#options.heavy) return this.#run(query, options);
    }
    try {
      return await ask(lightEngine, query, options);
    } catch (error) {
      // It grew: a label that became long, say. A worker that runs out of memory ends alone.
      if (error instanceof MemoryLimitError && this.#hasWorkers) return this.#run(query, options);
      throw error;
    }
  }

  /** Some series may have ended, so that an estimate is too high; much too high it is not. */
  get #tooManySamples(): number {
    return 2 * this.#options.maxSamples;
  }

  get #hasWorkers(): boolean {
    const { workers } = this.#options;
    return this.#store !== undefined && workers > 0 && !this.#isBroken && !this.#isClosed;
  }

  /** About how much a query needs; undefined for one that is light or wrong. */
  async #weigh(
    query: AnyQuery,
    { lookbackMs = LOOKBACK_MS, signal }: QueryOptions,
  ): Promise<Weight | undefined> {
    const store = this.#store;
    const { heavy, clock, timeoutMs } = this.#options;
    if (store === undefined) return undefined;
    const now = { unixMs: clock.nowUnixMs(), monotonicMs: clock.monotonicMs() };
    if (query.kind === 'instant' && this.#light.has(query, now)) return undefined;
    try {
      const weight = await weigh(query, {
        lookbackMs,
        estimate: (read) => store.estimate(read),
        series: (read) => store.series(read, signal === undefined ? {} : { signal }),
        enoughMs: timeoutMs,
        enoughHeld: this.#tooManySamples,
        signal,
      });
      const isLight = weight.work < heavy * LIGHT_SHARE;
      if (query.kind === 'instant' && isLight) this.#light.add(query, now);
      return weight;
    } catch (error) {
      // Such as a regular expression that takes too long, which is not to be tried once more.
      if (error instanceof InvalidInputError) {
        throw new QueryError('execution', error.message, { cause: error });
      }
      // What else is wrong with it is the engine's to tell.
      return undefined;
    }
  }

  #tooMuchHeld(held: number): QueryError {
    return new QueryError(
      'execution',
      `query processing would load too many samples into memory in query execution: about ${held.toExponential(0)} ` +
        `of at most ${this.#options.maxSamples.toExponential(0)} (query.maxSamples); ` +
        'narrow it by labels, a shorter range or a longer step, or aggregate',
    );
  }

  #tooMuchWork({ leastMs, looks }: Weight): QueryError {
    const { timeoutMs } = this.#options;
    return new QueryError(
      'execution',
      `the query is too much work: about ${looks.toExponential(0)} values to look at, which takes ` +
        `${Number((leastMs / 1_000).toPrecision(2))} s at the very least, where ${timeoutMs / 1_000} s are allowed (query.timeout); ` +
        'narrow it by labels, a shorter range or a longer step, also of subqueries',
    );
  }

  async #run(query: AnyQuery, options: QueryOptions): Promise<QueryResult> {
    const { clock, engine, timeoutMs } = this.#options;
    const startMs = clock.monotonicMs();
    let outcome = 'success';
    try {
      const worker = await this.#worker(options.signal);
      return await worker.run(
        {
          query,
          timeoutMs: Math.max(1, timeoutMs - (clock.monotonicMs() - startMs)),
          lookbackMs: options.lookbackMs,
          stats: options.stats === true,
        },
        options.signal,
      );
    } catch (error) {
      outcome = error instanceof QueryError ? error.errorType : 'error';
      if (!(error instanceof WorkerNotStarted)) throw error;
      outcome = 'not_started';
      this.#giveUp(error);
      return await ask(engine, query, options);
    } finally {
      this.#queries.labels({ outcome }).inc();
    }
  }

  /** A worker without work, as soon as there is one. */
  #worker(signal: AbortSignal | undefined): Promise<QueryWorker> {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.timer[Symbol.dispose]();
      return Promise.resolve(idle.worker);
    }
    if (this.#workers.size < this.#options.workers) return Promise.resolve(this.#start());
    return this.#wait(signal);
  }

  #wait(signal: AbortSignal | undefined): Promise<QueryWorker> {
    const { clock, maxWaiting, timeoutMs } = this.#options;
    if (this.#waiting.size >= maxWaiting) {
      throw new QueryError(
        'execution',
        `${maxWaiting} heavy queries wait already (query.maxConcurrent); try again later`,
      );
    }
    const turn = Promise.withResolvers<QueryWorker>();
    const waiting: Waiting = { start: turn.resolve, refuse: turn.reject };
    this.#waiting.add(waiting);
    const timer = clock.schedule(timeoutMs, () =>
      turn.reject(new QueryError('timeout', 'query timed out in query queue')),
    );
    const onAbort = (): void =>
      turn.reject(
        new QueryError('canceled', 'query was canceled in query queue', { cause: signal?.reason }),
      );
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    return turn.promise.finally(() => {
      this.#waiting.delete(waiting);
      timer[Symbol.dispose]();
      signal?.removeEventListener('abort', onAbort);
    });
  }

  #start(): QueryWorker {
    const { clock, maxSamples, maxHeapMegabytes, entry } = this.#options;
    const store = this.#store;
    if (store === undefined || this.#isClosed) throw closed();
    const worker = new QueryWorker({
      clock,
      maxSamples,
      maxHeapMegabytes,
      entry,
      serve: (port) => store.serve(port),
      onFree: (one) => this.#free(one),
      onEnd: (one) => this.#ended(one),
    });
    this.#workers.add(worker);
    this.#workerGauge.set(this.#workers.size);
    return worker;
  }

  #free(worker: QueryWorker): void {
    if (this.#isClosed) return;
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting);
      waiting.start(worker);
      return;
    }
    const { clock, idleMs } = this.#options;
    const timer = clock.schedule(idleMs, () => {
      this.#forgetIdle(worker);
      void worker.close();
    });
    this.#idle.push({ worker, timer });
  }

  #ended(worker: QueryWorker): void {
    this.#forgetIdle(worker);
    this.#workers.delete(worker);
    this.#workerGauge.set(this.#workers.size);
    for (const waiting of this.#waiting) {
      if (this.#isClosed || this.#workers.size >= this.#options.workers) return;
      this.#waiting.delete(waiting);
      waiting.start(this.#start());
    }
  }

  #forgetIdle(worker: QueryWorker): void {
    for (const one of this.#idle) if (one.worker === worker) one.timer[Symbol.dispose]();
    this.#idle = this.#idle.filter((one) => one.worker !== worker);
  }

  #giveUp(err: WorkerNotStarted): void {
    if (!this.#isBroken) {
      this.#options.log.warn(
        { err },
        'no query worker can be started: queries run on the main thread',
      );
    }
    this.#isBroken = true;
  }
}

function ask(engine: MetricQuery, query: AnyQuery, options: QueryOptions): Promise<QueryResult> {
  return query.kind === 'instant' ? engine.instant(query, options) : engine.range(query, options);
}

function closed(): BackendError {
  return new BackendError('query workers', 'are closed', { retryable: false });
}
