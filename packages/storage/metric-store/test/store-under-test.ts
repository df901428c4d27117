import { Labels, type LabelMatcher, type SampleBatch, SampleBatchBuilder } from '@dwcp/core';
import { EmbeddedMetricStore, type EmbeddedMetricStoreOptions } from '@dwcp/metric-store';
import { ManualClock, rowsOf } from '@dwcp/testing';

/** What tests take for now: 2026-01-02T03:04:05Z. */
export const NOW = new ManualClock().nowUnixMs();

export const everything = {
  matchers: [] as readonly LabelMatcher[],
  startUnixMs: Number.NEGATIVE_INFINITY,
  endUnixMs: Number.POSITIVE_INFINITY,
};

export function openStore(
  dir: string,
  options: Partial<EmbeddedMetricStoreOptions> = {},
): Promise<EmbeddedMetricStore> {
  return EmbeddedMetricStore.open({ dir, clock: new ManualClock(), ...options });
}

type NamedSample = readonly [name: string, unixMs: number, value: number];

/** Rows as a batch. */
export function batch(...rows: readonly NamedSample[]): SampleBatch {
  return batchFrom(rows);
}

/** A second apart, from a moment on: the values 0, 1, 2, ... of each named series. */
export function ramp(names: readonly string[], startUnixMs: number, count: number): SampleBatch {
  const steps = Array.from({ length: count }, (_, i) => i);
  return batchFrom(names.flatMap((name) => steps.map((i) => [name, startUnixMs + i * 1_000, i])));
}

function batchFrom(rows: readonly NamedSample[]): SampleBatch {
  const builder = new SampleBatchBuilder();
  for (const [name, unixMs, value] of rows) {
    builder.add(Labels.from({ __name__: name, job: 'test' }), unixMs, value);
  }
  return builder.build();
}

/** All samples by metric name, as `[unixMs, bits]`. */
export async function contents(
  store: EmbeddedMetricStore,
): Promise<Record<string, readonly (readonly [number, string])[]>> {
  const series = await store.select(everything);
  return Object.fromEntries(
    series.map((one) => [one.labels.metricName, rowsOf(one).samples] as const),
  );
}

/** The values of one series as numbers. */
export async function valuesOf(store: EmbeddedMetricStore, name: string): Promise<number[]> {
  const matchers = [{ name: '__name__', operator: '=', value: name }] as const;
  const found = await store.select({ ...everything, matchers });
  return found.flatMap(({ values }) => [...values]);
}

/** All samples by metric name, as `[unixMs, value]`. */
export async function samplesOf(
  store: EmbeddedMetricStore,
): Promise<Record<string, readonly (readonly [number, number])[]>> {
  const series = await store.select(everything);
  return Object.fromEntries(
    series.map(({ labels, timestamps, values }) => [
      labels.metricName,
      [...timestamps].map((unixMs, i) => [unixMs, values[i] ?? Number.NaN] as const),
    ]),
  );
}
