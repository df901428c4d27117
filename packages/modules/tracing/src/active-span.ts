import {
  type Attributes,
  type AttributeValue,
  type Clock,
  type InstrumentationScope,
  type Resource,
  type Span,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanStatus,
} from '@dwcp/core';

import { type TraceContext } from './trace-context.ts';

/** What a span may carry; what goes beyond is left out or cut, and counted. */
export interface SpanLimits {
  readonly attributeCount: number;
  readonly eventCount: number;
  readonly linkCount: number;
  /** Characters of a string value or name; longer ones are cut. */
  readonly valueLength: number;
  /** Items of an array value; more are cut. */
  readonly arrayLength: number;
}

/** @see https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits */
export const DEFAULT_SPAN_LIMITS: SpanLimits = {
  attributeCount: 128,
  eventCount: 128,
  linkCount: 128,
  valueLength: 4_096,
  arrayLength: 1_024,
};

/**
 * A span under way. No call on it throws, whatever it is given; after `end` they do nothing. What is
 * no attribute value is left out and counted.
 */
export interface ActiveSpan {
  readonly context: TraceContext;
  /** False when nothing of it will be kept: skip work that only describes it. */
  readonly recording: boolean;
  setAttribute(name: string, value: AttributeValue): void;
  setAttributes(attributes: Attributes): void;
  addEvent(name: string, attributes?: Attributes): void;
  setStatus(status: SpanStatus): void;
  updateName(name: string): void;
  /** Adds an `exception` event and sets the status to error. */
  recordException(error: unknown): void;
  /** Ends now, or at the moment given. */
  end(endUnixNano?: bigint): void;
}

export interface RecordingSpanOptions {
  readonly context: TraceContext;
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
  readonly onEnd: (span: Span, left: { readonly out: number; readonly cut: number }) => void;
}

/** A span that is kept. */
export class RecordingSpan implements ActiveSpan {
  readonly recording = true;
  readonly context: TraceContext;
  readonly #options: RecordingSpanOptions;
  readonly #attributes = new Map<string, AttributeValue>();
  readonly #events: SpanEvent[] = [];
  readonly #links: SpanLink[] = [];
  #name = '';
  #status: SpanStatus = { code: 'unset' };
  #leftOut = 0;
  #cut = 0;
  #ended = false;

  constructor(options: RecordingSpanOptions) {
    this.#options = options;
    this.context = options.context;
    this.updateName(options.name);
    this.setAttributes(options.attributes);
    this.#safely(() => {
      for (const { traceId, spanId, attributes } of options.links) {
        if (this.#links.length >= options.limits.linkCount) this.#leftOut++;
        else this.#links.push({ traceId, spanId, attributes: this.#limited(attributes) });
      }
    });
  }

  setAttribute(name: string, value: AttributeValue): void {
    this.#safely(() => this.#put(this.#attributes, name, value));
  }

  setAttributes(attributes: Attributes): void {
    this.#safely(() => {
      for (const name of Object.keys(attributes)) this.setAttribute(name, attributes[name] ?? '');
    });
  }

  addEvent(name: string, attributes: Attributes = {}): void {
    this.#safely(() => {
      const { clock, limits } = this.#options;
      if (this.#events.length >= limits.eventCount) {
        this.#leftOut++;
        return;
      }
      const unixNano = clock.nowUnixNano();
      const text = this.#text(name);
      this.#events.push({ name: text, unixNano, attributes: this.#limited(attributes) });
    });
  }

  setStatus(status: SpanStatus): void {
    this.#safely(() => {
      // `ok` is the application's last word: an instrumentation's later error does not undo it.
      if (this.#status.code === 'ok') return;
      const { code, message } = status;
      this.#status = message === undefined ? { code } : { code, message: this.#text(message) };
    });
  }

  updateName(name: string): void {
    this.#safely(() => {
      this.#name = this.#text(name);
    });
  }

  recordException(error: unknown): void {
    this.#safely(() => {
      const isError = error instanceof Error;
      const message = isError ? error.message : textOf(error);
      this.addEvent('exception', {
        'exception.type': isError ? error.name : typeof error,
        'exception.message': message,
        ...(isError && error.stack !== undefined ? { 'exception.stacktrace': error.stack } : {}),
      });
      this.setStatus({ code: 'error', message });
    });
  }

  end(endUnixNano?: bigint): void {
    this.#safely(() => {
      this.#ended = true;
      const { context, parentSpanId, kind, startUnixNano, resource, scope, clock, onEnd } =
        this.#options;
      const end = typeof endUnixNano === 'bigint' ? endUnixNano : clock.nowUnixNano();
      onEnd(
        {
          traceId: context.traceId,
          spanId: context.spanId,
          ...(parentSpanId === undefined ? {} : { parentSpanId }),
          name: this.#name,
          kind,
          startUnixNano,
          // The wall clock may have been set back meanwhile; a span never ends before it began.
          endUnixNano: end > startUnixNano ? end : startUnixNano,
          attributes: Object.fromEntries(this.#attributes),
          events: this.#events,
          links: this.#links,
          status: this.#status,
          resource,
          scope,
        },
        { out: this.#leftOut, cut: this.#cut },
      );
    });
  }

  /** Getters and conversions of what is handed in may throw; the host must not notice. */
  #safely(work: () => void): void {
    if (this.#ended) return;
    try {
      work();
    } catch {
      this.#leftOut++;
    }
  }

  #limited(attributes: Attributes): Attributes {
    const map = new Map<string, AttributeValue>();
    for (const name of Object.keys(attributes)) this.#put(map, name, attributes[name] ?? '');
    return Object.fromEntries(map);
  }

  #put(into: Map<string, AttributeValue>, name: string, given: unknown): void {
    const value = this.#value(given);
    const key = this.#text(name);
    const full = into.size >= this.#options.limits.attributeCount && !into.has(key);
    if (value === undefined || full) this.#leftOut++;
    else into.set(key, value);
  }

  /** Undefined for what is no attribute value. */
  #value(value: unknown): AttributeValue | undefined {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'number' || typeof value === 'boolean') return value;
    if (!Array.isArray(value)) return undefined;
    const items: readonly unknown[] = value.slice(0, this.#options.limits.arrayLength);
    if (items.length < value.length) this.#cut++;
    if (items.every((item) => typeof item === 'string'))
      return items.map((item) => this.#text(item));
    if (items.every((item) => typeof item === 'number')) return items;
    return items.every((item) => typeof item === 'boolean') ? items : undefined;
  }

  #text(value: unknown): string {
    const text = typeof value === 'string' ? value : textOf(value);
    const { valueLength } = this.#options.limits;
    if (text.length <= valueLength) return text;
    this.#cut++;
    const short = text.slice(0, valueLength);
    // Not in the middle of a character.
    return /[\ud800-\udbff]$/.test(short) ? short.slice(0, -1) : short;
  }
}

/** A span of a trace that is not sampled: it only carries its context on. */
export class NonRecordingSpan implements ActiveSpan {
  readonly recording = false;
  readonly #makeContext: () => TraceContext;
  #context: TraceContext | undefined;

  /** @param makeContext called once, when somebody asks: most such spans are never asked */
  constructor(makeContext: () => TraceContext) {
    this.#makeContext = makeContext;
  }

  get context(): TraceContext {
    return (this.#context ??= this.#makeContext());
  }

  setAttribute(): void {}
  setAttributes(): void {}
  addEvent(): void {}
  setStatus(): void {}
  updateName(): void {}
  recordException(): void {}
  end(): void {}
}

/** What a value says of itself, even when it has no way to be text. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}
