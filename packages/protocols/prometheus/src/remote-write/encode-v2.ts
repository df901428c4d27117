import { type Labels, METRIC_NAME, type MetricMetadata } from '@dwcp/core';

import { writeHistogram } from './encode-histogram.ts';
import { writeSamples } from './encode-samples.ts';
import { familyNameOf, wireOfMetricType } from './metadata.ts';
import { type RemoteWriteSeries } from './types.ts';
import { type WireWriter } from './wire-writer.ts';

/**
 * Writes an io.prometheus.write.v2.Request: its symbols to one writer and its series to the other, as
 * the symbols come first and are known last. There metadata stand in a series, so those of no series
 * are not sent.
 */
export function writeRequest2(
  symbolWriter: WireWriter,
  writer: WireWriter,
  series: readonly RemoteWriteSeries[],
  metadata: readonly MetricMetadata[],
): void {
  const symbols = new Symbols();
  const families = new Map(metadata.map((one) => [one.name, one]));
  for (const one of series) writeSeries(writer, symbols, one, families);
  for (const text of symbols.texts) symbolWriter.string(0x22, text);
}

/** Each string once; the first is the empty one. */
class Symbols {
  readonly #refs = new Map<string, number>([['', 0]]);

  get texts(): Iterable<string> {
    return this.#refs.keys();
  }

  ref(text: string): number {
    const known = this.#refs.get(text);
    if (known !== undefined) return known;
    const ref = this.#refs.size;
    this.#refs.set(text, ref);
    return ref;
  }

  refs(labels: Labels): number[] {
    return labels.flat.map((text) => this.ref(text));
  }
}

function writeSeries(
  writer: WireWriter,
  symbols: Symbols,
  series: RemoteWriteSeries,
  families: ReadonlyMap<string, MetricMetadata>,
): void {
  const opened = writer.open(0x2a);
  writer.packedUints(0x0a, symbols.refs(series.labels));
  writeSamples(writer, 0x12, series);
  for (const [index, histogram] of series.histograms?.entries() ?? []) {
    if (histogram === undefined) continue;
    writeHistogram(writer, 0x1a, series.timestamps[index] ?? 0, histogram);
  }
  for (const { labels, value, unixMs } of series.exemplars ?? []) {
    const exemplar = writer.open(0x22);
    writer.packedUints(0x0a, symbols.refs(labels));
    writer.double(0x11, value);
    writer.int64(0x18, unixMs ?? 0);
    writer.close(exemplar);
  }
  const metadata = series.metadata ?? familyOf(series.labels.get(METRIC_NAME), families);
  if (metadata !== undefined) {
    const message = writer.open(0x2a);
    writer.uint(0x08, wireOfMetricType(metadata.type));
    writer.uint(0x18, symbols.ref(metadata.help));
    writer.uint(0x20, symbols.ref(metadata.unit));
    writer.close(message);
  }
  writer.close(opened);
}

const SUFFIX = /_(?:bucket|sum|count|gsum|gcount|total|info)$/;

/** The family a metric belongs to: by its own name, or by that without the suffix its type gives it. */
function familyOf(
  metricName: string,
  families: ReadonlyMap<string, MetricMetadata>,
): MetricMetadata | undefined {
  const own = families.get(metricName);
  if (own !== undefined || families.size === 0) return own;
  const suffix = SUFFIX.exec(metricName)?.[0];
  if (suffix === undefined) return undefined;
  const family = families.get(metricName.slice(0, -suffix.length));
  if (family === undefined) return undefined;
  if (suffix === '_total') return family.type === 'counter' ? family : undefined;
  if (suffix === '_info') return family.type === 'info' ? family : undefined;
  return familyNameOf(metricName, family.type) === family.name ? family : undefined;
}
