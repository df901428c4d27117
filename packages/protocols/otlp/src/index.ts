export {
  encodeTracesJson,
  type OtlpAnyValue,
  type OtlpKeyValue,
  type OtlpSpan,
  type OtlpTraces,
} from './encode-traces-json.ts';
export { type DecodeOptions, type RejectedItem } from './json-reader.ts';
export { type DecodedLogs, decodeLogsJson } from './logs-json.ts';
export { decodeTracesJson, type DecodedTraces } from './traces-json.ts';
