import {
  isLegacyLabelName,
  isLegacyMetricName,
  METRIC_NAME,
  type MetricMetadata,
  type MetricType,
} from '@dwcp/core';

import { type ExpositionFormat } from './format.ts';
import { type ExpositionSample } from './parse.ts';

/** A metric with all its samples, whose labels carry the full sample name as `__name__`. */
export interface MetricFamily {
  readonly metadata: MetricMetadata;
  readonly samples: readonly ExpositionSample[];
}

interface Section {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
  readonly samples: readonly ExpositionSample[];
}

/** In which order the samples of one metric point stand. */
const SUFFIX_ORDER = ['', '_bucket', '_sum', '_gsum', '_count', '_gcount', '_total', '_created'];

/**
 * Writes families in Prometheus text 0.0.4 or OpenMetrics 1.0. Samples of one metric are put
 * together, in order of time, with buckets and quantiles ascending and before sum and count.
 *
 * The formats do not know the same: the text format gets no units and exemplars, counters under
 * their `_total` name, `info` and `stateset` as gauges; OpenMetrics gets a counter without `_total`
 * as `unknown`. A family without samples is left out. Families must not share a name.
 */
export function writeExposition(
  families: Iterable<MetricFamily>,
  format: ExpositionFormat,
): string {
  const parts: string[] = [];
  for (const family of families) {
    if (family.samples.length === 0) continue;
    const sections = format === 'text' ? textSections(family) : openMetricsSections(family);
    for (const section of sections) writeSection(parts, section, format);
  }
  if (format === 'openmetrics') parts.push('# EOF\n');
  return parts.join('');
}

/** OpenMetrics' own sample kinds become gauges of their own after the family. */
function textSections({ metadata, samples }: MetricFamily): Section[] {
  const { name, help } = metadata;
  const inFamily: ExpositionSample[] = [];
  const apart = new Map<string, ExpositionSample[]>();
  for (const sample of samples) {
    const sampleName = sample.labels.metricName;
    const suffix = sampleName.startsWith(name) ? sampleName.slice(name.length) : '';
    const isGauge =
      (suffix === '_created' && metadata.type !== 'gauge' && metadata.type !== 'unknown') ||
      (metadata.type === 'gaugehistogram' && suffix !== '_bucket');
    if (!isGauge) inFamily.push(sample);
    else apart.set(sampleName, [...(apart.get(sampleName) ?? []), sample]);
  }
  const [type, familyName] = textType(metadata, inFamily);
  const sections: Section[] = [];
  if (inFamily.length > 0) {
    sections.push({ name: familyName, type, help, unit: '', samples: ordered(name, inFamily) });
  }
  for (const [gauge, gauges] of apart) {
    sections.push({ name: gauge, type: 'gauge', help, unit: '', samples: ordered(gauge, gauges) });
  }
  return sections;
}

function textType(
  { name, type }: MetricMetadata,
  samples: readonly ExpositionSample[],
): readonly [type: string, name: string] {
  const named = (suffix: string): string =>
    samples.every(({ labels }) => labels.metricName === name + suffix) ? name + suffix : name;
  switch (type) {
    case 'counter':
      return ['counter', named('_total')];
    case 'info':
      return ['gauge', named('_info')];
    case 'stateset':
      return ['gauge', name];
    case 'gaugehistogram':
      return ['histogram', name];
    case 'unknown':
      return ['untyped', name];
    case 'gauge':
    case 'histogram':
    case 'summary':
      return [type, name];
  }
}

function openMetricsSections({ metadata, samples }: MetricFamily): Section[] {
  const { help, unit } = metadata;
  let { name } = metadata;
  let type: MetricType = metadata.type;
  const suffix = type === 'counter' ? '_total' : type === 'info' ? '_info' : '';
  if (suffix !== '') {
    // Names from the text format carry the suffix already.
    if (name.endsWith(suffix)) name = name.slice(0, -suffix.length);
    const fits = samples.every(
      ({ labels: { metricName } }) =>
        metricName === name + suffix || (type === 'counter' && metricName === `${name}_created`),
    );
    if (!fits) {
      type = 'unknown';
      ({ name } = metadata);
    }
  }
  const validUnit = name.endsWith(`_${unit}`) && type !== 'info' && type !== 'stateset';
  return [{ name, type, help, unit: validUnit ? unit : '', samples: ordered(name, samples) }];
}

function writeSection(parts: string[], section: Section, format: ExpositionFormat): void {
  const { name, type, help, unit, samples } = section;
  const shownName = isLegacyMetricName(name) ? name : quote(name);
  if (help !== '') parts.push(`# HELP ${shownName} ${escapeHelp(help, format)}\n`);
  parts.push(`# TYPE ${shownName} ${type}\n`);
  if (unit !== '' && format === 'openmetrics') parts.push(`# UNIT ${shownName} ${unit}\n`);
  for (const { labels, value, unixMs, exemplar } of samples) {
    parts.push(writeSeries(labels), ' ', writeFloat(value));
    if (unixMs !== undefined) parts.push(' ', writeTimestamp(unixMs, format));
    if (exemplar !== undefined && format === 'openmetrics') {
      parts.push(' # ', writeSeries(exemplar.labels) || '{}', ' ', writeFloat(exemplar.value));
      if (exemplar.unixMs !== undefined) parts.push(' ', writeTimestamp(exemplar.unixMs, format));
    }
    parts.push('\n');
  }
}

/** Groups in order of appearance; within a group by time, then as SUFFIX_ORDER and bounds say. */
function ordered(name: string, samples: readonly ExpositionSample[]): readonly ExpositionSample[] {
  const groups = new Map<string, number>();
  return samples
    .map((sample) => {
      const { labels, unixMs } = sample;
      const key = labels.without([METRIC_NAME, 'le', 'quantile']).key;
      const group = groups.get(key) ?? groups.size;
      groups.set(key, group);
      const suffix = SUFFIX_ORDER.indexOf(labels.metricName.slice(name.length));
      const bound = Number(
        (labels.get('le') || labels.get('quantile')).replace('+Inf', 'Infinity'),
      );
      return { sample, rank: [group, unixMs ?? -Infinity, suffix, bound] };
    })
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map(({ sample }) => sample);
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? 0;
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return 0;
}

/** `name{a="b"}`, and the name in quotes inside the braces when it is not of the classic form. */
function writeSeries(labels: ExpositionSample['labels']): string {
  const name = labels.metricName;
  const legacy = name === '' || isLegacyMetricName(name);
  const parts = legacy ? [] : [quote(name)];
  for (const [label, value] of labels) {
    if (label === METRIC_NAME) continue;
    parts.push(`${isLegacyLabelName(label) ? label : quote(label)}=${quote(value)}`);
  }
  const head = legacy ? name : '';
  return parts.length === 0 ? head : `${head}{${parts.join(',')}}`;
}

function quote(text: string): string {
  return `"${escapeQuoted(text)}"`;
}

function escapeQuoted(text: string): string {
  if (!/[\\"\n]/.test(text)) return text;
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string, format: ExpositionFormat): string {
  if (format === 'openmetrics') return escapeQuoted(text);
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function writeFloat(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function writeTimestamp(unixMs: number, format: ExpositionFormat): string {
  return String(format === 'text' ? Math.round(unixMs) : unixMs / 1_000);
}
