import { type Labels } from './labels.ts';
import { type NativeHistogram } from './native-histogram.ts';

/**
 * One series' samples, oldest first, as columns of equal length.
 *
 * Values are kept in typed arrays because the staleness marker is a NaN with a bit pattern of its
 * own, which a plain array of numbers would lose.
 */
export interface Series {
  readonly labels: Labels;
  /** Unix milliseconds, strictly ascending. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Native histograms by position; where one stands, `values` has an ordinary NaN. */
  readonly histograms?: readonly (NativeHistogram | undefined)[];
  /**
   * When what each sample counts began to be counted, in Unix milliseconds; 0 where that is not
   * known. Without it no start is known.
   */
  readonly startTimestamps?: Float64Array;
}

/** Samples of many series as rows by position: row i is `labels[i]`, `timestamps[i]`, `values[i]`. */
export interface SampleBatch {
  readonly labels: readonly Labels[];
  /** Unix milliseconds. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Native histograms by position; where one stands, the row's value is ignored. */
  readonly histograms?: readonly (NativeHistogram | undefined)[];
  readonly exemplars?: readonly SeriesExemplar[];
}

/** A measured value that points at the trace it was seen in. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly unixMs?: number;
}

/** An exemplar and the series it belongs to. */
export interface SeriesExemplar {
  readonly series: Labels;
  readonly exemplar: Exemplar;
}

const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 2;

/** An array holding Prometheus' staleness marker, the NaN 0x7ff0000000000002. */
function makeStale(): Float64Array {
  const words = new Uint32Array([STALE_LOW, STALE_HIGH]);
  return new Float64Array(words.buffer);
}

const stale = makeStale();

/** Writes the staleness marker at a position. */
export function setStale(values: Float64Array, index: number): void {
  values.set(stale, index);
}

/**
 * Whether the value at a position is the staleness marker, judged by its bits: to `Number.isNaN`
 * it is a NaN like any other.
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers
 */
export function isStale(values: Float64Array, index: number): boolean {
  const value = values[index];
  if (value === undefined || value === value) return false;
  const words = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  return words[0] === STALE_LOW && words[1] === STALE_HIGH;
}

/** Collects rows into a batch. */
export class SampleBatchBuilder {
  readonly #labels: Labels[] = [];
  #timestamps = new Float64Array(64);
  #values = new Float64Array(64);
  #histograms: (NativeHistogram | undefined)[] | undefined;
  #exemplars: SeriesExemplar[] | undefined;

  get size(): number {
    return this.#labels.length;
  }

  add(labels: Labels, unixMs: number, value: number): void {
    const index = this.#grow(labels, unixMs);
    this.#values[index] = value;
  }

  addStale(labels: Labels, unixMs: number): void {
    const index = this.#grow(labels, unixMs);
    setStale(this.#values, index);
  }

  addHistogram(labels: Labels, unixMs: number, histogram: NativeHistogram): void {
    const index = this.#grow(labels, unixMs);
    this.#values[index] = Number.NaN;
    this.#histograms ??= [];
    this.#histograms[index] = histogram;
  }

  addExemplar(series: Labels, exemplar: Exemplar): void {
    this.#exemplars ??= [];
    this.#exemplars.push({ series, exemplar });
  }

  build(): SampleBatch {
    const size = this.#labels.length;
    const batch = {
      labels: this.#labels,
      timestamps: this.#timestamps.subarray(0, size),
      values: this.#values.subarray(0, size),
      ...(this.#exemplars === undefined ? {} : { exemplars: this.#exemplars }),
    };
    if (this.#histograms === undefined) return batch;
    return { ...batch, histograms: Array.from({ length: size }, (_, i) => this.#histograms?.[i]) };
  }

  #grow(labels: Labels, unixMs: number): number {
    const index = this.#labels.length;
    if (index === this.#values.length) {
      const timestamps = new Float64Array(index * 2);
      timestamps.set(this.#timestamps);
      this.#timestamps = timestamps;
      const values = new Float64Array(index * 2);
      values.set(this.#values);
      this.#values = values;
    }
    this.#labels.push(labels);
    this.#timestamps[index] = unixMs;
    return index;
  }
}
