import { isDeepStrictEqual } from 'node:util';

import { type Labels, type NativeHistogram } from '@dwcp/core';

/** A sample by its bits, which tell 0 from -0 and a staleness marker from a NaN. */
export interface SampleBits {
  readonly unixMs: number;
  readonly low: number;
  readonly high: number;
  readonly histogram: NativeHistogram | undefined;
}

export function sameSample(a: SampleBits, b: SampleBits): boolean {
  if (a.histogram !== undefined || b.histogram !== undefined) {
    return a.unixMs === b.unixMs && isDeepStrictEqual(a.histogram, b.histogram);
  }
  return a.unixMs === b.unixMs && a.low === b.low && a.high === b.high;
}

/**
 * The newest sample written to each series. Bounded by two generations: when the young one has
 * half the series it becomes the old one, and what nobody asked for meanwhile is forgotten.
 */
export class NewestSamples {
  readonly #generationSize: number;
  #young = new Map<string, SampleBits>();
  #old = new Map<string, SampleBits>();
  #forgottenCount = 0;

  constructor(maxSeries: number) {
    this.#generationSize = Math.max(1, Math.floor(maxSeries / 2));
  }

  /** Series forgotten since the start. */
  get forgottenCount(): number {
    return this.#forgottenCount;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(labels: Labels): SampleBits | undefined {
    const { key } = labels;
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#put(key, old);
    return old;
  }

  /** Remembers a written sample, unless a newer one is known. */
  set(labels: Labels, sample: SampleBits): void {
    const known = this.get(labels);
    if (known === undefined || sample.unixMs >= known.unixMs) this.#put(labels.key, sample);
  }

  #put(key: string, sample: SampleBits): void {
    this.#old.delete(key);
    this.#young.set(key, sample);
    if (this.#young.size < this.#generationSize) return;
    this.#forgottenCount += this.#old.size;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
