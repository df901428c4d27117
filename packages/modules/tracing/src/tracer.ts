import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

import {
  type Attributes,
  BatchQueue,
  type Clock,
  type InstrumentationScope,
  InvalidInputError,
  type Log,
  type Resource,
  silentLog,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanLink,
  type TraceStore,
} from '@dwcp/core';

import {
  type ActiveSpan,
  DEFAULT_SPAN_LIMITS,
  NonRecordingSpan,
  RecordingSpan,
  type SpanLimits,
} from './active-span.ts';
import { isTraceSampled } from './sampler.ts';

export interface TracerOptions {
  readonly store: TraceStore;
  readonly clock: Clock;
  /** What the spans are of: `service.name`, `cloud.region`, `host.name`. */
  readonly resource: Resource;
  readonly log?: Log;
  /** Share of new traces that are kept, in [0, 1]; a parent's decision wins. Default 1. */
  readonly samplingRatio?: number;
  /** Finished spans waiting for the store at most. Default 10,000. */
  readonly queueCapacity?: number;
  readonly limits?: Partial<SpanLimits>;
  /** `size` random bytes as hex, for tests. */
  readonly randomHex?: (size: number) => string;
}

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: readonly SpanLink[];
  /** Default: the active context. `null` begins a new trace. */
  readonly parent?: SpanContext | null;
  readonly scope?: InstrumentationScope;
  /** Default: now. */
  readonly startUnixNano?: bigint;
}

export interface TracerStats {
  readonly name: 'spans';
  readonly waiting: number;
  readonly capacity: number;
  readonly written: number;
  /** Spans lost because the queue was full or closed. */
  readonly dropped: number;
  readonly failedWrites: number;
  /** Attributes, events and links left out by the span limits. */
  readonly leftOut: number;
  /** Traces not kept by the sampler. */
  readonly unsampled: number;
}

const SCOPE: InstrumentationScope = { name: '@dwcp/tracing' };

/**
 * Starts spans, carries their context through asynchronous calls, and hands finished ones to the
 * store in batches. Never throws into its host: what cannot be kept is counted.
 */
export class Tracer implements AsyncDisposable {
  readonly #options: TracerOptions;
  readonly #limits: SpanLimits;
  readonly #ratio: number;
  readonly #capacity: number;
  readonly #randomHex: (size: number) => string;
  readonly #context = new AsyncLocalStorage<SpanContext>();
  readonly #queue: BatchQueue<Span>;
  #leftOut = 0;
  #unsampled = 0;

  /** @throws InvalidInputError for a ratio outside [0, 1] */
  constructor(options: TracerOptions) {
    const { store, clock, log = silentLog, samplingRatio = 1 } = options;
    if (!(samplingRatio >= 0 && samplingRatio <= 1)) {
      throw new InvalidInputError('samplingRatio', `must be in [0, 1], got ${samplingRatio}`);
    }
    this.#options = options;
    this.#limits = { ...DEFAULT_SPAN_LIMITS, ...options.limits };
    this.#ratio = samplingRatio;
    this.#capacity = options.queueCapacity ?? 10_000;
    this.#randomHex = options.randomHex ?? ((size) => randomBytes(size).toString('hex'));
    this.#queue = new BatchQueue({
      clock,
      capacity: this.#capacity,
      batchSize: 512,
      delayMs: 200,
      write: (spans) => store.append(spans),
      onError: (err) => log.warn({ err }, 'spans could not be stored, trying again'),
    });
  }

  /** Begins a span; it is not made active. */
  startSpan(name: string, options: SpanOptions = {}): ActiveSpan {
    const parent = options.parent === null ? undefined : (options.parent ?? this.activeContext());
    const traceId = parent?.traceId ?? this.#randomHex(16);
    const sampled = parent?.sampled ?? isTraceSampled(traceId, this.#ratio);
    const context: SpanContext = {
      traceId,
      spanId: this.#randomHex(8),
      sampled,
      traceState: parent?.traceState ?? '',
    };
    if (!sampled) {
      if (parent === undefined) this.#unsampled++;
      return new NonRecordingSpan(context);
    }
    const { clock, resource } = this.#options;
    return new RecordingSpan({
      context,
      parentSpanId: parent?.spanId,
      name,
      kind: options.kind ?? 'internal',
      attributes: options.attributes ?? {},
      links: options.links ?? [],
      startUnixNano: options.startUnixNano ?? clock.nowUnixNano(),
      resource,
      scope: options.scope ?? SCOPE,
      limits: this.#limits,
      clock,
      onEnd: (span, left) => {
        this.#leftOut += left.out;
        this.#queue.push(span);
      },
    });
  }

  /**
   * Runs a function inside a new span, which ends with it: when the function returns, when its
   * promise settles, or when it throws, in which case the error is recorded and passed on.
   */
  withSpan<T>(name: string, options: SpanOptions, fn: (span: ActiveSpan) => T): T {
    const span = this.startSpan(name, options);
    const fail = (error: unknown): never => {
      span.recordException(error);
      span.end();
      throw error;
    };
    let result: T;
    try {
      result = this.run(span.context, () => fn(span));
    } catch (error) {
      return fail(error);
    }
    if (!(result instanceof Promise)) {
      span.end();
      return result;
    }
    return result.then((value: unknown) => {
      span.end();
      return value;
    }, fail) as T;
  }

  /** The span context of the running call, if it is part of a trace. */
  activeContext(): SpanContext | undefined {
    return this.#context.getStore();
  }

  /** Runs a function, and all it starts, with this context active. */
  run<T>(context: SpanContext, fn: () => T): T {
    return this.#context.run(context, fn);
  }

  /** Takes a span made elsewhere. Returns whether there was room. */
  recordSpan(span: Span): boolean {
    return this.#queue.push(span);
  }

  /** Resolves when every span ended before the call is stored. @throws BackendError */
  flush(): Promise<void> {
    return this.#queue.flush();
  }

  stats(): TracerStats {
    return {
      name: 'spans',
      capacity: this.#capacity,
      ...this.#queue.stats(),
      leftOut: this.#leftOut,
      unsampled: this.#unsampled,
    };
  }

  /** Stores what waits within the limit, then refuses further spans, counting them. */
  close(options: { readonly timeoutMs: number }): Promise<void> {
    return this.#queue.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ timeoutMs: 5_000 });
  }
}
