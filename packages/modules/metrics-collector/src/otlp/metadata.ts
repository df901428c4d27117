import { type MetricMetadata, type MetricType } from '@dwcp/core';
import { type OtlpMetric } from '@dwcp/protocol-otlp';

import { unitOf } from './names.ts';

/** Where a metric that once was Prometheus' keeps its type. */
const PROMETHEUS_TYPE = 'prometheus.type';

export const TARGET_INFO: MetricMetadata = {
  name: 'target_info',
  type: 'gauge',
  help: 'Target metadata',
  unit: '',
};

/** @param name of the family, with its suffixes, as Prometheus' OTLP receiver has it */
export function metadataOf(metric: OtlpMetric, name: string): MetricMetadata {
  return {
    name,
    type: typeOf(metric),
    help: metric.description.toWellFormed(),
    unit: unitOf(metric.unit),
  };
}

function typeOf(metric: OtlpMetric): MetricType {
  const was = metric.metadata[PROMETHEUS_TYPE];
  switch (metric.type) {
    case 'gauge':
      return was === 'unknown' ? 'unknown' : 'gauge';
    case 'sum':
      if (metric.isMonotonic) return 'counter';
      return was === 'info' || was === 'stateset' ? was : 'gauge';
    case 'histogram':
    case 'exponentialHistogram':
      return 'histogram';
    case 'summary':
      return 'summary';
    case 'none':
      return 'unknown';
  }
}
