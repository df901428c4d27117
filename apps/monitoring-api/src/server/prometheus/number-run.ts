/** Numbers that are made text in one go. */
export const RUN = 256;
/** A power of two: numbers of which the text is kept, each at the place that its bits give. */
const KEPT = 2_048;
const KEPT_SHIFT = 32 - Math.log2(KEPT);
/** Where nearly none was known, so many runs are not looked up. */
const BLIND_RUNS = 7;
/** The longest is 25 long. */
const TEXT_BYTES = 32;
/** A large odd number, which spreads the bits. */
const SPREAD = 0x9e3779b1;

const COMMA = 0x2c;
const CLOSE = 0x5d;

/**
 * JSON of numbers as bytes. The engine writes an array of numbers several times quicker than each of
 * them as a string; and since many values come again and again (gauges that stand still, rates of
 * counters that grow by small steps), the text of those seen last is kept. It makes one run at a time.
 */
export class NumberRun {
  readonly #known = new Float64Array(KEPT).fill(Number.NaN);
  readonly #texts = new Uint8Array(KEPT * TEXT_BYTES);
  readonly #textView = new DataView(this.#texts.buffer);
  readonly #lengths = new Uint8Array(KEPT);
  /** For each of the run its place among the kept. */
  readonly #places = new Uint16Array(RUN);
  readonly #isNew = new Uint8Array(RUN);
  readonly #new = numbers(RUN);
  readonly #fresh = Buffer.allocUnsafe(RUN * TEXT_BYTES);
  #count = 0;
  #next = 0;
  #freshAt = 0;
  /** Whether this run is not looked up, and how many more are not. */
  #isBlind = false;
  #blindRuns = 0;

  /** Takes up to `RUN` numbers, from `start` on, none of which is NaN, infinite or -0. */
  take(values: Float64Array, start: number, end: number): void {
    // Texts that nobody asked for are not among the kept.
    if (this.#next < this.#count) this.#known.fill(Number.NaN);
    this.#count = end - start;
    this.#next = 0;
    this.#freshAt = 1;
    this.#isBlind = this.#blindRuns > 0;
    const newCount = this.#isBlind ? this.#takeBlindly(values, start) : this.#lookUp(values, start);
    if (newCount === 0) return;
    const fresh = newCount === RUN ? this.#new : this.#new.slice(0, newCount);
    this.#fresh.write(JSON.stringify(fresh), 0, 'latin1');
  }

  /** How many are new. */
  #lookUp(values: Float64Array, start: number): number {
    const count = this.#count;
    const words = new Uint32Array(values.buffer, values.byteOffset + start * 8, count * 2);
    let newCount = 0;
    for (let i = 0; i < count; i++) {
      const value = values[start + i] ?? 0;
      const bits = (words[i * 2] ?? 0) ^ Math.imul(words[i * 2 + 1] ?? 0, SPREAD);
      const place = Math.imul(bits, SPREAD) >>> KEPT_SHIFT;
      this.#places[i] = place;
      if (this.#known[place] === value) {
        this.#isNew[i] = 0;
        continue;
      }
      // Its text is put there in the same order, before it is looked for.
      this.#known[place] = value;
      this.#isNew[i] = 1;
      this.#new[newCount++] = value;
    }
    if (newCount * 8 > count * 7) this.#blindRuns = BLIND_RUNS;
    return newCount;
  }

  #takeBlindly(values: Float64Array, start: number): number {
    this.#blindRuns--;
    for (let i = 0; i < this.#count; i++) this.#new[i] = values[start + i] ?? 0;
    return this.#count;
  }

  /**
   * Writes the next number of the run, and up to three bytes of anything behind it.
   * @returns the place behind the number
   */
  write(target: DataView, start: number): number {
    const i = this.#next++;
    if (this.#isBlind) return this.#copy(target, start);
    const place = this.#places[i] ?? 0;
    const from = place * TEXT_BYTES;
    const length = this.#isNew[i] === 0 ? (this.#lengths[place] ?? 0) : this.#keep(place, from);
    const text = this.#textView;
    for (let k = 0; k < length; k += 4) {
      target.setUint32(start + k, text.getUint32(from + k));
    }
    return start + length;
  }

  #copy(target: DataView, start: number): number {
    const fresh = this.#fresh;
    let from = this.#freshAt;
    let at = start;
    for (let byte = fresh[from++] ?? 0; byte !== COMMA && byte !== CLOSE;) {
      target.setUint8(at++, byte);
      byte = fresh[from++] ?? 0;
    }
    this.#freshAt = from;
    return at;
  }

  /** Puts the text of the next new number among the kept; returns its length. */
  #keep(place: number, from: number): number {
    const fresh = this.#fresh;
    const texts = this.#texts;
    let at = this.#freshAt;
    let length = 0;
    for (let byte = fresh[at++] ?? 0; byte !== COMMA && byte !== CLOSE; byte = fresh[at++] ?? 0) {
      texts[from + length++] = byte;
    }
    this.#freshAt = at;
    this.#lengths[place] = length;
    return length;
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, () => 0.5);
}
