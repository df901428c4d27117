import {
  type AppendResult,
  compileMatchers,
  type Labels,
  type MetricStore,
  type NativeHistogram,
  type SampleBatch,
  type Series,
  type SeriesQuery,
} from '@dwcp/core';

/** Samples of a test in memory: the input series as far as time has come, and what rules write. */
export class TestStore implements Pick<MetricStore, 'append' | 'select'> {
  readonly #series = new Map<string, GrowingSeries>();
  readonly #inputs: readonly { readonly series: Series; shown: number }[];

  constructor(inputs: readonly Series[]) {
    this.#inputs = inputs.map((series) => ({ series, shown: 0 }));
  }

  /** Shows the samples of input series up to a moment, that one included. */
  showUntil(unixMs: number): void {
    for (const input of this.#inputs) {
      const { labels, timestamps, values, histograms } = input.series;
      const growing = this.#of(labels);
      for (; (timestamps[input.shown] ?? Infinity) <= unixMs; input.shown++) {
        const at = input.shown;
        growing.add(timestamps[at] ?? 0, values.subarray(at, at + 1), histograms?.[at]);
      }
    }
  }

  /** Of two samples of a series at one time the first counts, without a word, as in Prometheus. */
  async append(batch: SampleBatch): Promise<AppendResult> {
    for (const [row, labels] of batch.labels.entries()) {
      this.#of(labels).add(
        batch.timestamps[row] ?? 0,
        batch.values.subarray(row, row + 1),
        batch.histograms?.[row],
      );
    }
    return { appended: batch.labels.length, rejected: {} };
  }

  async select({ matchers, startUnixMs, endUnixMs }: SeriesQuery): Promise<readonly Series[]> {
    const matches = compileMatchers(matchers);
    const found: Series[] = [];
    for (const series of this.#series.values()) {
      if (!matches(series.labels)) continue;
      const part = series.between(startUnixMs, endUnixMs);
      if (part !== undefined) found.push(part);
    }
    return found.sort((a, b) => a.labels.compare(b.labels));
  }

  #of(labels: Labels): GrowingSeries {
    const known = this.#series.get(labels.key);
    if (known !== undefined) return known;
    const series = new GrowingSeries(labels);
    this.#series.set(labels.key, series);
    return series;
  }
}

/** Samples of one series in ascending order of time; values as bits, for staleness markers. */
class GrowingSeries {
  readonly labels: Labels;
  #size = 0;
  #timestamps = new Float64Array(16);
  #values = new Float64Array(16);
  readonly #histograms: (NativeHistogram | undefined)[] = [];
  #hasHistograms = false;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  add(unixMs: number, value: Float64Array, histogram: NativeHistogram | undefined): void {
    if (this.#size > 0 && unixMs <= (this.#timestamps[this.#size - 1] ?? 0)) return;
    if (this.#size === this.#timestamps.length) {
      this.#timestamps = doubled(this.#timestamps);
      this.#values = doubled(this.#values);
    }
    this.#timestamps[this.#size] = unixMs;
    this.#values.set(value, this.#size);
    this.#histograms.push(histogram);
    this.#hasHistograms ||= histogram !== undefined;
    this.#size++;
  }

  between(startUnixMs: number, endUnixMs: number): Series | undefined {
    const from = this.#firstAtOrAfter(startUnixMs);
    const to = this.#firstAtOrAfter(endUnixMs + 1);
    if (from === to) return undefined;
    return {
      labels: this.labels,
      timestamps: this.#timestamps.slice(from, to),
      values: this.#values.slice(from, to),
      ...(this.#hasHistograms ? { histograms: this.#histograms.slice(from, to) } : {}),
    };
  }

  #firstAtOrAfter(unixMs: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timestamps[middle] ?? 0) < unixMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(array.length * 2);
  twice.set(array);
  return twice;
}
