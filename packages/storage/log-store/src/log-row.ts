import { type DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

import {
  CLOUD_REGION,
  type InstrumentationScope,
  type LogRecord,
  type Resource,
  SERVICE_NAME,
  wordsOf,
} from '@dwcp/core';
import { attributeTextOf, decodeAttributes, encodeAttributes } from '@dwcp/sqlite';

/** A row of `logs`, integers as the driver gives them. */
export interface LogRow {
  readonly time: bigint;
  readonly severity: bigint;
  readonly origin: bigint;
  readonly trace_id: string | null;
  readonly span_id: string | null;
  readonly observed: bigint;
  readonly severity_text: string;
  readonly attributes: string;
  readonly body: string;
}

/** The columns of a record after its id, and the words of its body for the full-text index. */
export function encodeRow(
  record: LogRecord,
  origin: bigint,
): { readonly values: readonly SQLInputValue[]; readonly words: string } {
  return {
    values: [
      record.timeUnixNano,
      record.severityNumber,
      origin,
      attributeTextOf(record.resource.attributes, SERVICE_NAME),
      attributeTextOf(record.resource.attributes, CLOUD_REGION),
      record.traceId ?? null,
      record.spanId ?? null,
      record.observedTimeUnixNano,
      record.severityText,
      encodeAttributes(record.attributes),
      record.body,
    ],
    words: [...wordsOf(record.body)].join(' '),
  };
}

export function encodeOrigin(resource: Resource, scope: InstrumentationScope): string {
  const { name, version } = scope;
  return JSON.stringify([encodeAttributes(resource.attributes), name, version]);
}

/** Turns rows into records; those of the same origin share its objects. */
export class RecordReader {
  readonly #origin: StatementSync;
  readonly #origins = new Map<bigint, Pick<LogRecord, 'resource' | 'scope'>>();

  constructor(db: DatabaseSync) {
    this.#origin = db.prepare('SELECT json FROM origins WHERE id = ?');
  }

  read(row: LogRow): LogRecord {
    const { resource, scope } = this.#originOf(row.origin);
    return {
      timeUnixNano: row.time,
      observedTimeUnixNano: row.observed,
      severityNumber: Number(row.severity),
      severityText: row.severity_text,
      body: row.body,
      attributes: decodeAttributes(row.attributes),
      ...(row.trace_id === null ? {} : { traceId: row.trace_id }),
      ...(row.span_id === null ? {} : { spanId: row.span_id }),
      resource,
      scope,
    };
  }

  #originOf(id: bigint): Pick<LogRecord, 'resource' | 'scope'> {
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
