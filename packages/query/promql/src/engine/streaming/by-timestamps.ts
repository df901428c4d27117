/** What is kept, the timestamps included. */
const LIMIT_BYTES = 8 * 1_048_576;

/** So few timestamps are compared before views of their bytes are made. */
const FEW = 64;

interface Kept<Made> {
  readonly timestamps: Float64Array;
  readonly made: Made;
}

/**
 * What depends on the timestamps of a series alone, made once for all that have the same: the series
 * of one target do, and the targets of a metric take turns. The least recently used is dropped.
 */
export class ByTimestamps<Made> {
  readonly #make: (timestamps: Float64Array) => Made;
  readonly #bytesEach: number;
  readonly #kept = new Map<number, Kept<Made>>();
  /** Used last. */
  #last: Kept<Made> | undefined;
  #sizeBytes = 0;

  /**
   * @param make its argument stays as it is
   * @param bytesEach memory of what is made, about
   */
  constructor(make: (timestamps: Float64Array) => Made, bytesEach: number) {
    this.#make = make;
    this.#bytesEach = bytesEach;
  }

  of(timestamps: Float64Array): Made {
    if (this.#last !== undefined && areEqual(this.#last.timestamps, timestamps)) {
      return this.#last.made;
    }
    const key = hashOf(timestamps);
    const known = this.#kept.get(key);
    if (known !== undefined) {
      // A Map keeps the order of insertion: the first key is the one unused for longest.
      this.#kept.delete(key);
      if (areEqual(known.timestamps, timestamps)) {
        this.#kept.set(key, known);
        this.#last = known;
        return known.made;
      }
      this.#sizeBytes -= this.#bytesOf(known);
    }
    const own = timestamps.slice();
    const kept = { timestamps: own, made: this.#make(own) };
    this.#kept.set(key, kept);
    this.#last = kept;
    this.#sizeBytes += this.#bytesOf(kept);
    this.#dropOldest();
    return kept.made;
  }

  #dropOldest(): void {
    for (const [key, kept] of this.#kept) {
      if (this.#sizeBytes <= LIMIT_BYTES || this.#kept.size === 1) return;
      this.#kept.delete(key);
      this.#sizeBytes -= this.#bytesOf(kept);
    }
  }

  #bytesOf({ timestamps }: Kept<Made>): number {
    return timestamps.byteLength + this.#bytesEach;
  }
}

function hashOf(timestamps: Float64Array): number {
  const { length } = timestamps;
  return (timestamps[0] ?? 0) + 3 * (timestamps[length - 1] ?? 0) + length;
}

function areEqual(a: Float64Array, b: Float64Array): boolean {
  const { length } = a;
  if (length !== b.length || a[length - 1] !== b[length - 1] || a[0] !== b[0]) return false;
  if (length <= FEW) {
    for (let i = 1; i < length - 1; i++) if (a[i] !== b[i]) return false;
    return true;
  }
  // By their bytes, several times quicker than one by one.
  return (
    Buffer.compare(
      new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
      new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
    ) === 0
  );
}

/**
 * For each of some ascending moments, the position of the first timestamp after it; looked for from
 * where it probably is: the next one is likely to be as many further.
 * @param shiftMs is added to each moment
 */
export function firstsAfter(
  timestamps: Float64Array,
  momentsMs: Float64Array,
  shiftMs: number,
): Int32Array {
  const positions = new Int32Array(momentsMs.length);
  const { length } = timestamps;
  let at = 0;
  let stride = 0;
  for (let step = 0; step < positions.length; step++) {
    const unixMs = (momentsMs[step] ?? 0) + shiftMs;
    const before = at;
    at = Math.min(at + stride, length);
    while (at > 0 && (timestamps[at - 1] ?? 0) > unixMs) at--;
    while (at < length && (timestamps[at] ?? 0) <= unixMs) at++;
    stride = at - before;
    positions[step] = at;
  }
  return positions;
}
