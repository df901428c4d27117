import {
  type Attributes,
  type AttributeValue,
  type InstrumentationScope,
  type Resource,
  type Span,
  type SpanKind,
  type SpanStatus,
} from '@dwcp/core';

/** An AnyValue of OTLP in JSON. 64-bit integers are decimal strings. */
export type OtlpAnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number | string }
  | { readonly arrayValue: { readonly values: readonly OtlpAnyValue[] } };

export interface OtlpKeyValue {
  readonly key: string;
  readonly value: OtlpAnyValue;
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpKeyValue[];
  readonly events: readonly {
    readonly name: string;
    readonly timeUnixNano: string;
    readonly attributes: readonly OtlpKeyValue[];
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: readonly OtlpKeyValue[];
  }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

/** An ExportTraceServiceRequest, also the TracesData of Jaeger's API v3. */
export interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpKeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope: InstrumentationScope;
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
}

const KINDS: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const STATUS_CODES: Readonly<Record<SpanStatus['code'], number>> = { unset: 0, ok: 1, error: 2 };

/**
 * Spans in OTLP's JSON encoding, grouped by resource and scope, ready for `JSON.stringify`.
 * `decodeTracesJson` gives the same spans back, group by group.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function encodeTracesJson(spans: readonly Span[]): OtlpTraces {
  const resourceSpans = groupBy(spans, ({ resource }) => resource).map(
    ([resource, ofResource]) => ({
      resource: { attributes: encodeAttributes(resource.attributes) },
      scopeSpans: groupBy(ofResource, ({ scope }) => scope).map(([scope, ofScope]) => ({
        scope,
        spans: ofScope.map(encodeSpan),
      })),
    }),
  );
  return { resourceSpans };
}

function encodeSpan(span: Span): OtlpSpan {
  const { code, message } = span.status;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: KINDS[span.kind],
    startTimeUnixNano: String(span.startUnixNano),
    endTimeUnixNano: String(span.endUnixNano),
    attributes: encodeAttributes(span.attributes),
    events: span.events.map(({ name, unixNano, attributes }) => ({
      name,
      timeUnixNano: String(unixNano),
      attributes: encodeAttributes(attributes),
    })),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: encodeAttributes(attributes),
    })),
    status: {
      ...(code === 'unset' ? {} : { code: STATUS_CODES[code] }),
      ...(message === undefined ? {} : { message }),
    },
  };
}

function encodeAttributes(attributes: Attributes): readonly OtlpKeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: encodeValue(value) }));
}

function encodeValue(value: AttributeValue): OtlpAnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'object') return { arrayValue: { values: value.map(encodeValue) } };
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { intValue: String(value) };
  if (Object.is(value, -0)) return { doubleValue: '-0' };
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}

/** Groups in order of first appearance, by what is equal as JSON; the same object is asked once. */
function groupBy<K extends Resource | InstrumentationScope>(
  spans: readonly Span[],
  keyOf: (span: Span) => K,
): readonly (readonly [K, readonly Span[]])[] {
  const texts = new Map<K, string>();
  const groups = new Map<string, readonly [K, Span[]]>();
  for (const span of spans) {
    const key = keyOf(span);
    const text = texts.get(key) ?? exactText(key);
    texts.set(key, text);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [key, [span]]);
    else group[1].push(span);
  }
  return [...groups.values()];
}

/** JSON that tells apart the numbers it has no form for. */
function exactText(key: Resource | InstrumentationScope): string {
  return JSON.stringify(key, (_, value: unknown) => {
    if (typeof value !== 'number') return value;
    return Object.is(value, -0) ? ['-0'] : Number.isFinite(value) ? value : [String(value)];
  });
}
