import { BitWriter } from './bit-writer.ts';
import { XorField } from './xor-value.ts';

const writer = new BitWriter();
const field = new XorField();

/**
 * Samples `[from, to)` as a chunk of Prometheus' XOR encoding.
 *
 *     bytes 0-1   number of samples, big endian
 *     sample 0    time as a varint, value as 64 bits
 *     sample 1    time since the one before as a uvarint, value as XOR
 *     the others  change of that interval in 1 to 68 bits, value as XOR
 *
 * @param from up to 65,535 before `to`, and at least 1
 * @param values in a typed array, since a stale marker is a NaN with bits of its own
 * @see https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md#xor-chunk-data
 */
export function encodeXorChunk(
  timestamps: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
): Uint8Array {
  // Little-endian, as all of Node's platforms.
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  writer.reset();
  writer.bits(to - from, 16);
  let beforeMs = timestamps[from] ?? 0;
  let intervalMs = 0;
  writer.varint(BigInt(beforeMs));
  field.first(writer, words[2 * from] ?? 0, words[2 * from + 1] ?? 0);
  for (let i = from + 1; i < to; i++) {
    const unixMs = timestamps[i] ?? 0;
    const nextIntervalMs = unixMs - beforeMs;
    if (i === from + 1) writer.uvarint(BigInt(nextIntervalMs));
    else writeChange(nextIntervalMs - intervalMs);
    field.next(writer, words[2 * i] ?? 0, words[2 * i + 1] ?? 0);
    beforeMs = unixMs;
    intervalMs = nextIntervalMs;
  }
  return writer.copy();
}

function writeChange(changeMs: number): void {
  if (changeMs === 0) writer.bits(0, 1);
  else if (fitsIn(changeMs, 14)) writer.bits((0b10 << 14) | (changeMs & 0x3fff), 16);
  else if (fitsIn(changeMs, 17)) writer.bits((0b110 << 17) | (changeMs & 0x1ffff), 20);
  else if (fitsIn(changeMs, 20)) writer.bits((0b1110 << 20) | (changeMs & 0xfffff), 24);
  else {
    writer.bits(0b1111, 4);
    writer.int64(changeMs);
  }
}

/** Whether an integer can be told by so many bits, of whose values Prometheus uses one more above 0. */
function fitsIn(value: number, bits: number): boolean {
  const half = 2 ** (bits - 1);
  return value > -half && value <= half;
}
