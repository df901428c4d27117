import { isLegacyLabelName, isLegacyMetricName } from '@dwcp/core';

import { type ReadFamily } from './family-builder.ts';
import { ProtoError, ProtoMessage, readVarint } from './proto-fields.ts';
import { inconsistent, PushError } from './push-error.ts';
import { type LabelPair, type PushMetric, type PushMetricType } from './push-group.ts';

/** By the number of `io.prometheus.client.MetricType`. */
const TYPES: readonly (PushMetricType | undefined)[] = [
  'counter',
  'gauge',
  'summary',
  'untyped',
  'histogram',
];

/** Where a metric keeps its value, by type. */
const VALUE_FIELDS = { counter: 3, gauge: 2, summary: 4, untyped: 5, histogram: 7 } as const;

/** What was read; native histograms have no place in the formats a gateway is scraped in. */
export interface ProtobufPush {
  readonly families: readonly ReadFamily[];
  /** Histograms whose native buckets were left out. */
  readonly nativeHistograms: number;
}

/**
 * Reads `io.prometheus.client.MetricFamily` messages, each behind its length: what the Go client
 * pushes. Of native histograms sum and count are kept, as Pushgateway 1.5 does.
 * @throws PushError at the first thing wrong
 * @see https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
export function readProtobuf(body: Uint8Array): ProtobufPush {
  const reading: Reading = { nativeHistograms: 0, hasTimestamps: false };
  const families = new Map<string, ReadFamily>();
  try {
    for (let position = 0; position < body.length;) {
      const [size, start] = readVarint(body, position);
      position = start + Number(size);
      if (position > body.length) throw new ProtoError('the last message is cut off');
      const family = readFamily(new ProtoMessage(body.subarray(start, position)), reading);
      if (family.metrics.length > 0) families.set(family.name, family);
    }
  } catch (error) {
    if (!(error instanceof ProtoError)) throw error;
    const where = `metric family ${families.size + 1}`;
    throw new PushError('malformed', `protobuf: ${where}: ${error.message}`, { cause: error });
  }
  if (reading.hasTimestamps) throw inconsistent('pushed metrics must not have timestamps');
  return { families: [...families.values()], nativeHistograms: reading.nativeHistograms };
}

interface Reading {
  nativeHistograms: number;
  hasTimestamps: boolean;
}

function readFamily(message: ProtoMessage, reading: Reading): ReadFamily {
  const name = message.text(1);
  if (!isLegacyMetricName(name))
    throw new ProtoError(`invalid metric name ${JSON.stringify(name)}`);
  const type = TYPES[message.unsigned(3) ?? 0];
  if (type === undefined) {
    throw new ProtoError(
      `"${name}" has type number ${message.unsigned(3)}, which is not taken here`,
    );
  }
  const metrics = message.messages(4).map((metric): PushMetric => {
    const labels = metric.messages(1).map((pair): LabelPair => [pair.text(1), pair.text(2)]);
    checkLabels(name, labels);
    reading.hasTimestamps ||= metric.has(6);
    const value = metric.message(VALUE_FIELDS[type]);
    if (value === undefined) {
      throw inconsistent(`collected metric "${name}" is not a ${type.toUpperCase()}`);
    }
    if (type === 'histogram') return { labels, ...readHistogram(value, reading) };
    if (type === 'summary') return { labels, ...readSummary(value) };
    return { labels, value: value.double(1) ?? 0 };
  });
  return { name, type, help: message.text(2), metrics };
}

type Composite = Pick<Extract<PushMetric, { count: number }>, 'points' | 'sum' | 'count'>;

function readHistogram(message: ProtoMessage, reading: Reading): Composite {
  // Spans of native buckets, negative and positive.
  if (message.has(9) || message.has(12)) reading.nativeHistograms++;
  const points = message
    .messages(3)
    .map((bucket) => [bucket.double(2) ?? 0, bucket.double(4) ?? bucket.unsigned(1) ?? 0] as const);
  return {
    points: sorted(points),
    sum: message.double(2) ?? 0,
    count: message.double(4) ?? message.unsigned(1) ?? 0,
  };
}

function readSummary(message: ProtoMessage): Composite {
  const points = message
    .messages(3)
    .map((quantile) => [quantile.double(1) ?? 0, quantile.double(2) ?? 0] as const);
  return { points: sorted(points), sum: message.double(2) ?? 0, count: message.unsigned(1) ?? 0 };
}

function sorted(points: readonly (readonly [number, number])[]): Composite['points'] {
  const ascending = points.toSorted(([a], [b]) => a - b);
  const repeat = ascending.find(([bound], i) => i > 0 && ascending[i - 1]?.[0] === bound);
  if (repeat !== undefined) throw new ProtoError(`two buckets or quantiles at ${repeat[0]}`);
  return ascending;
}

function checkLabels(name: string, labels: readonly LabelPair[]): void {
  const seen = new Set<string>();
  for (const [label] of labels) {
    if (!isLegacyLabelName(label)) {
      throw new ProtoError(`invalid label name ${JSON.stringify(label)} for metric "${name}"`);
    }
    if (seen.has(label)) {
      throw inconsistent(
        `collected metric "${name}" has two or more labels with the same name: ${label}`,
      );
    }
    seen.add(label);
  }
}
