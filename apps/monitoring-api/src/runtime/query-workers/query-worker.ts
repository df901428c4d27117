import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';

import { BackendError, type Clock, QueryError, type QueryResult, unpackError } from '@dwcp/core';
import { type SharedReads } from '@dwcp/metric-store';

import { type FromWorker, type QueryTask, type ToWorker, type WorkerStart } from './messages.ts';
import { type PackedResult, unpackResult } from './packed-result.ts';

/** How long a worker may take to give up a query before it is ended. */
const ANSWER_WITHIN_MS = 1_000;

export interface QueryWorkerOptions {
  readonly clock: Clock;
  /** Lets the worker read; it has the other end of the port. */
  readonly serve: (port: MessagePort) => SharedReads;
  readonly maxSamples: number;
  /** Memory for objects, samples not counted; the worker ends when it is not enough. */
  readonly maxHeapMegabytes: number;
  /** The file that the thread runs, where it is not the one beside this. */
  readonly entry: URL | undefined;
  /** Called when it has answered and may be asked again. */
  readonly onFree: (worker: QueryWorker) => void;
  /** Called when it has ended and is not to be used any more. */
  readonly onEnd: (worker: QueryWorker) => void;
}

/** The worker could not be started; another way has to be found to answer. */
export class WorkerNotStarted extends Error {
  override readonly name = 'WorkerNotStarted';
}

/** A thread that answers one query at a time. */
export class QueryWorker {
  readonly #options: QueryWorkerOptions;
  readonly #worker: Worker;
  readonly #reads: SharedReads;
  readonly #ended = Promise.withResolvers<void>();
  #current: PromiseWithResolvers<PackedResult> | undefined;
  #isReady = false;
  /** Why it ended, where it was not told to. */
  #failure: unknown;
  #timer: Disposable | undefined;

  constructor(options: QueryWorkerOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.#reads = options.serve(port1);
    const start: WorkerStart = { store: port2, maxSamples: options.maxSamples };
    const { entry, conditions } = entryPoint();
    this.#worker = new Worker(options.entry ?? entry, {
      name: 'dwcp query',
      // Neither preloads nor secrets of the program that we are a part of concern it.
      env: {},
      execArgv: conditions,
      workerData: start,
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMegabytes },
    });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error: unknown) => {
      this.#failure = error;
    });
    this.#worker.on('exit', () => void this.#end());
    this.#worker.unref();
  }

  /** Selections that it reads at the moment. */
  get openReads(): number {
    return this.#reads.openCount;
  }

  /**
   * The answer to a query; rejects as soon as the signal is aborted, while the worker may be busy a
   * little longer. Until `isFree` there can be no other query.
   * @throws QueryError as the engine does, and `execution` when the worker breaks; WorkerNotStarted
   */
  async run(task: QueryTask, signal: AbortSignal | undefined): Promise<QueryResult> {
    const current = Promise.withResolvers<PackedResult>();
    this.#current = current;
    this.#worker.ref();
    this.#post({ kind: 'query', task });
    this.#endWithin(task.timeoutMs + ANSWER_WITHIN_MS, () =>
      current.reject(new QueryError('timeout', 'query timed out in expression evaluation')),
    );
    const onAbort = (): void => {
      current.reject(canceled(signal));
      this.#post({ kind: 'cancel' });
      this.#endWithin(ANSWER_WITHIN_MS);
    };
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    let packed: PackedResult;
    try {
      packed = await current.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    try {
      return await unpackResult(packed, signal);
    } catch (error) {
      throw signal?.aborted === true ? canceled(signal) : error;
    }
  }

  get isFree(): boolean {
    return this.#current === undefined;
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    await this.#worker.terminate();
    await this.#ended.promise;
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'ready') {
      this.#isReady = true;
      return;
    }
    this.#timer?.[Symbol.dispose]();
    const current = this.#current;
    this.#current = undefined;
    this.#worker.unref();
    if (message.kind === 'error') current?.reject(unpackError(message.error));
    else current?.resolve(message.result);
    if (message.kind === 'error' && message.isSpent) void this.#worker.terminate();
    else this.#options.onFree(this);
  }

  /** Ends the thread if it has not answered by then. */
  #endWithin(delayMs: number, onEnd: () => void = () => undefined): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.clock.schedule(delayMs, () => {
      onEnd();
      void this.#worker.terminate();
    });
  }

  async #end(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    const current = this.#current;
    this.#current = undefined;
    // It does not run any more, so what it read may be changed.
    await this.#reads[Symbol.asyncDispose]();
    current?.reject(this.#isReady ? this.#broken() : this.#notStarted());
    this.#ended.resolve();
    this.#options.onEnd(this);
  }

  #broken(): Error {
    const { maxHeapMegabytes } = this.#options;
    if (isOutOfMemory(this.#failure)) {
      return new QueryError(
        'execution',
        `the query needs more than the ${maxHeapMegabytes} MB of memory that a query worker has; narrow it by labels or time, or aggregate`,
        { cause: this.#failure },
      );
    }
    const reason = this.#failure instanceof Error ? this.#failure.message : 'it was ended';
    return new QueryError('execution', `the query worker broke: ${reason}`, {
      cause: this.#failure,
    });
  }

  #notStarted(): Error {
    if (this.#failure === undefined) {
      return new BackendError('query worker', 'was ended', { retryable: true });
    }
    return new WorkerNotStarted('a query worker cannot be started', { cause: this.#failure });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function canceled(signal: AbortSignal | undefined): QueryError {
  return new QueryError('canceled', 'query was canceled in expression evaluation', {
    cause: signal?.reason,
  });
}

/** The file that the thread runs: of the sources where this file is one of them, else of the build. */
function entryPoint(): { readonly entry: URL; readonly conditions: string[] } {
  return import.meta.url.endsWith('.ts')
    ? {
        entry: new URL('./worker-main.ts', import.meta.url),
        conditions: ['--conditions=@dwcp/source'],
      }
    : { entry: new URL('./worker-main.js', import.meta.url), conditions: [] };
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
