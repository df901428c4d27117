import {
  type AttributeValue,
  type InstrumentationScope,
  levelOf,
  type LogRecord,
  type Resource,
} from '@dwcp/core';

import { JsonReader, readEach } from './json-reader.ts';
import { type DecodeOptions, type RejectedItem, RequestTally } from './request-tally.ts';
import { readResource, readScope } from './traces-json.ts';

/** SEVERITY_NUMBER_TRACE is 1, ..._TRACE2 is 2, and so on to ..._FATAL4, 24. */
const SEVERITY_NUMBERS: Readonly<Record<string, number>> = Object.fromEntries([
  ['SEVERITY_NUMBER_UNSPECIFIED', 0],
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level, index) =>
    ['', '2', '3', '4'].map((step, i) => [`SEVERITY_NUMBER_${level}${step}`, index * 4 + 1 + i]),
  ),
]) as Record<string, number>;

export const SEVERITY_INFO = 9;
/** Where an event's name is kept. @see https://opentelemetry.io/docs/specs/semconv/general/events/ */
export const EVENT_NAME = 'event.name';

export interface DecodedLogs {
  readonly records: readonly LogRecord[];
  /** Records that were refused, for `partialSuccess`: the first 100 of them. */
  readonly rejected: readonly RejectedItem[];
  /** How many were refused in all. */
  readonly rejectedCount: number;
}

/**
 * Reads an ExportLogsServiceRequest in OTLP's JSON encoding. A bad record costs only itself.
 * @param body what `JSON.parse` gave
 * @param nowUnixNano the observed time of records that bring none
 * @throws InvalidInputError when what stands around the records is wrong
 */
export function decodeLogsJson(
  body: unknown,
  nowUnixNano: bigint,
  options: DecodeOptions = {},
): DecodedLogs {
  const tally = new RequestTally(options);
  const records: LogRecord[] = [];
  for (const group of new JsonReader(body, '').field('resourceLogs').items()) {
    const resource = readResource(group);
    for (const scopeLogs of group.field('scopeLogs').items()) {
      const scope = readScope(scopeLogs);
      const items = scopeLogs.field('logRecords').items();
      readEach(tally, items, (record) =>
        records.push(readRecord(record, resource, scope, nowUnixNano)),
      );
    }
  }
  return { records, rejected: tally.rejected, rejectedCount: tally.rejectedCount };
}

/** The body of a record is text; what is no string becomes its JSON. */
export function bodyText(body: AttributeValue | undefined): string {
  return typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
}

function readRecord(
  record: JsonReader,
  resource: Resource,
  scope: InstrumentationScope,
  nowUnixNano: bigint,
): LogRecord {
  const observed = record.field('observedTimeUnixNano').uint64() || nowUnixNano;
  const severityNumber =
    record.field('severityNumber').enumeration(SEVERITY_NUMBERS) || SEVERITY_INFO;
  if (severityNumber < 1 || severityNumber > 24) {
    record.field('severityNumber').fail(`must be 1 to 24, got ${severityNumber}`);
  }
  const body = record.field('body').anyValue();
  const eventName = record.field('eventName').string();
  const traceId = record.field('traceId');
  const spanId = record.field('spanId');
  return {
    // A record without a time of its own happened, as far as anyone knows, when it was seen.
    timeUnixNano: record.field('timeUnixNano').uint64() || observed,
    observedTimeUnixNano: observed,
    severityNumber,
    severityText: record.field('severityText').string() || levelOf(severityNumber).toUpperCase(),
    body: bodyText(body),
    attributes: {
      ...record.field('attributes').attributes(),
      ...(eventName === '' ? {} : { [EVENT_NAME]: eventName }),
    },
    ...(traceId.string() === '' ? {} : { traceId: traceId.traceId() }),
    ...(spanId.string() === '' ? {} : { spanId: spanId.spanId() }),
    resource,
    scope,
  };
}
