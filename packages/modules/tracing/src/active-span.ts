import {
  type Attributes,
  type AttributeValue,
  type Clock,
  type InstrumentationScope,
  type Resource,
  type Span,
  type SpanContext,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanStatus,
} from '@dwcp/core';

/** What a span may carry; what goes beyond is left out and counted. */
export interface SpanLimits {
  readonly attributeCount: number;
  readonly eventCount: number;
  readonly linkCount: number;
  /** Characters of a string value; longer ones are cut. */
  readonly valueLength: number;
}

/** @see https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits */
export const DEFAULT_SPAN_LIMITS: SpanLimits = {
  attributeCount: 128,
  eventCount: 128,
  linkCount: 128,
  valueLength: 4_096,
};

/** A span under way. No call on it throws; after `end` they do nothing. */
export interface ActiveSpan {
  readonly context: SpanContext;
  /** False when nothing of it will be kept: skip work that only describes it. */
  readonly recording: boolean;
  setAttribute(name: string, value: AttributeValue): void;
  setAttributes(attributes: Attributes): void;
  addEvent(name: string, attributes?: Attributes): void;
  setStatus(status: SpanStatus): void;
  updateName(name: string): void;
  /** Adds an `exception` event and sets the status to error. */
  recordException(error: unknown): void;
  end(): void;
}

export interface RecordingSpanOptions {
  readonly context: SpanContext;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly links: readonly SpanLink[];
  readonly startUnixNano: bigint;
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly limits: SpanLimits;
  readonly clock: Clock;
  readonly onEnd: (span: Span, left: { readonly out: number }) => void;
}

/** A span that is kept. */
export class RecordingSpan implements ActiveSpan {
  readonly recording = true;
  readonly #options: RecordingSpanOptions;
  readonly #attributes = new Map<string, AttributeValue>();
  readonly #events: SpanEvent[] = [];
  #name: string;
  #status: SpanStatus = { code: 'unset' };
  #leftOut = 0;
  #ended = false;

  constructor(options: RecordingSpanOptions) {
    this.#options = options;
    this.#name = options.name;
    this.setAttributes(options.attributes);
  }

  get context(): SpanContext {
    return this.#options.context;
  }

  setAttribute(name: string, value: AttributeValue): void {
    const { attributeCount, valueLength } = this.#options.limits;
    if (this.#ended) return;
    if (this.#attributes.size >= attributeCount && !this.#attributes.has(name)) this.#leftOut++;
    else this.#attributes.set(name, cut(value, valueLength));
  }

  setAttributes(attributes: Attributes): void {
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value);
  }

  addEvent(name: string, attributes: Attributes = {}): void {
    const { clock, limits } = this.#options;
    if (this.#ended) return;
    if (this.#events.length >= limits.eventCount) {
      this.#leftOut++;
      return;
    }
    const entries = Object.entries(attributes).slice(0, limits.attributeCount);
    this.#events.push({
      name,
      unixNano: clock.nowUnixNano(),
      attributes: Object.fromEntries(
        entries.map(([key, value]) => [key, cut(value, limits.valueLength)]),
      ),
    });
  }

  setStatus(status: SpanStatus): void {
    // `ok` is the application's last word: an instrumentation's later error does not undo it.
    if (this.#ended || this.#status.code === 'ok') return;
    this.#status = status;
  }

  updateName(name: string): void {
    if (!this.#ended) this.#name = name;
  }

  recordException(error: unknown): void {
    const isError = error instanceof Error;
    const message = isError ? error.message : String(error);
    this.addEvent('exception', {
      'exception.type': isError ? error.name : typeof error,
      'exception.message': message,
      ...(isError && error.stack !== undefined ? { 'exception.stacktrace': error.stack } : {}),
    });
    this.setStatus({ code: 'error', message });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { context, parentSpanId, kind, startUnixNano, resource, scope, clock, limits } =
      this.#options;
    const now = clock.nowUnixNano();
    this.#options.onEnd(
      {
        traceId: context.traceId,
        spanId: context.spanId,
        ...(parentSpanId === undefined ? {} : { parentSpanId }),
        name: this.#name,
        kind,
        startUnixNano,
        // The wall clock may have been set back meanwhile; a span never ends before it began.
        endUnixNano: now > startUnixNano ? now : startUnixNano,
        attributes: Object.fromEntries(this.#attributes),
        events: this.#events,
        links: this.#options.links.slice(0, limits.linkCount),
        status: this.#status,
        resource,
        scope,
      },
      { out: this.#leftOut + Math.max(0, this.#options.links.length - limits.linkCount) },
    );
  }
}

/** A span of a trace that is not sampled: it only carries its context on. */
export class NonRecordingSpan implements ActiveSpan {
  readonly recording = false;
  readonly context: SpanContext;

  constructor(context: SpanContext) {
    this.context = context;
  }

  setAttribute(): void {}
  setAttributes(): void {}
  addEvent(): void {}
  setStatus(): void {}
  updateName(): void {}
  recordException(): void {}
  end(): void {}
}

function cut(value: AttributeValue, length: number): AttributeValue {
  if (typeof value === 'string') return value.length > length ? value.slice(0, length) : value;
  if (Array.isArray(value) && typeof value[0] === 'string') {
    return (value as readonly string[]).map((item) => item.slice(0, length));
  }
  return value;
}
