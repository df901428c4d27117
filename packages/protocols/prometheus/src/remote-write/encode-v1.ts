import { type Labels, type MetricMetadata } from '@dwcp/core';

import { writeHistogram } from './encode-histogram.ts';
import { writeSamples } from './encode-samples.ts';
import { wireOfMetricType } from './metadata.ts';
import { type RemoteWriteSeries } from './types.ts';
import { type WireWriter } from './wire-writer.ts';

/** Writes a prompb.WriteRequest. Metadata come once per family, after the series. */
export function writeRequest1(
  writer: WireWriter,
  series: readonly RemoteWriteSeries[],
  metadata: readonly MetricMetadata[],
): void {
  const families = new Map<string, MetricMetadata>();
  for (const one of metadata) families.set(one.name, one);
  for (const one of series) {
    writeSeries(writer, one);
    if (one.metadata !== undefined) families.set(one.metadata.name, one.metadata);
  }
  for (const family of families.values()) writeMetadata(writer, family);
}

/** Writes a TimeSeries as field 1, which it is in write requests and in what a read finds. */
export function writeSeries(writer: WireWriter, series: RemoteWriteSeries): void {
  const opened = writer.open(0x0a);
  writeLabels(writer, series.labels);
  writeSamples(writer, 0x12, series);
  for (const { labels, value, unixMs } of series.exemplars ?? []) {
    const exemplar = writer.open(0x1a);
    writeLabels(writer, labels);
    writer.double(0x11, value);
    writer.int64(0x18, unixMs ?? 0);
    writer.close(exemplar);
  }
  for (const [index, histogram] of series.histograms?.entries() ?? []) {
    if (histogram === undefined) continue;
    writeHistogram(writer, 0x22, series.timestamps[index] ?? 0, histogram);
  }
  writer.close(opened);
}

export function writeLabels(writer: WireWriter, labels: Labels): void {
  const { flat } = labels;
  for (let i = 0; i < flat.length; i += 2) {
    const opened = writer.open(0x0a);
    writer.string(0x0a, flat[i] ?? '');
    writer.string(0x12, flat[i + 1] ?? '');
    writer.close(opened);
  }
}

function writeMetadata(writer: WireWriter, { name, type, help, unit }: MetricMetadata): void {
  const opened = writer.open(0x1a);
  writer.uint(0x08, wireOfMetricType(type));
  writer.string(0x12, name);
  if (help !== '') writer.string(0x22, help);
  if (unit !== '') writer.string(0x2a, unit);
  writer.close(opened);
}
