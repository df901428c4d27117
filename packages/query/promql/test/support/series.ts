import { Labels, type QueryResult, setStale } from '@dwcp/core';
import { PromqlEngine, type PromqlEngineOptions } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';

/** Samples as `[seconds, value]`; the value 'stale' is the staleness marker. */
export type Point = readonly [number, number | 'stale'];

export interface Bench {
  readonly store: MemoryMetricStore;
  readonly engine: PromqlEngine;
}

/** An engine over some series, by name and labels: `{ 'up{job="a"}': [[0, 1]] }` in short form. */
export function engineOver(
  series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly points: readonly Point[];
  }[],
  options: Partial<PromqlEngineOptions> = {},
): Bench {
  const store = new MemoryMetricStore();
  for (const { labels, points } of series) {
    const values = new Float64Array(points.length);
    for (const [i, [, value]] of points.entries()) {
      if (value === 'stale') setStale(values, i);
      else values[i] = value;
    }
    store.put({
      labels: Labels.from(labels),
      timestamps: Float64Array.from(points, ([seconds]) => seconds * 1000),
      values,
    });
  }
  return { store, engine: new PromqlEngine({ store, clock: new ManualClock(), ...options }) };
}

/** The elements of an instant vector, by labels. */
export function elements({ value }: QueryResult): Record<string, number> {
  if (value.kind !== 'vector') throw new Error(`got a ${value.kind}`);
  return Object.fromEntries(value.samples.map(({ labels, value: v }) => [labels.toString(), v]));
}

/** The points of a matrix as `[seconds, value]`, by labels. */
export function points({ value }: QueryResult): Record<string, [number, number][]> {
  if (value.kind !== 'matrix') throw new Error(`got a ${value.kind}`);
  return Object.fromEntries(
    value.series.map(({ labels, timestamps, values }) => [
      labels.toString(),
      Array.from(timestamps, (unixMs, i) => [unixMs / 1000, values[i] ?? 0] as [number, number]),
    ]),
  );
}
