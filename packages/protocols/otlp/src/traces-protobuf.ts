import {
  type Resource,
  type Span,
  type SpanEvent,
  type SpanLink,
  type SpanStatus,
} from '@dwcp/core';

import {
  type AttributesDraft,
  NO_ATTRIBUTES,
  readAhead,
  readAttribute,
  readItem,
  readResource,
  readScope,
} from './any-value-protobuf.ts';
import { type DecodeOptions, RequestTally } from './request-tally.ts';
import { type DecodedTraces, SPAN_KINDS, STATUS_CODES } from './traces-json.ts';
import { WireReader } from './wire-reader.ts';

/**
 * Reads an ExportTraceServiceRequest in protobuf, with the results of `decodeTracesJson`. A bad span
 * costs only itself; malformed bytes anywhere refuse the whole request.
 * @throws InvalidInputError naming the field, when the bytes are malformed
 * @see https://opentelemetry.io/docs/specs/otlp/#binary-protobuf-encoding
 */
export function decodeTracesProtobuf(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): DecodedTraces {
  const reader = new WireReader(bytes);
  const tally = new RequestTally(options);
  const spans: Span[] = [];
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) readResourceSpans(reader, tally, spans, count++);
    else reader.skip(field);
  }
  return { spans, rejected: tally.rejected, rejectedCount: tally.rejectedCount };
}

function readResourceSpans(
  reader: WireReader,
  tally: RequestTally,
  spans: Span[],
  index: number,
): void {
  const outer = reader.enter('resourceSpans', index);
  const resource = readAhead(reader, 0x0a, 'resource', readResource) ?? {
    attributes: NO_ATTRIBUTES,
  };
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x12) readScopeSpans(reader, tally, spans, resource, count++);
    else reader.skip(field);
  }
  reader.leave(outer);
}

function readScopeSpans(
  reader: WireReader,
  tally: RequestTally,
  spans: Span[],
  resource: Resource,
  index: number,
): void {
  const outer = reader.enter('scopeSpans', index);
  const { attributes: _, ...scope } = readAhead(reader, 0x0a, 'scope', readScope) ?? {
    name: '',
    attributes: NO_ATTRIBUTES,
  };
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x12) {
      readItem(reader, tally, 'spans', count++, () => {
        spans.push({ ...readSpan(reader), resource, scope });
      });
    } else reader.skip(field);
  }
  reader.leave(outer);
}

function readSpan(reader: WireReader): Omit<Span, 'resource' | 'scope'> {
  let traceId: string | undefined;
  let spanId: string | undefined;
  let parentSpanId: string | undefined;
  let name = '';
  let kind = 0;
  let startUnixNano = 0n;
  let endUnixNano = 0n;
  const attributes: AttributesDraft = {};
  let attributeCount = 0;
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  let status: SpanStatus = { code: 'unset' };
  while (reader.pos < reader.end) {
    const field = reader.key();
    switch (field) {
      case 0x0a:
        traceId = reader.traceId('traceId');
        break;
      case 0x12:
        spanId = reader.spanId('spanId');
        break;
      case 0x22:
        if (!reader.skipEmpty()) parentSpanId = reader.spanId('parentSpanId');
        break;
      case 0x2a:
        name = reader.text('name');
        break;
      case 0x30:
        kind = reader.int32('kind');
        break;
      case 0x39:
        startUnixNano = reader.unixNano('startTimeUnixNano');
        break;
      case 0x41:
        endUnixNano = reader.unixNano('endTimeUnixNano');
        break;
      case 0x4a:
        readAttribute(reader, attributes, attributeCount++);
        break;
      case 0x5a:
        events.push(readEvent(reader, events.length));
        break;
      case 0x6a:
        links.push(readLink(reader, links.length));
        break;
      case 0x7a:
        status = readStatus(reader);
        break;
      default:
        reader.skip(field);
    }
  }
  if (startUnixNano === 0n) reader.refuse('startTimeUnixNano', 'must be above 0');
  if (endUnixNano < startUnixNano) {
    reader.refuse('endTimeUnixNano', `must not be before the start, ${startUnixNano}`);
  }
  return {
    traceId: traceId ?? noId(reader, 'traceId', 32),
    spanId: spanId ?? noId(reader, 'spanId', 16),
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: SPAN_KINDS[kind - 1] ?? 'internal',
    startUnixNano,
    endUnixNano,
    attributes,
    events,
    links,
    status,
  };
}

function noId(reader: WireReader, field: string, digits: number): never {
  return reader.refuse(field, `must be ${digits} hex digits, not all zero, got ""`);
}

function readEvent(reader: WireReader, index: number): SpanEvent {
  const outer = reader.enter('events', index);
  let name = '';
  let unixNano = 0n;
  const attributes: AttributesDraft = {};
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x09) unixNano = reader.unixNano('timeUnixNano');
    else if (field === 0x12) name = reader.text('name');
    else if (field === 0x1a) readAttribute(reader, attributes, count++);
    else reader.skip(field);
  }
  reader.leave(outer);
  return { name, unixNano, attributes };
}

function readLink(reader: WireReader, index: number): SpanLink {
  const outer = reader.enter('links', index);
  let traceId: string | undefined;
  let spanId: string | undefined;
  const attributes: AttributesDraft = {};
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) traceId = reader.traceId('traceId');
    else if (field === 0x12) spanId = reader.spanId('spanId');
    else if (field === 0x22) readAttribute(reader, attributes, count++);
    else reader.skip(field);
  }
  const link = {
    traceId: traceId ?? noId(reader, 'traceId', 32),
    spanId: spanId ?? noId(reader, 'spanId', 16),
    attributes,
  };
  reader.leave(outer);
  return link;
}

function readStatus(reader: WireReader): SpanStatus {
  const outer = reader.enter('status');
  let code: SpanStatus['code'] = 'unset';
  let message = '';
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x18) code = STATUS_CODES[reader.int32('code')] ?? 'unset';
    else if (field === 0x12) message = reader.text('message');
    else reader.skip(field);
  }
  reader.leave(outer);
  return { code, ...(message === '' ? {} : { message }) };
}
