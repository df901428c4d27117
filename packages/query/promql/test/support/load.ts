import { type Labels, METRIC_NAME } from '@dwcp/core';
import { readNumber, samplesOfLine, type SequenceValue, type SeriesLine } from '@dwcp/promql';
import { type MemoryMetricStore } from '@dwcp/testing';

import { type Load } from './promql-script.ts';

/** Stores the samples of a `load`; value i of a line stands at `i * stepMs`. */
export function load(store: MemoryMetricStore, { series, stepMs, withCustomBuckets }: Load): void {
  // Of the same labels twice in one load the last line counts.
  const lines = new Map<string, SeriesLine>();
  let ownStarts: SeriesLine['startOffsetsMs'] | undefined;
  let commonStarts: SeriesLine['startOffsetsMs'] = [];
  for (const line of series) {
    const { labels, values, startOffsetsMs } = line;
    if (!line.isStartTimes) {
      const starts =
        ownStarts ?? values.map((_, i) => commonStarts[i % Math.max(1, commonStarts.length)]);
      lines.set(labels.key, { ...line, startOffsetsMs: starts });
      ownStarts = undefined;
    } else if (labels.size === 0) commonStarts = startOffsetsMs;
    else ownStarts = startOffsetsMs;
  }
  const loaded = withCustomBuckets
    ? [...lines.values(), ...customBucketSeries([...lines.values()])]
    : [...lines.values()];
  for (const line of loaded) {
    const samples = samplesOfLine(line, { stepMs });
    if (samples.timestamps.length > 0) store.put(samples);
  }
}

/** The parts of one classic histogram, position by position. */
interface ClassicParts {
  readonly labels: Labels;
  readonly buckets: { readonly le: number; readonly values: readonly SequenceValue[] }[];
  count?: readonly SequenceValue[];
  sum?: readonly SequenceValue[];
}

/** Native histograms with custom bounds out of the classic histograms among the lines. */
function customBucketSeries(lines: readonly SeriesLine[]): SeriesLine[] {
  const parts = new Map<string, ClassicParts>();
  for (const { labels, values } of lines) {
    const [, name = '', part] = /^(.*)_(bucket|count|sum)$/s.exec(labels.metricName) ?? [];
    if (part === undefined) continue;
    const base = labels.with({ [METRIC_NAME]: name, le: '' });
    const histogram = parts.get(base.key) ?? { labels: base, buckets: [] };
    if (part === 'bucket') {
      const le = boundOf(labels.get('le'));
      if (le === undefined) continue;
      histogram.buckets.push({ le, values });
    } else histogram[part === 'count' ? 'count' : 'sum'] = values;
    parts.set(base.key, histogram);
  }
  return [...parts.values()].map((histogram) => ({
    labels: histogram.labels,
    values: nativeValues(histogram),
    isStartTimes: false,
    startOffsetsMs: [],
  }));
}

function boundOf(text: string): number | undefined {
  try {
    const bound = readNumber(text);
    return Number.isNaN(bound) ? undefined : bound;
  } catch {
    return undefined;
  }
}

function nativeValues({ labels, buckets, count, sum }: ClassicParts): SequenceValue[] {
  const sorted = [...buckets].sort((a, b) => a.le - b.le);
  const length = Math.max(
    ...sorted.map(({ values }) => values.length),
    count?.length ?? 0,
    sum?.length ?? 0,
  );
  const float = (values: readonly SequenceValue[] | undefined, i: number): number | undefined => {
    const value = values?.[i];
    if (value?.kind === 'stale') return Number.NaN;
    return value?.kind === 'float' ? value.value : undefined;
  };
  return Array.from({ length }, (_, i) => {
    const present = sorted.flatMap(({ le, values }) => {
      const cumulative = float(values, i);
      return cumulative === undefined ? [] : [{ le, cumulative }];
    });
    const given = float(count, i);
    const total = given ?? present.at(-1)?.cumulative;
    const sumValue = float(sum, i);
    if (total === undefined) {
      if (sumValue === undefined) return { kind: 'missing' };
      throw new Error(`${labels.toString()}: a sum without count and buckets at ${i}`);
    }
    if (present.at(-1)?.le !== Infinity) present.push({ le: Infinity, cumulative: total });
    const positiveBuckets = present.map(
      ({ cumulative }, at) => cumulative - (present[at - 1]?.cumulative ?? 0),
    );
    if (positiveBuckets.some((bucket) => bucket < 0) || present.at(-1)?.cumulative !== total)
      if (!Number.isNaN(total))
        throw new Error(`${labels.toString()}: the buckets at ${i} do not add up to ${total}`);
    return {
      kind: 'histogram',
      histogram: {
        schema: -53,
        count: total,
        sum: sumValue ?? 0,
        zeroCount: 0,
        zeroThreshold: 0,
        positiveSpans: [{ offset: 0, length: positiveBuckets.length }],
        positiveBuckets,
        negativeSpans: [],
        negativeBuckets: [],
        customValues: present.slice(0, -1).map(({ le }) => le),
        counterResetHint: 'unknown',
      },
      statesHint: false,
    };
  });
}
