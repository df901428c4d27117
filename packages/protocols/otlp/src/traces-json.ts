import {
  type InstrumentationScope,
  type Resource,
  type Span,
  type SpanKind,
  type SpanStatus,
} from '@dwcp/core';

import { JsonReader, readEach } from './json-reader.ts';
import { type DecodeOptions, type RejectedItem, RequestTally } from './request-tally.ts';

/** By number less one, as OTLP counts from 1. */
export const SPAN_KINDS: readonly SpanKind[] = [
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
];
const KIND_NUMBERS: Readonly<Record<string, number>> = {
  SPAN_KIND_UNSPECIFIED: 0,
  SPAN_KIND_INTERNAL: 1,
  SPAN_KIND_SERVER: 2,
  SPAN_KIND_CLIENT: 3,
  SPAN_KIND_PRODUCER: 4,
  SPAN_KIND_CONSUMER: 5,
};
const STATUS_NUMBERS: Readonly<Record<string, number>> = {
  STATUS_CODE_UNSET: 0,
  STATUS_CODE_OK: 1,
  STATUS_CODE_ERROR: 2,
};
export const STATUS_CODES: readonly SpanStatus['code'][] = ['unset', 'ok', 'error'];

export interface DecodedTraces {
  readonly spans: readonly Span[];
  /** Spans that were refused, for `partialSuccess`: the first 100 of them. */
  readonly rejected: readonly RejectedItem[];
  /** How many were refused in all. */
  readonly rejectedCount: number;
}

/**
 * Reads an ExportTraceServiceRequest in OTLP's JSON encoding. A bad span costs only itself.
 * @param body what `JSON.parse` gave
 * @throws InvalidInputError when what stands around the spans is wrong
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
 */
export function decodeTracesJson(body: unknown, options: DecodeOptions = {}): DecodedTraces {
  const tally = new RequestTally(options);
  const spans: Span[] = [];
  for (const group of new JsonReader(body, '').field('resourceSpans').items()) {
    const resource = readResource(group);
    for (const scopeSpans of group.field('scopeSpans').items()) {
      const scope = readScope(scopeSpans);
      const items = scopeSpans.field('spans').items();
      readEach(tally, items, (span) => spans.push(readSpan(span, resource, scope)));
    }
  }
  return { spans, rejected: tally.rejected, rejectedCount: tally.rejectedCount };
}

/** The resource of a ResourceSpans or ResourceLogs. */
export function readResource(group: JsonReader): Resource {
  const resource = group.field('resource');
  return { attributes: resource.present ? resource.field('attributes').attributes() : {} };
}

/** The scope of a ScopeSpans or ScopeLogs. */
export function readScope(group: JsonReader): InstrumentationScope {
  const scope = group.field('scope');
  if (!scope.present) return { name: '' };
  const version = scope.field('version').string();
  return { name: scope.field('name').string(), ...(version === '' ? {} : { version }) };
}

function readSpan(span: JsonReader, resource: Resource, scope: InstrumentationScope): Span {
  const startUnixNano = span.field('startTimeUnixNano').uint64();
  const endUnixNano = span.field('endTimeUnixNano').uint64();
  if (startUnixNano === 0n) span.field('startTimeUnixNano').fail('must be above 0');
  if (endUnixNano < startUnixNano) {
    span.field('endTimeUnixNano').fail(`must not be before the start, ${startUnixNano}`);
  }
  const parent = span.field('parentSpanId');
  return {
    traceId: span.field('traceId').traceId(),
    spanId: span.field('spanId').spanId(),
    ...(parent.string() === '' ? {} : { parentSpanId: parent.spanId() }),
    name: span.field('name').string(),
    kind: SPAN_KINDS[span.field('kind').enumeration(KIND_NUMBERS) - 1] ?? 'internal',
    startUnixNano,
    endUnixNano,
    attributes: span.field('attributes').attributes(),
    events: Array.from(span.field('events').items(), (event) => ({
      name: event.field('name').string(),
      unixNano: event.field('timeUnixNano').uint64(),
      attributes: event.field('attributes').attributes(),
    })),
    links: Array.from(span.field('links').items(), (link) => ({
      traceId: link.field('traceId').traceId(),
      spanId: link.field('spanId').spanId(),
      attributes: link.field('attributes').attributes(),
    })),
    status: readStatus(span.field('status')),
    resource,
    scope,
  };
}

function readStatus(status: JsonReader): SpanStatus {
  if (!status.present) return { code: 'unset' };
  const code = STATUS_CODES[status.field('code').enumeration(STATUS_NUMBERS)] ?? 'unset';
  const message = status.field('message').string();
  return { code, ...(message === '' ? {} : { message }) };
}
