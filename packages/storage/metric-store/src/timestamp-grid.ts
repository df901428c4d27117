import { type ByteReader, type ByteWriter } from './bytes.ts';

// Timestamps of a scrape are a grid with a little noise: of every sample only the deviation from the
// grid is stored, in as few bits as the largest needs. The differences between samples would have
// twice the noise. Skipped places of the grid are listed. The layout is in docs/formats/metric-block.md.

const MIN_SAMPLES = 8;
/** Above it deltas of deltas are as short. */
const MAX_BITS = 12;
const PROBES = 33;

interface Grid {
  readonly step: number;
  readonly minDeviation: number;
  /** Per deviation. */
  readonly bits: number;
  /** Samples before which the grid has places without one: position and number of places, in turn. */
  readonly gaps: readonly number[];
}

export interface GridTarget {
  readonly writer: ByteWriter;
  /** That of the group; the deviations go there, as they are pure chance. */
  readonly tail: ByteWriter | undefined;
}

/** Writes timestamps `start` to `end`, the first of which was written; false when they are no grid. */
export function encodeGrid(
  { writer, tail }: GridTarget,
  timestamps: Float64Array,
  start: number,
  end: number,
): boolean {
  const grid = findGrid(timestamps, start, end);
  if (grid === undefined) return false;
  const { step, minDeviation, bits, gaps } = grid;
  writer.varint(step);
  writer.zigzag(minDeviation);
  writer.byte(bits);
  writer.varint(gaps.length / 2);
  let before = start;
  for (let i = 0; i < gaps.length; i += 2) {
    writer.varint((gaps[i] ?? 0) - before);
    writer.varint(gaps[i + 1] ?? 0);
    before = gaps[i] ?? 0;
  }
  if (tail !== undefined) writer.varint(tail.length);
  const deviations = tail ?? writer;
  const first = timestamps[start] ?? 0;
  let place = 0;
  let held = 0;
  let heldBits = 0;
  for (let i = start + 1; i < end; i++) {
    const unixMs = timestamps[i] ?? 0;
    place = Math.round((unixMs - first) / step);
    held |= (unixMs - first - place * step - minDeviation) << heldBits;
    for (heldBits += bits; heldBits >= 8; heldBits -= 8) {
      deviations.byte(held & 255);
      held >>>= 8;
    }
  }
  if (heldBits > 0) deviations.byte(held & 255);
  return true;
}

/**
 * Fills the timestamps behind the first one, which is there.
 * @param inTail whether the deviations are in the tail, which the reader's bytes end with
 */
export function decodeGrid(reader: ByteReader, target: Float64Array, inTail: boolean): void {
  const step = reader.varint();
  const minDeviation = reader.zigzag();
  const bits = reader.byte();
  const gaps: number[] = [];
  for (let left = reader.varint(); left > 0; left--) gaps.push(reader.varint(), reader.varint());
  const first = (target[0] ?? 0) + minDeviation;
  const { bytes } = reader;
  // The tail stands in the opposite order.
  let position = inTail ? bytes.length - 1 - reader.varint() : reader.position;
  const direction = inTail ? -1 : 1;
  const mask = (1 << bits) - 1;
  let nextGap = gaps.length > 0 ? (gaps[0] ?? 0) : -1;
  let gap = 0;
  let place = 0;
  let held = 0;
  let heldBits = 0;
  for (let i = 1; i < target.length; i++) {
    place++;
    if (i === nextGap) {
      place += gaps[gap + 1] ?? 0;
      gap += 2;
      nextGap = gap < gaps.length ? i + (gaps[gap] ?? 0) : -1;
    }
    for (; heldBits < bits; heldBits += 8) {
      held |= (bytes[position] ?? 0) << heldBits;
      position += direction;
    }
    target[i] = first + place * step + (held & mask);
    held >>>= bits;
    heldBits -= bits;
  }
  if (!inTail) reader.position = position;
}

function findGrid(timestamps: Float64Array, start: number, end: number): Grid | undefined {
  const count = end - start;
  if (count < MIN_SAMPLES) return undefined;
  const first = timestamps[start] ?? 0;
  const guess = medianDelta(timestamps, start, end);
  if (guess < 2) return undefined;
  const places = placesBetween(timestamps, start, end, guess);
  const step = Math.round(((timestamps[end - 1] ?? 0) - first) / places);
  let min = 0;
  let max = 0;
  let place = 0;
  const gaps: number[] = [];
  for (let i = start + 1; i < end; i++) {
    const sinceFirst = (timestamps[i] ?? 0) - first;
    const next = Math.round(sinceFirst / step);
    if (next <= place) return undefined;
    if (next > place + 1) {
      gaps.push(i, next - place - 1);
      if (gaps.length > count / 4) return undefined;
    }
    place = next;
    const deviation = sinceFirst - place * step;
    if (deviation < min) min = deviation;
    if (deviation > max) max = deviation;
  }
  const bits = 32 - Math.clz32(max - min);
  return bits > MAX_BITS ? undefined : { step, minDeviation: min, bits, gaps };
}

/** The middle one of some differences, wherever they are. */
function medianDelta(timestamps: Float64Array, start: number, end: number): number {
  const stride = Math.max(1, Math.floor((end - start - 1) / PROBES));
  const deltas: number[] = [];
  for (let i = start + 1; i < end; i += stride) {
    deltas.push((timestamps[i] ?? 0) - (timestamps[i - 1] ?? 0));
  }
  deltas.sort((a, b) => a - b);
  return deltas[deltas.length >> 1] ?? 0;
}

/** How many steps of about so long there are from the first to the last timestamp. */
function placesBetween(timestamps: Float64Array, start: number, end: number, step: number): number {
  let places = 0;
  for (let i = start + 1; i < end; i++) {
    places += Math.max(1, Math.round(((timestamps[i] ?? 0) - (timestamps[i - 1] ?? 0)) / step));
  }
  return places;
}
