import { AsyncLocalStorage } from 'node:async_hooks';

import {
  type Attributes,
  BatchQueue,
  type Clock,
  type InstrumentationScope,
  InvalidInputError,
  isSpanId,
  isTraceId,
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
import { pooledRandomHex } from './ids.ts';
import { isTraceSampled } from './sampler.ts';
import { type TraceContext } from './trace-context.ts';

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
  /** Attributes, events and links left out: beyond the span limits, or no attribute values. */
  readonly leftOut: number;
  /** Values shortened to the span limits. */
  readonly cut: number;
  /** Spans from elsewhere that no store could keep: bad ids, or times outside 64 bits. */
  readonly invalid: number;
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
  readonly #context = new AsyncLocalStorage<TraceContext | undefined>();
  readonly #queue: BatchQueue<Span>;
  #leftOut = 0;
  #cut = 0;
  #unsampled = 0;
  #invalid = 0;

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
    this.#randomHex = options.randomHex ?? pooledRandomHex();
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
    const parent: TraceContext | undefined =
      options.parent === null ? undefined : (options.parent ?? this.activeContext());
    const traceId = parent?.traceId ?? this.#id(16);
    const sampled = parent?.sampled ?? isTraceSampled(traceId, this.#ratio);
    const makeContext = (): TraceContext => ({
      traceId,
      spanId: this.#id(8),
      sampled,
      traceState: parent?.traceState ?? '',
      ...(parent === undefined || parent.randomTraceId === true ? { randomTraceId: true } : {}),
    });
    if (!sampled) {
      if (parent === undefined) this.#unsampled++;
      return new NonRecordingSpan(makeContext);
    }
    const { clock, resource } = this.#options;
    return new RecordingSpan({
      context: makeContext(),
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
        this.#cut += left.cut;
        this.recordSpan(span);
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
    if (!isThenable(result)) {
      span.end();
      return result;
    }
    return Promise.resolve(result).then((value: unknown) => {
      span.end();
      return value;
    }, fail) as T;
  }

  /** The span context of the running call, if it is part of a trace. */
  activeContext(): TraceContext | undefined {
    return this.#context.getStore();
  }

  /** Runs a function, and all it starts, with this context active; undefined for none. */
  run<T>(context: SpanContext | undefined, fn: () => T): T {
    return this.#context.run(context, fn);
  }

  /** Takes a span made elsewhere. Returns whether there was room and it can be kept. */
  recordSpan(span: Span): boolean {
    // One span that a store refuses would keep its whole batch from being written, for ever.
    if (isStorable(span)) return this.#queue.push(span);
    this.#invalid++;
    return false;
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
      cut: this.#cut,
      invalid: this.#invalid,
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

  /** Random hex that is not all zero, which an id must not be. */
  #id(sizeBytes: number): string {
    for (;;) {
      const id = this.#randomHex(sizeBytes);
      if (!/^0+$/.test(id)) return id;
    }
  }
}

function isStorable({ traceId, spanId, startUnixNano, endUnixNano }: Span): boolean {
  const fits = (nano: bigint): boolean => BigInt.asIntN(64, nano) === nano;
  return isTraceId(traceId) && isSpanId(spanId) && fits(startUnixNano) && fits(endUnixNano);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
