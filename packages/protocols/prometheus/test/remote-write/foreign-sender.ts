import { Labels, type MetricMetadata, type NativeHistogram } from '@dwcp/core';
import { type RemoteWriteSeries } from '@dwcp/protocol-prometheus';
import { expect } from 'vitest';

import { bitsOf, collectMessage, type Seen } from './collect.ts';
import { writeRequest2 } from './oracle.ts';

export const T = 1_760_000_000_000;
export type Record_ = Readonly<Record<string, string>>;

export interface SentSeries {
  readonly labels: Record_;
  readonly samples?: readonly (readonly [value: number, offsetMs?: number])[];
  readonly histograms?: readonly object[];
  readonly exemplars?: readonly {
    readonly labels: Record_;
    readonly value: number;
    readonly offsetMs?: number;
  }[];
  readonly metadata?: { readonly type: number; readonly help?: string; readonly unit?: string };
  readonly startMs?: number;
}

export function send(...series: readonly SentSeries[]): Seen {
  const symbols = [''];
  const ref = (text: string): number => {
    const known = symbols.indexOf(text);
    return known >= 0 ? known : symbols.push(text) - 1;
  };
  const refs = (labels: Record_): number[] => Labels.from(labels).flat.map(ref);
  const timeseries = series.map((one) => ({
    // An empty value must reach the receiver, so these are not cleaned.
    labels_refs: Object.entries(one.labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flat()
      .map(ref),
    samples: (one.samples ?? []).map(([value, offsetMs = 0]) => ({
      value,
      timestamp: T + offsetMs,
      ...(one.startMs === undefined ? {} : { start_timestamp: one.startMs }),
    })),
    histograms: one.histograms ?? [],
    exemplars: (one.exemplars ?? []).map(({ labels, value, offsetMs = 0 }) => ({
      labels_refs: refs(labels),
      value,
      timestamp: T + offsetMs,
    })),
    ...(one.metadata === undefined
      ? {}
      : {
          metadata: {
            type: one.metadata.type,
            help_ref: ref(one.metadata.help ?? ''),
            unit_ref: ref(one.metadata.unit ?? ''),
          },
        }),
  }));
  return collectMessage(writeRequest2.encode({ symbols, timeseries }), '2.0');
}

export interface Parts {
  readonly positive?: boolean;
  readonly negative?: boolean;
  readonly zero?: boolean;
  readonly custom?: boolean;
  readonly badCount?: boolean;
}

export function histogram(
  sum: number,
  { positive, negative, zero, custom, badCount }: Parts,
): object {
  const sides = (positive === true ? 6 : 0) + (negative === true ? 6 : 0);
  const count =
    (custom === true ? 6 : sides) + (zero === true ? 2 : 0) + (badCount === true ? 100 : 0);
  const side = { spans: [{ offset: 0, length: 3 }], deltas: [1, 1, 1] };
  return {
    count_int: count,
    sum,
    schema: custom === true ? -53 : 0,
    zero_threshold: custom === true ? 0 : 0.001,
    zero_count_int: zero === true ? 2 : 0,
    positive_spans: positive === true || custom === true ? side.spans : [],
    positive_deltas: positive === true || custom === true ? side.deltas : [],
    negative_spans: negative === true ? side.spans : [],
    negative_deltas: negative === true ? side.deltas : [],
    custom_values: custom === true ? [0.1, 0.5, 1] : [],
    timestamp: T,
  };
}

export const name = (metric: string, labels: Record_ = {}): Record_ => ({
  __name__: metric,
  ...labels,
});
export const trace = (id: string, rest: Record_ = {}): Record_ => ({ trace_id: id, ...rest });

/** What was received, as counts. */
export function counts(
  seen: Seen,
): readonly [samples: number, histograms: number, exemplars: number, metadata: number] {
  const sum = (count: (one: Seen['series'][number]) => number): number =>
    seen.series.reduce((total, one) => total + count(one), 0);
  expect(seen.invalid).toEqual([]);
  return [
    sum(({ samples }) => samples.length),
    sum(({ histograms }) => histograms.length),
    sum(({ exemplars }) => exemplars.length),
    seen.metadata.length,
  ];
}

export function exemplarIsRead(metric: Record_, labels: Record_, value: number): void {
  const seen = send({ labels: metric, samples: [[value]], exemplars: [{ labels, value }] });
  expect(counts(seen)).toEqual([1, 0, 1, 0]);
  expect(seen.series[0]?.exemplars).toEqual([{ labels: Labels.from(labels), value, unixMs: T }]);
}

export function metadataIs(
  metric: string,
  type: number,
  expected: Partial<MetricMetadata>,
  texts: { help?: string; unit?: string } = {},
): void {
  const { help = '', unit = '' } = texts;
  const seen = send({ labels: name(metric), samples: [[1]], metadata: { type, help, unit } });
  expect(counts(seen)).toEqual([1, 0, 0, 1]);
  expect(seen.metadata).toMatchObject([{ name: metric, help, unit, ...expected }]);
}

export function histogramIsRead(parts: Parts, expected: Partial<NativeHistogram>): void {
  const seen = send({ labels: name('test_histogram'), histograms: [histogram(1, parts)] });
  expect(counts(seen)).toEqual([0, 1, 0, 0]);
  expect(seen.series[0]?.histograms[0]?.[1]).toMatchObject({ sum: 1, ...expected });
}

export function isRefused(labels: Record_, rest: Partial<SentSeries>, problem: string): void {
  const seen = send({ labels, ...rest });
  expect(seen.series).toEqual([]);
  expect(seen.metadata).toEqual([]);
  expect(seen.invalid.join()).toContain(problem);
}

export const SPECIAL = [1, Number.NaN, Infinity, -Infinity];

export function sampleIsRead(labels: Record_): void {
  for (const value of SPECIAL) {
    const [series] = send({ labels, samples: [[value]] }).series;
    expect(series?.labels.toObject()).toEqual(labels);
    expect(series?.samples).toEqual([[T, bitsOf(value)]]);
  }
}

/** A series of one sample, for what we send ourselves. */
export function row(labels: Record_, rest: Partial<RemoteWriteSeries> = {}): RemoteWriteSeries {
  return {
    labels: Labels.from(labels),
    timestamps: Float64Array.of(T),
    values: Float64Array.of(1),
    ...rest,
  };
}
