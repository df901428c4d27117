import { type LabelMatcher, type MatchOperator } from '@dwcp/core';

import { BYTES, VARINT, WireReader } from '../remote-write/wire-reader.ts';
import { type ReadQuery, type ReadRequest, type ReadResponseType } from './types.ts';

const RESPONSE_TYPES: readonly ReadResponseType[] = ['samples', 'streamed-xor-chunks'];
const OPERATORS: readonly MatchOperator[] = ['=', '!=', '=~', '!~'];

const tagOf = (field: number, type: number): number => (field << 3) | type;

/** Bits of the fields that a message defines, for `skip`. */
const fields = (...numbers: readonly number[]): number =>
  numbers.reduce((bits, number) => bits | (1 << number), 0);

/**
 * Reads a prometheus.ReadRequest, unpacked. Hints are passed over.
 * @throws RemoteWriteError of the kind `malformed`
 * @see https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/
 */
export function decodeReadRequest(bytes: Uint8Array): ReadRequest {
  const reader = new WireReader(bytes);
  const queries: ReadQuery[] = [];
  const accepted: (ReadResponseType | number)[] = [];
  const accept = (): void => {
    const number = reader.uint32();
    accepted.push(RESPONSE_TYPES[number] ?? number);
  };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === tagOf(1, BYTES)) queries.push(readQuery(reader));
    else if (tag === tagOf(2, VARINT)) accept();
    else if (tag === tagOf(2, BYTES)) {
      const outer = reader.enter();
      while (reader.more()) accept();
      reader.leave(outer);
    } else reader.skip(tag, fields(1, 2));
  }
  return { queries, acceptedResponseTypes: accepted };
}

function readQuery(reader: WireReader): ReadQuery {
  const outer = reader.enter();
  let startUnixMs = 0;
  let endUnixMs = 0;
  const matchers: LabelMatcher[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === tagOf(1, VARINT)) startUnixMs = reader.int64();
    else if (tag === tagOf(2, VARINT)) endUnixMs = reader.int64();
    else if (tag === tagOf(3, BYTES)) matchers.push(readMatcher(reader));
    else reader.skip(tag, fields(1, 2, 3));
  }
  reader.leave(outer);
  return { startUnixMs, endUnixMs, matchers };
}

function readMatcher(reader: WireReader): LabelMatcher {
  const outer = reader.enter();
  let type = 0;
  let name = '';
  let value = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === tagOf(1, VARINT)) type = reader.uint32();
    else if (tag === tagOf(2, BYTES)) name = readText(reader);
    else if (tag === tagOf(3, BYTES)) value = readText(reader);
    else reader.skip(tag, fields(1, 2, 3));
  }
  reader.leave(outer);
  const operator = OPERATORS[type];
  if (operator === undefined) throw reader.problem(`a matcher has the type ${type}, not 0 to 3`);
  return { name, operator, value };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readText(reader: WireReader): string {
  const end = reader.payload();
  const start = reader.position;
  reader.position = end;
  try {
    return decoder.decode(reader.bytes.subarray(start, end));
  } catch {
    throw reader.problem('a text is not UTF-8', start);
  }
}
