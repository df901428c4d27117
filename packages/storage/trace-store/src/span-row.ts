import { type DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

import {
  type Attributes,
  CLOUD_REGION,
  type InstrumentationScope,
  type Resource,
  SERVICE_NAME,
  type Span,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanStatus,
} from '@dwcp/core';
import {
  attributeTextOf,
  decodeAttributes,
  encodeAttributes,
  fragmentsOf,
  hasAttribute,
} from '@dwcp/sqlite';

/** A row of `spans`, integers as the driver gives them. */
export interface SpanRow {
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly start: bigint;
  readonly end: bigint;
  readonly status: SpanStatus['code'];
  readonly origin: bigint;
  readonly name: string;
  readonly kind: SpanKind;
  readonly status_message: string | null;
  readonly attributes: string;
  readonly events: string;
  readonly links: string;
}

/** The columns of `spans` from `parent_span_id` on, in their order. */
export function encodeSpan(span: Span, origin: bigint): readonly SQLInputValue[] {
  const events = span.events.map(({ name, unixNano, attributes }) => [
    name,
    String(unixNano),
    encodeAttributes(attributes),
  ]);
  const links = span.links.map(({ traceId, spanId, attributes }) => [
    traceId,
    spanId,
    encodeAttributes(attributes),
  ]);
  return [
    span.parentSpanId ?? null,
    span.startUnixNano,
    span.endUnixNano,
    span.status.code,
    origin,
    serviceOf(span),
    regionOf(span),
    span.name,
    span.kind,
    span.status.message ?? null,
    encodeAttributes(span.attributes),
    JSON.stringify(events),
    JSON.stringify(links),
  ];
}

export function serviceOf(span: Span): string {
  return attributeTextOf(span.resource.attributes, SERVICE_NAME);
}

export function regionOf(span: Span): string {
  return attributeTextOf(span.resource.attributes, CLOUD_REGION);
}

export function encodeOrigin(resource: Resource, scope: InstrumentationScope): string {
  const { name, version } = scope;
  return JSON.stringify([encodeAttributes(resource.attributes), name, version]);
}

/** What a span shares with others of its library and process. */
export type Origin = Pick<Span, 'resource' | 'scope'>;

/** Turns rows into spans; those of the same origin share its objects. */
export class SpanReader {
  readonly #origin: StatementSync;
  readonly #origins = new Map<bigint, Origin>();

  constructor(db: DatabaseSync) {
    this.#origin = db.prepare('SELECT json FROM origins WHERE id = ?');
  }

  read(traceId: string, row: SpanRow): Span {
    const { resource, scope } = this.originOf(row.origin);
    return {
      traceId,
      spanId: row.span_id,
      ...(row.parent_span_id === null ? {} : { parentSpanId: row.parent_span_id }),
      name: row.name,
      kind: row.kind,
      startUnixNano: row.start,
      endUnixNano: row.end,
      attributes: decodeAttributes(row.attributes),
      events: decodeEvents(row.events),
      links: decodeLinks(row.links),
      status:
        row.status_message === null
          ? { code: row.status }
          : { code: row.status, message: row.status_message },
      resource,
      scope,
    };
  }

  originOf(id: bigint): Origin {
    const known = this.#origins.get(id);
    if (known !== undefined) return known;
    const json = this.#origin.get(id)?.['json'] as string;
    const [attributes, name, version] = JSON.parse(json) as [string, string, string | null];
    const origin = {
      resource: { attributes: decodeAttributes(attributes) },
      scope: version === null ? { name } : { name, version },
    };
    this.#origins.set(id, origin);
    return origin;
  }
}

/**
 * Whether a span has all these attributes, its own or its resource's, compared as text. Most spans
 * are ruled out without decoding them.
 */
export function spanHasAttributes(
  encoded: string,
  resource: Resource,
  wanted: readonly (readonly [string, string])[],
): boolean {
  let decoded: Attributes | undefined;
  return wanted.every(([name, text]) => {
    if (hasAttribute(resource.attributes, name, text)) return true;
    if (!fragmentsOf(name, text).some((fragment) => encoded.includes(fragment))) return false;
    return hasAttribute((decoded ??= decodeAttributes(encoded)), name, text);
  });
}

function decodeEvents(text: string): readonly SpanEvent[] {
  const events = JSON.parse(text) as readonly (readonly [string, string, string])[];
  return events.map(([name, unixNano, attributes]) => ({
    name,
    unixNano: BigInt(unixNano),
    attributes: decodeAttributes(attributes),
  }));
}

function decodeLinks(text: string): readonly SpanLink[] {
  const links = JSON.parse(text) as readonly (readonly [string, string, string])[];
  return links.map(([traceId, spanId, attributes]) => ({
    traceId,
    spanId,
    attributes: decodeAttributes(attributes),
  }));
}
