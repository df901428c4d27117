import {
  type AttributeValue,
  type InstrumentationScope,
  levelOf,
  type LogRecord,
  type Resource,
} from '@dwcp/core';

import {
  type AttributesDraft,
  NO_ATTRIBUTES,
  readAhead,
  readAnyValue,
  readAttribute,
  readItem,
  readResource,
  readScope,
} from './any-value-protobuf.ts';
import { bodyText, type DecodedLogs, EVENT_NAME, SEVERITY_INFO } from './logs-json.ts';
import { type DecodeOptions, RequestTally } from './request-tally.ts';
import { WireReader } from './wire-reader.ts';

/**
 * Reads an ExportLogsServiceRequest in protobuf, with the results of `decodeLogsJson`. A bad record
 * costs only itself; malformed bytes anywhere refuse the whole request.
 * @param nowUnixNano the observed time of records that bring none
 * @throws InvalidInputError naming the field, when the bytes are malformed
 */
export function decodeLogsProtobuf(
  bytes: Uint8Array,
  nowUnixNano: bigint,
  options: DecodeOptions = {},
): DecodedLogs {
  const reader = new WireReader(bytes);
  const tally = new RequestTally(options);
  const records: LogRecord[] = [];
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x0a) readResourceLogs(reader, tally, records, nowUnixNano, count++);
    else reader.skip(field);
  }
  return { records, rejected: tally.rejected, rejectedCount: tally.rejectedCount };
}

function readResourceLogs(
  reader: WireReader,
  tally: RequestTally,
  records: LogRecord[],
  nowUnixNano: bigint,
  index: number,
): void {
  const outer = reader.enter('resourceLogs', index);
  const resource = readAhead(reader, 0x0a, 'resource', readResource) ?? {
    attributes: NO_ATTRIBUTES,
  };
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field !== 0x12) {
      reader.skip(field);
      continue;
    }
    const around = reader.enter('scopeLogs', count++);
    const { attributes: _, ...scope } = readAhead(reader, 0x0a, 'scope', readScope) ?? {
      name: '',
      attributes: NO_ATTRIBUTES,
    };
    readRecords(reader, tally, records, { resource, scope, nowUnixNano });
    reader.leave(around);
  }
  reader.leave(outer);
}

interface Surroundings {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly nowUnixNano: bigint;
}

function readRecords(
  reader: WireReader,
  tally: RequestTally,
  records: LogRecord[],
  around: Surroundings,
): void {
  let count = 0;
  while (reader.pos < reader.end) {
    const field = reader.key();
    if (field === 0x12) {
      readItem(reader, tally, 'logRecords', count++, () => {
        records.push(readRecord(reader, around));
      });
    } else reader.skip(field);
  }
}

function readRecord(reader: WireReader, { resource, scope, nowUnixNano }: Surroundings): LogRecord {
  let timeUnixNano = 0n;
  let observedTimeUnixNano = 0n;
  let severityNumber = 0;
  let severityText = '';
  let body: AttributeValue | undefined;
  const attributes: AttributesDraft = {};
  let attributeCount = 0;
  let traceId: string | undefined;
  let spanId: string | undefined;
  let eventName = '';
  while (reader.pos < reader.end) {
    const field = reader.key();
    switch (field) {
      case 0x09:
        timeUnixNano = reader.unixNano('timeUnixNano');
        break;
      case 0x59:
        observedTimeUnixNano = reader.unixNano('observedTimeUnixNano');
        break;
      case 0x10:
        severityNumber = reader.int32('severityNumber');
        break;
      case 0x1a:
        severityText = reader.text('severityText');
        break;
      case 0x2a:
        body = readAnyValue(reader, 'body');
        break;
      case 0x32:
        readAttribute(reader, attributes, attributeCount++);
        break;
      case 0x4a:
        if (!reader.skipEmpty()) traceId = reader.traceId('traceId');
        break;
      case 0x52:
        if (!reader.skipEmpty()) spanId = reader.spanId('spanId');
        break;
      case 0x62:
        eventName = reader.text('eventName');
        break;
      default:
        reader.skip(field);
    }
  }
  severityNumber ||= SEVERITY_INFO;
  if (severityNumber < 1 || severityNumber > 24) {
    reader.refuse('severityNumber', `must be 1 to 24, got ${severityNumber}`);
  }
  if (eventName !== '') attributes[EVENT_NAME] = eventName;
  const observed = observedTimeUnixNano || nowUnixNano;
  return {
    // A record without a time of its own happened, as far as anyone knows, when it was seen.
    timeUnixNano: timeUnixNano || observed,
    observedTimeUnixNano: observed,
    severityNumber,
    severityText: severityText || levelOf(severityNumber).toUpperCase(),
    body: bodyText(body),
    attributes,
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
    resource,
    scope,
  };
}
