import { type Attributes, type Resource } from '@dwcp/core';

import {
  type AttributesDraft,
  NO_ATTRIBUTES,
  readAhead,
  readAttribute,
  readItem,
  readResource,
  readScope,
} from './any-value-protobuf.ts';
import { type ByteTable } from './byte-table.ts';
import { OtlpMetricsCache } from './metrics-cache.ts';
import {
  type AggregationTemporality,
  type DecodedMetrics,
  type DecodeMetricsOptions,
  DEFAULT_MAX_POINTS,
  type OtlpMetric,
  type OtlpMetricData,
  type OtlpResourceMetrics,
  type OtlpScope,
  type OtlpScopeMetrics,
  TEMPORALITIES,
} from './metrics.ts';
import {
  readExponentialPoint,
  readHistogramPoint,
  readNumberPoint,
  readSummaryPoint,
} from './points-protobuf.ts';
import { RequestTally } from './request-tally.ts';
import { WireReader } from './wire-reader.ts';

export interface DecodeMetricsProtobufOptions extends DecodeMetricsOptions {
  /** Kept between requests it saves most of the work; without one nothing is kept. */
  readonly cache?: OtlpMetricsCache;
}

/**
 * Reads an ExportMetricsServiceRequest in protobuf. A bad point costs only itself; malformed bytes
 * anywhere refuse the whole request.
 * @throws InvalidInputError naming the field, when the bytes are malformed
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
export function decodeMetricsProtobuf(
  bytes: Uint8Array,
  options: DecodeMetricsProtobufOptions = {},
): DecodedMetrics {
  const { maxItems = DEFAULT_MAX_POINTS, cache = new OtlpMetricsCache() } = options;
  return new MetricsReader(bytes, new RequestTally({ maxItems }), cache).read();
}

class MetricsReader {
  readonly #reader: WireReader;
  readonly #tally: RequestTally;
  readonly #cache: OtlpMetricsCache;
  #pointCount = 0;

  constructor(bytes: Uint8Array, tally: RequestTally, cache: OtlpMetricsCache) {
    this.#reader = new WireReader(bytes);
    this.#tally = tally;
    this.#cache = cache;
  }

  read(): DecodedMetrics {
    const reader = this.#reader;
    const resourceMetrics: OtlpResourceMetrics[] = [];
    while (reader.pos < reader.end) {
      const field = reader.key();
      if (field === 0x0a) resourceMetrics.push(this.#resourceMetrics(resourceMetrics.length));
      else reader.skip(field);
    }
    const { rejected, rejectedCount } = this.#tally;
    return { resourceMetrics, pointCount: this.#pointCount, rejected, rejectedCount };
  }

  #resourceMetrics(index: number): OtlpResourceMetrics {
    const reader = this.#reader;
    const outer = reader.enter('resourceMetrics', index);
    const { resources } = this.#cache;
    const resource: Resource = readAhead(reader, 0x0a, 'resource', (r) =>
      known(r, resources, readResource),
    ) ?? { attributes: NO_ATTRIBUTES };
    const scopeMetrics: OtlpScopeMetrics[] = [];
    while (reader.pos < reader.end) {
      const field = reader.key();
      if (field === 0x12) scopeMetrics.push(this.#scopeMetrics(scopeMetrics.length));
      else reader.skip(field);
    }
    reader.leave(outer);
    return { resource, scopeMetrics };
  }

  #scopeMetrics(index: number): OtlpScopeMetrics {
    const reader = this.#reader;
    const outer = reader.enter('scopeMetrics', index);
    const { scopes } = this.#cache;
    const scope: OtlpScope = readAhead(reader, 0x0a, 'scope', (r) =>
      known(r, scopes, readScope),
    ) ?? { name: '', attributes: NO_ATTRIBUTES };
    let schemaUrl = '';
    const metrics: OtlpMetric[] = [];
    while (reader.pos < reader.end) {
      const field = reader.key();
      if (field === 0x12) metrics.push(this.#metric(metrics.length));
      else if (field === 0x1a) schemaUrl = reader.text('schemaUrl');
      else reader.skip(field);
    }
    reader.leave(outer);
    return { scope, schemaUrl, metrics };
  }

  #metric(index: number): OtlpMetric {
    const reader = this.#reader;
    const outer = reader.enter('metrics', index);
    let name = '';
    let description = '';
    let unit = '';
    const metadata: AttributesDraft = {};
    let metadataCount = 0;
    let data: OtlpMetricData = { type: 'none', points: [] };
    while (reader.pos < reader.end) {
      const field = reader.key();
      switch (field) {
        case 0x0a:
          name = reader.text('name');
          break;
        case 0x12:
          description = reader.text('description');
          break;
        case 0x1a:
          unit = reader.text('unit');
          break;
        case 0x2a:
          data = { type: 'gauge', points: this.#data('gauge', readNumberPoint).points };
          break;
        case 0x3a:
          data = { type: 'sum', ...this.#data('sum', readNumberPoint) };
          break;
        case 0x4a: {
          const { temporality, points } = this.#data('histogram', readHistogramPoint);
          data = { type: 'histogram', temporality, points };
          break;
        }
        case 0x52: {
          const { temporality, points } = this.#data('exponentialHistogram', readExponentialPoint);
          data = { type: 'exponentialHistogram', temporality, points };
          break;
        }
        case 0x5a:
          data = { type: 'summary', points: this.#data('summary', readSummaryPoint).points };
          break;
        case 0x62:
          readAttribute(reader, metadata, metadataCount++, 'metadata');
          break;
        default:
          reader.skip(field);
      }
    }
    reader.leave(outer);
    return { name, description, unit, metadata, ...data };
  }

  /** A Gauge, Sum, Histogram, ExponentialHistogram or Summary. */
  #data<Point>(
    type: string,
    readPoint: (reader: WireReader, attributes: ByteTable<Attributes>) => Point,
  ): {
    readonly temporality: AggregationTemporality;
    readonly isMonotonic: boolean;
    readonly points: readonly Point[];
  } {
    const reader = this.#reader;
    const outer = reader.enter(type);
    const { attributes } = this.#cache;
    const points: Point[] = [];
    let temporality = 0;
    let isMonotonic = false;
    let count = 0;
    const read = (): void => {
      points.push(readPoint(reader, attributes));
    };
    while (reader.pos < reader.end) {
      const field = reader.key();
      if (field === 0x0a) readItem(reader, this.#tally, 'dataPoints', count++, read);
      else if (field === 0x10) temporality = reader.int32('aggregationTemporality');
      else if (field === 0x18) isMonotonic = reader.boolean('isMonotonic');
      else reader.skip(field);
    }
    reader.leave(outer);
    this.#pointCount += points.length;
    return { temporality: TEMPORALITIES[temporality] ?? 'unspecified', isMonotonic, points };
  }
}

/** What the message at hand says, read once for the same bytes. */
function known<T>(reader: WireReader, table: ByteTable<T>, read: (reader: WireReader) => T): T {
  const { buffer, view, pos, end } = reader;
  let value = table.find(buffer, view, pos, end);
  if (value === undefined) {
    value = read(reader);
    table.add(buffer, view, pos, end, value);
  }
  reader.pos = end;
  return value;
}
