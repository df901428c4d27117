import { type LogRecordView, type SpanView, type TraceSummaryView } from '@dwcp/api-schema';
import {
  type Attributes,
  CLOUD_REGION,
  levelOf,
  type LogRecord,
  type Resource,
  SERVICE_NAME,
  type Span,
  type TraceSummary,
} from '@dwcp/core';

/** JSON has no NaN or infinities; attributes may. */
type AttributesView = LogRecordView['attributes'];

export function viewOfLogRecord(record: LogRecord): LogRecordView {
  return {
    timeUnixNano: String(record.timeUnixNano),
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    level: levelOf(record.severityNumber),
    body: record.body,
    attributes: viewOfAttributes(record.attributes),
    traceId: record.traceId ?? null,
    spanId: record.spanId ?? null,
    service: textOf(record.resource, SERVICE_NAME),
    region: textOf(record.resource, CLOUD_REGION),
    resource: { attributes: viewOfAttributes(record.resource.attributes) },
    scope: { name: record.scope.name },
  };
}

export function viewOfTraceSummary(trace: TraceSummary): TraceSummaryView {
  return {
    traceId: trace.traceId,
    rootName: trace.rootName,
    rootService: trace.rootService,
    startUnixNano: String(trace.startUnixNano),
    durationNano: String(trace.endUnixNano - trace.startUnixNano),
    spanCount: trace.spanCount,
    errorCount: trace.errorCount,
    services: [...trace.services],
    regions: [...trace.regions],
  };
}

export function viewOfSpan(span: Span): SpanView {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? null,
    name: span.name,
    kind: span.kind,
    startUnixNano: String(span.startUnixNano),
    endUnixNano: String(span.endUnixNano),
    attributes: viewOfAttributes(span.attributes),
    events: span.events.map(({ name, unixNano, attributes }) => ({
      name,
      unixNano: String(unixNano),
      attributes: viewOfAttributes(attributes),
    })),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: viewOfAttributes(attributes),
    })),
    status: span.status,
    service: textOf(span.resource, SERVICE_NAME),
    region: textOf(span.resource, CLOUD_REGION),
    resource: { attributes: viewOfAttributes(span.resource.attributes) },
    scope: span.scope,
  };
}

function textOf(resource: Resource, name: string): string {
  const value = resource.attributes[name];
  return value === undefined ? '' : String(value);
}

function viewOfAttributes(attributes: Attributes): AttributesView {
  const view: AttributesView = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'number' && !Number.isFinite(value)) view[name] = String(value);
    else if (typeof value === 'object') view[name] = [...value] as AttributesView[string];
    else view[name] = value;
  }
  return view;
}
