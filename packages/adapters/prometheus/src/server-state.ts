import {
  compareUtf8,
  type MetricMetadata,
  type MetricStoreStats,
  type MetricType,
} from '@dwcp/core';
import { parseExposition } from '@dwcp/protocol-prometheus';

import { isRecord } from './prometheus-server.ts';

const TYPES: ReadonlySet<string> = new Set<MetricType>([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
]);

/** What `/api/v1/metadata` tells: of each metric the first of what its targets say. */
export function metadataOf(data: unknown): readonly MetricMetadata[] {
  if (!isRecord(data)) return [];
  return Object.entries(data)
    .flatMap(([name, said]) => {
      const first: unknown = Array.isArray(said) ? said[0] : undefined;
      if (!isRecord(first)) return [];
      const { type, help, unit } = first;
      const known = typeof type === 'string' && TYPES.has(type) ? (type as MetricType) : 'unknown';
      return [{ name, type: known, help: text(help), unit: text(unit) }];
    })
    .sort((a, b) => compareUtf8(a.name, b.name));
}

/** Nothing known: counts are NaN, times are absent. */
export const UNKNOWN_STATS: MetricStoreStats = {
  seriesCount: Number.NaN,
  headSampleCount: Number.NaN,
  blockCount: Number.NaN,
  sizeBytes: Number.NaN,
  oldestUnixMs: undefined,
  newestUnixMs: undefined,
};

/** What Prometheus tells of its storage in its own metrics. */
export function prometheusStats(exposition: string): MetricStoreStats {
  const values = ownMetrics(exposition);
  return {
    ...UNKNOWN_STATS,
    seriesCount: values.get('prometheus_tsdb_head_series') ?? Number.NaN,
    blockCount: values.get('prometheus_tsdb_blocks_loaded') ?? Number.NaN,
    sizeBytes: values.get('prometheus_tsdb_storage_blocks_bytes') ?? Number.NaN,
    oldestUnixMs: moment(values.get('prometheus_tsdb_lowest_timestamp') ?? Number.NaN),
    newestUnixMs: moment(values.get('prometheus_tsdb_head_max_time') ?? Number.NaN),
  };
}

/** What VictoriaMetrics tells of its storage: the size of its files. */
export function victoriaMetricsStats(exposition: string, seriesCount: number): MetricStoreStats {
  return {
    ...UNKNOWN_STATS,
    seriesCount,
    sizeBytes: ownMetrics(exposition).get('vm_data_size_bytes') ?? Number.NaN,
  };
}

function ownMetrics(exposition: string): ReadonlyMap<string, number> {
  const { samples } = parseExposition(exposition, { format: 'text' });
  const sums = new Map<string, number>();
  for (const { labels, value } of samples) {
    sums.set(labels.metricName, (sums.get(labels.metricName) ?? 0) + value);
  }
  return sums;
}

/** An empty head has the least and the greatest number for its bounds. */
function moment(unixMs: number): number | undefined {
  return Math.abs(unixMs) < 2 ** 53 ? unixMs : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
