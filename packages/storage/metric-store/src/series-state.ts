/**
 * What changes with every sample of a series, as columns by series id: one object per series and
 * sample would be the collector's work. A series has a newest durable sample, and one that was
 * promised its place while it is on its way to the log (the claim); without one on its way they are
 * the same.
 */
export class SeriesState {
  newestUnixMs = new Float64Array(FIRST_CAPACITY);
  /** The newest sample's value, or a digest of its histogram: low word, high word, low word, ... */
  newestWords = new Uint32Array(FIRST_CAPACITY * 2);
  newestIsHistogram = new Uint8Array(FIRST_CAPACITY);
  claimedUnixMs = new Float64Array(FIRST_CAPACITY);
  claimedWords = new Uint32Array(FIRST_CAPACITY * 2);
  claimedIsHistogram = new Uint8Array(FIRST_CAPACITY);
  /** Samples on their way to the log. */
  pending = new Int32Array(FIRST_CAPACITY);
  /** The log segment that has the labels under this id. */
  definedInSegment = new Int32Array(FIRST_CAPACITY);
  /** Another number each time the id is given to a series or taken from one. */
  generation = new Int32Array(FIRST_CAPACITY);

  /** Makes a place for a new series. */
  begin(id: number): void {
    if (id >= this.pending.length) this.#grow(id);
    this.newestUnixMs[id] = Number.NEGATIVE_INFINITY;
    this.claimedUnixMs[id] = Number.NEGATIVE_INFINITY;
    this.pending[id] = 0;
    this.definedInSegment[id] = 0;
    this.generation[id] = (this.generation[id] ?? 0) + 1;
  }

  /** The id's series is gone; what remembers the id must not find another one under it. */
  end(id: number): void {
    this.generation[id] = (this.generation[id] ?? 0) + 1;
  }

  setNewest(id: number, unixMs: number, low: number, high: number, isHistogram: boolean): void {
    this.newestUnixMs[id] = unixMs;
    this.newestWords[id * 2] = low;
    this.newestWords[id * 2 + 1] = high;
    this.newestIsHistogram[id] = isHistogram ? 1 : 0;
    if (this.pending[id] === 0) this.forgetClaim(id);
  }

  claim(id: number, unixMs: number, low: number, high: number, isHistogram: boolean): void {
    this.claimedUnixMs[id] = unixMs;
    this.claimedWords[id * 2] = low;
    this.claimedWords[id * 2 + 1] = high;
    this.claimedIsHistogram[id] = isHistogram ? 1 : 0;
  }

  isClaimed(id: number, low: number, high: number, isHistogram: boolean): boolean {
    return (
      this.claimedWords[id * 2] === low &&
      this.claimedWords[id * 2 + 1] === high &&
      (this.claimedIsHistogram[id] === 1) === isHistogram
    );
  }

  forgetClaim(id: number): void {
    this.claimedUnixMs[id] = this.newestUnixMs[id] ?? Number.NEGATIVE_INFINITY;
    this.claimedWords[id * 2] = this.newestWords[id * 2] ?? 0;
    this.claimedWords[id * 2 + 1] = this.newestWords[id * 2 + 1] ?? 0;
    this.claimedIsHistogram[id] = this.newestIsHistogram[id] ?? 0;
  }

  #grow(id: number): void {
    const capacity = Math.max(id + 1, this.pending.length * 2);
    this.newestUnixMs = grown(this.newestUnixMs, new Float64Array(capacity));
    this.newestWords = grown(this.newestWords, new Uint32Array(capacity * 2));
    this.newestIsHistogram = grown(this.newestIsHistogram, new Uint8Array(capacity));
    this.claimedUnixMs = grown(this.claimedUnixMs, new Float64Array(capacity));
    this.claimedWords = grown(this.claimedWords, new Uint32Array(capacity * 2));
    this.claimedIsHistogram = grown(this.claimedIsHistogram, new Uint8Array(capacity));
    this.pending = grown(this.pending, new Int32Array(capacity));
    this.definedInSegment = grown(this.definedInSegment, new Int32Array(capacity));
    this.generation = grown(this.generation, new Int32Array(capacity));
  }
}

const FIRST_CAPACITY = 1_024;

type Column = Float64Array | Uint32Array | Int32Array | Uint8Array;

/** A larger column with what a smaller one has. */
export function grown<Kind extends Column>(from: Kind, into: Kind): Kind {
  into.set(from);
  return into;
}
