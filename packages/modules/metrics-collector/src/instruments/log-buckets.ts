/**
 * How far a quantile may be from the true value, as a part of it: 1 %.
 * Also the distance between the buckets' middles.
 */
export const RELATIVE_ERROR = 0.01;

/** Buckets grow by this factor, so that every value is within the error of its bucket's middle. */
const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const PER_LOG = 1 / Math.log(GROWTH);

/** Smaller absolute values count as zero. */
const SMALLEST = 1e-12;

/** Buckets of one sign, about: at 1 % they span 17 powers of ten. */
const MAX_BUCKETS = 2_048;
const FLOOR_STEP = 64;
const SLACK = 16;

/** The bucket of an absolute value. */
function bucketOf(size: number): number {
  return Math.ceil(Math.log(size) * PER_LOG);
}

/** The value in a bucket that is within the error of all others there. */
function middleOf(bucket: number): number {
  return (2 * GROWTH ** bucket) / (GROWTH + 1);
}

/** Counts by bucket in a dense window that grows with what is seen. */
class DenseCounts {
  #counts = new Uint32Array(0);
  /** The bucket of `#counts[0]`. */
  #first = 0;
  #highest = -Infinity;
  /**
   * What lies below is counted here. It follows from the highest bucket ever seen alone, so one that
   * has seen all that another one has folds at least as high, and can take back its counts.
   */
  #floor = -Infinity;
  total = 0;

  add(bucket: number): void {
    if (bucket > this.#highest) this.#raise(bucket);
    const target = Math.max(bucket, this.#floor);
    let at = target - this.#first;
    if (at < 0 || at >= this.#counts.length) {
      this.#makeRoom(target);
      at = target - this.#first;
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.total++;
  }

  /** @param other what was added there was added here too */
  subtract(other: DenseCounts): void {
    for (let i = 0; i < other.#counts.length; i++) {
      const count = other.#counts[i] ?? 0;
      if (count === 0) continue;
      const at = Math.max(other.#first + i, this.#floor) - this.#first;
      this.#counts[at] = (this.#counts[at] ?? 0) - count;
    }
    this.total -= other.total;
  }

  clear(): void {
    this.#counts.fill(0);
    this.total = 0;
  }

  /** The bucket of the value at a rank from 0, counted from the smallest, or from the largest. */
  bucketAt(rank: number, from: 'smallest' | 'largest'): number {
    const { length } = this.#counts;
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const at = from === 'smallest' ? i : length - 1 - i;
      seen += this.#counts[at] ?? 0;
      if (seen > rank) return this.#first + at;
    }
    return this.#first;
  }

  #raise(highest: number): void {
    this.#highest = highest;
    const floor = Math.ceil((highest - MAX_BUCKETS) / FLOOR_STEP) * FLOOR_STEP;
    if (floor <= this.#floor) return;
    this.#floor = floor;
    if (this.#counts.length > 0 && floor > this.#first) this.#makeRoom(highest);
  }

  /** Moves the counts to an array that has a place for the bucket, folding what is below the floor. */
  #makeRoom(bucket: number): void {
    const old = this.#counts;
    const oldFirst = this.#first;
    const low = old.length === 0 ? bucket : Math.min(oldFirst, bucket);
    const high = old.length === 0 ? bucket : Math.max(oldFirst + old.length - 1, bucket);
    // Some slack, so that a drifting range does not copy each time.
    this.#first = Math.max(this.#floor, low - SLACK);
    this.#counts = new Uint32Array(Math.min(high, this.#highest) + SLACK - this.#first + 1);
    for (let i = 0; i < old.length; i++) {
      const count = old[i] ?? 0;
      if (count === 0) continue;
      const at = Math.max(oldFirst + i, this.#floor) - this.#first;
      this.#counts[at] = (this.#counts[at] ?? 0) + count;
    }
  }
}

/**
 * A quantile sketch: the value it gives for a quantile is within 1 % of the true one, whatever the
 * distribution, as long as values span fewer than 17 powers of ten (below that span, the smallest
 * are counted together). It is DDSketch with collapsing lowest buckets, counted in dense arrays.
 * @see https://www.vldb.org/pvldb/vol12/p2195-masson.pdf
 */
export class LogBuckets {
  readonly #positive = new DenseCounts();
  readonly #negative = new DenseCounts();
  #zeros = 0;

  get count(): number {
    return this.#positive.total + this.#negative.total + this.#zeros;
  }

  /** @param value finite */
  add(value: number): void {
    const size = Math.abs(value);
    if (size < SMALLEST) this.#zeros++;
    else (value > 0 ? this.#positive : this.#negative).add(bucketOf(size));
  }

  /** Takes back what was added to another one and to this. */
  subtract(other: LogBuckets): void {
    this.#positive.subtract(other.#positive);
    this.#negative.subtract(other.#negative);
    this.#zeros -= other.#zeros;
  }

  clear(): void {
    this.#positive.clear();
    this.#negative.clear();
    this.#zeros = 0;
  }

  /** @param q in [0, 1] @returns NaN when nothing was added */
  quantile(q: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.floor(q * (this.count - 1));
    const negatives = this.#negative.total;
    if (rank < negatives) return -middleOf(this.#negative.bucketAt(rank, 'largest'));
    if (rank < negatives + this.#zeros) return 0;
    return middleOf(this.#positive.bucketAt(rank - negatives - this.#zeros, 'smallest'));
  }
}
