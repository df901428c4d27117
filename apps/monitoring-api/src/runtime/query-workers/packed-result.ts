import {
  Labels,
  type NativeHistogram,
  type QueryResult,
  type QueryStats,
  type QueryValue,
  type Series,
  type VectorSample,
} from '@dwcp/core';
import { TimedTurns } from '@dwcp/metric-store';

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
  /** `Labels.key` of each element, some hundreds joined in a string: few strings are quick to send. */
  readonly keys: readonly string[];
  readonly timestamps: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  /** By position in the columns, which few have. */
  readonly histograms: readonly (readonly [number, NativeHistogram])[];
}

/** In a key, what follows U+00FE is 0 or 1. */
const KEY_END = '\xfe2';
const KEYS_PER_STRING = 512;
/** How long unpacking may hold the event loop at a stretch. */
const STRETCH_MS = 10;

export function packResult({ value, warnings, infos, stats }: QueryResult): PackedResult {
  return { value: packValue(value), warnings, infos, stats };
}

/**
 * The result again; others have their turn meanwhile.
 * @throws what the signal was aborted with
 */
export async function unpackResult(
  { value, warnings, infos, stats }: PackedResult,
  signal?: AbortSignal,
): Promise<QueryResult> {
  const result = { value: await unpackValue(value, signal), warnings, infos };
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
        keys: joinKeys(samples),
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
  return { kind: 'matrix', keys: joinKeys(series), counts, timestamps, values, histograms };
}

function joinKeys(elements: readonly { readonly labels: Labels }[]): readonly string[] {
  const keys: string[] = [];
  for (let from = 0; from < elements.length; from += KEYS_PER_STRING) {
    const some = elements.slice(from, from + KEYS_PER_STRING);
    keys.push(some.map(({ labels }) => labels.key).join(KEY_END));
  }
  return keys;
}

async function unpackValue(
  value: PackedValue,
  signal: AbortSignal | undefined,
): Promise<QueryValue> {
  switch (value.kind) {
    case 'scalar':
    case 'string':
      return value;
    case 'vector': {
      const samples: VectorSample[] = [];
      const histograms = new Map(value.histograms);
      await eachLabels(value.keys, signal, (labels, i) => {
        const sample = { labels, unixMs: value.timestamps[i] ?? 0, value: value.values[i] ?? 0 };
        const histogram = histograms.get(i);
        samples.push(histogram === undefined ? sample : { ...sample, histogram });
      });
      return { kind: 'vector', samples };
    }
    case 'matrix': {
      const series: Series[] = [];
      const histograms = new Map(value.histograms);
      let end = 0;
      await eachLabels(value.keys, signal, (labels, place) => {
        const start = end;
        end += value.counts[place] ?? 0;
        const one = {
          labels,
          timestamps: value.timestamps.subarray(start, end),
          values: value.values.subarray(start, end),
        };
        const own =
          histograms.size === 0 ? [] : Array.from(one.values, (_, i) => histograms.get(start + i));
        const hasSome = own.some((histogram) => histogram !== undefined);
        series.push(hasSome ? { ...one, histograms: own } : one);
      });
      return { kind: 'matrix', series };
    }
  }
}

async function eachLabels(
  keys: readonly string[],
  signal: AbortSignal | undefined,
  visit: (labels: Labels, place: number) => void,
): Promise<void> {
  const turns = new TimedTurns(STRETCH_MS, signal);
  let place = 0;
  for (const some of keys) {
    for (const key of some.split(KEY_END)) visit(Labels.fromKey(key), place++);
    if (turns.isDue) await turns.take();
  }
}
