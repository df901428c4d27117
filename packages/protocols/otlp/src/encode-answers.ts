import { Buffer } from 'node:buffer';

/** What an export request lost. */
export interface PartialSuccess {
  /** Spans, log records or points that were refused. With 0 the message is a warning only. */
  readonly rejectedCount: number;
  /** For people: what is wrong and what to do. */
  readonly errorMessage: string;
}

/** Codes of google.rpc.Status that an OTLP receiver answers with. */
export type RpcCode = 3 | 7 | 8 | 13 | 14 | 16;

/**
 * The answer to an export request in protobuf: ExportTraceServiceResponse,
 * ExportLogsServiceResponse and ExportMetricsServiceResponse are the same bytes. A full success is
 * of length 0.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
export function encodeExportResponseProtobuf(partialSuccess?: PartialSuccess): Uint8Array {
  if (partialSuccess === undefined) return new Uint8Array(0);
  const { rejectedCount, errorMessage } = partialSuccess;
  const inner = [...numberField(1, rejectedCount), ...textField(2, errorMessage)];
  return Uint8Array.from([0x0a, ...varint(inner.length), ...inner]);
}

/** A google.rpc.Status in protobuf, the body of every error answer to an OTLP/HTTP request. */
export function encodeStatusProtobuf(status: {
  readonly code: RpcCode;
  readonly message: string;
}): Uint8Array {
  return Uint8Array.from([...numberField(1, status.code), ...textField(2, status.message)]);
}

/** @param value an integer of 0 or more; 0 is left out, as proto3 has it */
function numberField(field: number, value: number): readonly number[] {
  return value === 0 ? [] : [field * 8, ...varint(value)];
}

function textField(field: number, text: string): readonly number[] {
  if (text === '') return [];
  const bytes = Buffer.from(text);
  return [field * 8 + 2, ...varint(bytes.length), ...bytes];
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  bytes.push(rest);
  return bytes;
}
