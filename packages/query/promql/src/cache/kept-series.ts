import { type NativeHistogram, type Series } from '@dwcp/core';

/** The points of some series from one time to another, both included; views where they can be. */
export function between(
  series: readonly Series[],
  fromUnixMs: number,
  toUnixMs: number,
): readonly Series[] {
  return series.flatMap((one) => {
    const from = firstAtOrAfter(one.timestamps, fromUnixMs);
    const to = firstAtOrAfter(one.timestamps, toUnixMs + 1);
    if (from >= to) return [];
    if (from === 0 && to === one.timestamps.length) return [one];
    const { labels, histograms } = one;
    const timestamps = one.timestamps.subarray(from, to);
    const values = one.values.subarray(from, to);
    const own = histograms?.slice(from, to);
    return own === undefined || own.every((histogram) => histogram === undefined)
      ? [{ labels, timestamps, values }]
      : [{ labels, timestamps, values, histograms: own }];
  });
}

/** The series of several parts, each part later than the one before; sorted by labels. */
export function joined(parts: readonly (readonly Series[])[]): readonly Series[] {
  const filled = parts.filter((part) => part.length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  const byLabels = new Map<string, Series[]>();
  for (const series of filled.flat()) {
    const own = byLabels.get(series.labels.key);
    if (own === undefined) byLabels.set(series.labels.key, [series]);
    else own.push(series);
  }
  return [...byLabels.values()].map(concatenated).sort((a, b) => a.labels.compare(b.labels));
}

/** About how much memory some series take, in bytes. */
export function sizeOf(series: readonly Series[]): number {
  let bytes = 0;
  for (const { labels, timestamps, histograms } of series) {
    bytes += 256 + labels.key.length * 2 + timestamps.length * 16;
    if (histograms === undefined) continue;
    for (const histogram of histograms) {
      if (histogram === undefined) continue;
      const { positiveBuckets, negativeBuckets } = histogram;
      bytes += 256 + (positiveBuckets.length + negativeBuckets.length) * 8;
    }
  }
  return bytes;
}

function concatenated(parts: readonly Series[]): Series {
  const [first] = parts;
  if (first === undefined) throw new Error('a series has at least one part');
  if (parts.length === 1) return first;
  const size = parts.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
  const timestamps = new Float64Array(size);
  const values = new Float64Array(size);
  const histograms: (NativeHistogram | undefined)[] = Array.from({ length: size });
  let at = 0;
  for (const part of parts) {
    timestamps.set(part.timestamps, at);
    values.set(part.values, at);
    part.histograms?.forEach((histogram, i) => {
      histograms[at + i] = histogram;
    });
    at += part.timestamps.length;
  }
  const { labels } = first;
  return parts.some((part) => part.histograms !== undefined)
    ? { labels, timestamps, values, histograms }
    : { labels, timestamps, values };
}

function firstAtOrAfter(timestamps: Float64Array, unixMs: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timestamps[middle] ?? 0) >= unixMs) high = middle;
    else low = middle + 1;
  }
  return low;
}
