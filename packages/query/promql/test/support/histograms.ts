import { Labels, type NativeHistogram, type QueryResult } from '@dwcp/core';
import { PromqlEngine, readHistogram } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';

export type Sample = number | NativeHistogram;

/** A histogram in the notation of acceptance scripts, without the braces. */
export function h(text: string): NativeHistogram {
  return readHistogram(text).histogram;
}

export interface MixedSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** At 0, `stepMs`, twice that and so on. */
  readonly samples: readonly Sample[];
  readonly stepMs?: number;
  /** When each sample's counter began, 0 where that is not known. */
  readonly starts?: readonly number[];
}

/** An engine over series of floats and histograms. */
export function engineOverMixed(...series: readonly MixedSeries[]): PromqlEngine {
  const store = new MemoryMetricStore();
  for (const { labels, samples, stepMs = 60_000, starts } of series) {
    store.put({
      labels: Labels.from(labels),
      timestamps: Float64Array.from(samples, (_, i) => i * stepMs),
      values: Float64Array.from(samples, (sample) =>
        typeof sample === 'number' ? sample : Number.NaN,
      ),
      histograms: samples.map((sample) => (typeof sample === 'number' ? undefined : sample)),
      ...(starts === undefined ? {} : { startTimestamps: Float64Array.from(starts) }),
    });
  }
  return new PromqlEngine({ store, clock: new ManualClock() });
}

/** The one element of an instant vector; undefined when there is none. */
export function only({ value }: QueryResult): Sample | undefined {
  if (value.kind !== 'vector') throw new Error(`got a ${value.kind}`);
  if (value.samples.length > 1) throw new Error(`got ${value.samples.length} elements`);
  const [sample] = value.samples;
  return sample?.histogram ?? sample?.value;
}
