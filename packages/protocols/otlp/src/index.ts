export { type RejectedItem } from './json-reader.ts';
export { type DecodedLogs, decodeLogsJson } from './logs-json.ts';
export { decodeTracesJson, type DecodedTraces } from './traces-json.ts';
