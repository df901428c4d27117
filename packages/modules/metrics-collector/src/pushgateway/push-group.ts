import { type LabelValues, type MetricMetadata } from '@dwcp/core';

import { formatGoFloat } from '../exposition/numbers.ts';

export type LabelPair = readonly [name: string, value: string];

export type PushMetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

/** A bucket's upper bound and cumulative count, or a quantile and its value. */
export type PushPoint = readonly [bound: number, value: number];

/** One metric of a family. Labels are sorted by name; empty values are kept, as Pushgateway does. */
export type PushMetric =
  | { readonly labels: readonly LabelPair[]; readonly value: number }
  | {
      readonly labels: readonly LabelPair[];
      readonly points: readonly PushPoint[];
      readonly sum: number;
      readonly count: number;
    };

export interface PushFamily {
  readonly name: string;
  readonly type: PushMetricType;
  readonly help: string;
  /** When it was pushed; a POST leaves the other families of its group as they are. */
  readonly pushedUnixMs: number;
  readonly metrics: readonly PushMetric[];
}

/** What was pushed under one grouping key. Never changed, only replaced. */
export interface PushGroup {
  readonly labels: readonly LabelPair[];
  /** The last push that was taken; 0 when none was. */
  readonly pushedUnixMs: number;
  /** The last push that was refused as inconsistent or over a limit; 0 when none was. */
  readonly failedUnixMs: number;
  readonly families: readonly PushFamily[];
}

/** A sample as the exposition and the store get it. */
export interface PushSample {
  readonly name: string;
  readonly labels: LabelValues;
  readonly value: number;
}

export const PUSH_TIME = 'push_time_seconds';
export const PUSH_FAILURE_TIME = 'push_failure_time_seconds';

/** Groups and families never change, and their samples are asked for at every collection. */
const ownOf = new WeakMap<PushGroup, readonly PushFamily[]>();
const samplesByFamily = new WeakMap<PushFamily, readonly PushSample[]>();

/** The two gauges that every group has, in Pushgateway's words. */
export function ownFamilies(group: PushGroup): readonly PushFamily[] {
  let families = ownOf.get(group);
  if (families === undefined) ownOf.set(group, (families = makeOwnFamilies(group)));
  return families;
}

function makeOwnFamilies(group: PushGroup): readonly PushFamily[] {
  const metric = (unixMs: number): PushFamily['metrics'] => [
    { labels: withInstance(group.labels), value: unixMs / 1_000 },
  ];
  const pushedUnixMs = Math.max(group.pushedUnixMs, group.failedUnixMs);
  return [
    {
      name: PUSH_FAILURE_TIME,
      type: 'gauge',
      help: 'Last Unix time when changing this group in the Pushgateway failed.',
      pushedUnixMs,
      metrics: metric(group.failedUnixMs),
    },
    {
      name: PUSH_TIME,
      type: 'gauge',
      help: 'Last Unix time when changing this group in the Pushgateway succeeded.',
      pushedUnixMs,
      metrics: metric(group.pushedUnixMs),
    },
  ];
}

/** An `instance` label, empty if need be: it keeps a scraping server from putting its own there. */
export function withInstance(labels: readonly LabelPair[]): readonly LabelPair[] {
  if (labels.some(([name]) => name === 'instance')) return labels;
  const at = labels.findIndex(([name]) => name > 'instance');
  return labels.toSpliced(at < 0 ? labels.length : at, 0, ['instance', '']);
}

/**
 * A family as samples. A histogram without a `+Inf` bucket gets one with its count, as Pushgateway
 * writes it.
 */
export function samplesOf(family: PushFamily): readonly PushSample[] {
  let samples = samplesByFamily.get(family);
  if (samples === undefined) samplesByFamily.set(family, (samples = makeSamples(family)));
  return samples;
}

function makeSamples({ name, type, metrics }: PushFamily): readonly PushSample[] {
  const samples: PushSample[] = [];
  for (const metric of metrics) {
    const labels = Object.fromEntries(metric.labels);
    if ('value' in metric) {
      samples.push({ name, labels, value: metric.value });
      continue;
    }
    const { points, sum, count } = metric;
    const isHistogram = type === 'histogram';
    const pointName = isHistogram ? `${name}_bucket` : name;
    const bound = isHistogram ? 'le' : 'quantile';
    const add = (at: number, value: number): void => {
      samples.push({ name: pointName, labels: { ...labels, [bound]: formatGoFloat(at) }, value });
    };
    for (const [at, value] of points) add(at, value);
    if (isHistogram && !points.some(([at]) => at === Infinity)) add(Infinity, count);
    samples.push({ name: `${name}_sum`, labels, value: sum });
    samples.push({ name: `${name}_count`, labels, value: count });
  }
  return samples;
}

export function metadataOf({ name, type, help }: PushFamily): MetricMetadata {
  return { name, type: type === 'untyped' ? 'unknown' : type, help, unit: '' };
}
