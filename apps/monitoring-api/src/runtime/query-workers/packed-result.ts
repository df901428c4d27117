import {
  Labels,
  type NativeHistogram,
  type QueryResult,
  type QueryStats,
  type QueryValue,
  type Series,
  type VectorSample,
} from '@dwcp/core';

/** A result as a few typed arrays, which change their owner on the way between threads. */
export interface PackedResult {
  readonly value: PackedValue;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats | undefined;
}

type PackedValue =
  | Extract<QueryValue, { readonly kind: 'scalar' | 'string' }>
  | (Columns & { readonly kind: 'vector' })
  /** Series one behind the other. */
  | (Columns & { readonly kind: 'matrix'; readonly counts: Uint32Array<ArrayBuffer> });

interface Columns {
  /** `Labels.key` of each element. */
  readonly keys: readonly string[];
  readonly timestamps: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  /** By position in the columns, which few have. */
  readonly histograms: readonly (readonly [number, NativeHistogram])[];
}

export function packResult({ value, warnings, infos, stats }: QueryResult): PackedResult {
  return { value: packValue(value), warnings, infos, stats };
}

export function unpackResult({ value, warnings, infos, stats }: PackedResult): QueryResult {
  const result = { value: unpackValue(value), warnings, infos };
  return stats === undefined ? result : { ...result, stats: { ...stats, onWorker: true } };
}

/** What changes its owner. */
export function buffersOf({ value }: PackedResult): readonly ArrayBuffer[] {
  switch (value.kind) {
    case 'scalar':
    case 'string':
      return [];
    case 'vector':
      return [value.timestamps.buffer, value.values.buffer];
    case 'matrix':
      return [value.timestamps.buffer, value.values.buffer, value.counts.buffer];
  }
}

function packValue(value: QueryValue): PackedValue {
  switch (value.kind) {
    case 'scalar':
    case 'string':
      return value;
    case 'vector': {
      const { samples } = value;
      return {
        kind: 'vector',
        keys: samples.map(({ labels }) => labels.key),
        timestamps: Float64Array.from(samples, ({ unixMs }) => unixMs),
        values: Float64Array.from(samples, (sample) => sample.value),
        histograms: samples.flatMap(({ histogram }, i) =>
          histogram === undefined ? [] : [[i, histogram] as const],
        ),
      };
    }
    case 'matrix':
      return packMatrix(value.series);
  }
}

function packMatrix(series: readonly Series[]): PackedValue {
  const counts = Uint32Array.from(series, ({ timestamps }) => timestamps.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const timestamps = new Float64Array(total);
  const values = new Float64Array(total);
  const histograms: [number, NativeHistogram][] = [];
  let at = 0;
  for (const one of series) {
    timestamps.set(one.timestamps, at);
    values.set(one.values, at);
    for (const [i, histogram] of one.histograms?.entries() ?? []) {
      if (histogram !== undefined) histograms.push([at + i, histogram]);
    }
    at += one.timestamps.length;
  }
  const keys = series.map(({ labels }) => labels.key);
  return { kind: 'matrix', keys, counts, timestamps, values, histograms };
}

function unpackValue(value: PackedValue): QueryValue {
  switch (value.kind) {
    case 'scalar':
    case 'string':
      return value;
    case 'vector': {
      const histograms = new Map(value.histograms);
      return {
        kind: 'vector',
        samples: value.keys.map((key, i): VectorSample => {
          const sample = {
            labels: Labels.fromKey(key),
            unixMs: value.timestamps[i] ?? 0,
            value: value.values[i] ?? 0,
          };
          const histogram = histograms.get(i);
          return histogram === undefined ? sample : { ...sample, histogram };
        }),
      };
    }
    case 'matrix': {
      const histograms = new Map(value.histograms);
      let end = 0;
      const series = value.keys.map((key, place): Series => {
        const start = end;
        end += value.counts[place] ?? 0;
        const one = {
          labels: Labels.fromKey(key),
          timestamps: value.timestamps.subarray(start, end),
          values: value.values.subarray(start, end),
        };
        if (histograms.size === 0) return one;
        const own = Array.from(one.values, (_, i) => histograms.get(start + i));
        return own.every((histogram) => histogram === undefined)
          ? one
          : { ...one, histograms: own };
      });
      return { kind: 'matrix', series };
    }
  }
}
