/** What is kept, the timestamps included. */
const LIMIT_BYTES = 8 * 1_048_576;

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
    const key = hashOf(timestamps);
    const known = this.#kept.get(key);
    if (known !== undefined) {
      // A Map keeps the order of insertion: the first key is the one unused for longest.
      this.#kept.delete(key);
      if (areEqual(known.timestamps, timestamps)) {
        this.#kept.set(key, known);
        return known.made;
      }
      this.#sizeBytes -= this.#bytesOf(known);
    }
    const own = timestamps.slice();
    const kept = { timestamps: own, made: this.#make(own) };
    this.#kept.set(key, kept);
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

/** By their bytes, several times quicker than one by one. */
function areEqual(a: Float64Array, b: Float64Array): boolean {
  return (
    Buffer.compare(
      new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
      new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
    ) === 0
  );
}

/**
 * The position of the first timestamp after a moment, looked for from where it probably is.
 * @param guess any position; the nearer, the quicker
 */
export function firstAfter(timestamps: Float64Array, unixMs: number, guess: number): number {
  const { length } = timestamps;
  let at = Math.min(guess, length);
  while (at > 0 && (timestamps[at - 1] ?? 0) > unixMs) at--;
  while (at < length && (timestamps[at] ?? 0) <= unixMs) at++;
  return at;
}
