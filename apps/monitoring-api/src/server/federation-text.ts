import {
  compareUtf8,
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  METRIC_NAME,
  type MetricMetadata,
  type MetricType,
} from '@dwcp/core';

import { formatValue } from './prometheus/numbers.ts';

/** The latest sample of a series. */
export interface FederatedSample {
  readonly labels: Labels;
  readonly unixMs: number;
  readonly value: number;
}

const TEXT_TYPES: Readonly<Record<MetricType, string>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  info: 'gauge',
  stateset: 'gauge',
  gaugehistogram: 'histogram',
  unknown: 'untyped',
};

interface Family {
  readonly name: string;
  readonly type: string;
  readonly samples: FederatedSample[];
}

/**
 * Samples as Prometheus text 0.0.4 with timestamps: families by name, in them series by name and
 * labels. A series without `instance` gets an empty one, as Prometheus does it, so that a server
 * that federates with `honor_labels` does not put its own there.
 */
export function writeFederation(
  samples: Iterable<FederatedSample>,
  metadata: readonly MetricMetadata[],
): string {
  const types = new Map(metadata.map(({ name, type }) => [name, type]));
  const families = new Map<string, Family>();
  for (const sample of samples) {
    const name = sample.labels.metricName;
    // Nameless series have no place in an exposition; Prometheus leaves them out too.
    if (name === '') continue;
    const [familyName, type] = familyOf(name, types);
    let family = families.get(familyName);
    if (family === undefined) {
      families.set(familyName, (family = { name: familyName, type, samples: [] }));
    }
    family.samples.push(sample);
  }
  const parts: string[] = [];
  for (const family of [...families.values()].sort((a, b) => compareUtf8(a.name, b.name))) {
    parts.push(`# TYPE ${isLegacyMetricName(family.name) ? family.name : quote(family.name)} `);
    parts.push(`${family.type}\n`);
    for (const { labels, unixMs, value } of family.samples.sort(bySeries)) {
      parts.push(`${writeSeries(labels)} ${formatValue(value)} ${unixMs}\n`);
    }
  }
  return parts.join('');
}

/** The family of a sample by what is known of metrics; one of its own where nothing is. */
function familyOf(
  name: string,
  types: ReadonlyMap<string, MetricType>,
): readonly [name: string, type: string] {
  const known = types.get(name);
  if (known !== undefined) return [name, TEXT_TYPES[known]];
  const base = name.replace(/_(?:bucket|sum|count|gsum|gcount)$/, '');
  const composite = base === name ? undefined : types.get(base);
  if (composite === 'histogram' || composite === 'gaugehistogram') return [base, 'histogram'];
  if (composite === 'summary' && !name.endsWith('_bucket')) return [base, 'summary'];
  // OpenMetrics knows a counter by its name without the suffix, and an info likewise.
  if (types.get(name.replace(/_total$/, '')) === 'counter') return [name, 'counter'];
  if (types.get(name.replace(/_info$/, '')) === 'info') return [name, 'gauge'];
  return [name, 'untyped'];
}

function bySeries(a: FederatedSample, b: FederatedSample): number {
  return compareUtf8(a.labels.metricName, b.labels.metricName) || a.labels.compare(b.labels);
}

function writeSeries(labels: Labels): string {
  const name = labels.metricName;
  const isLegacy = isLegacyMetricName(name);
  const parts = isLegacy ? [] : [quote(name)];
  for (const [label, value] of labels) {
    if (label === METRIC_NAME) continue;
    parts.push(`${isLegacyLabelName(label) ? label : quote(label)}=${quote(value)}`);
  }
  if (!labels.has('instance')) parts.push('instance=""');
  return `${isLegacy ? name : ''}{${parts.join(',')}}`;
}

function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
