/**
 * Tells whether a series has the timestamps of the one before. Series of one scrape have, and what
 * depends on timestamps alone is computed once for all of them.
 */
export class KnownTimestamps {
  #known = new Float64Array(0);
  #count = -1;

  /** Whether they differ from those of the call before, which they take the place of. */
  change(timestamps: Float64Array): boolean {
    const count = timestamps.length;
    if (count === this.#count && this.#areKnown(timestamps)) return false;
    if (count > this.#known.length) this.#known = new Float64Array(count * 2);
    this.#known.set(timestamps);
    this.#count = count;
    return true;
  }

  #areKnown(timestamps: Float64Array): boolean {
    const known = this.#known;
    // From the end, since series that begin together may not end together.
    for (let i = timestamps.length - 1; i >= 0; i--) if (known[i] !== timestamps[i]) return false;
    return true;
  }
}
