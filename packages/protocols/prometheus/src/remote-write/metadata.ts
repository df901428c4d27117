import { type MetricMetadata, type MetricType } from '@dwcp/core';

import { readString } from './labels.ts';
import { type WireReader } from './wire-reader.ts';

/** By the number they have on the wire, in 1.0 and 2.0 alike. */
const TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

const FIELDS = (1 << 1) | (1 << 2) | (1 << 4) | (1 << 5);

export function metricTypeOf(wire: number): MetricType {
  return TYPES[wire] ?? 'unknown';
}

export function wireOfMetricType(type: MetricType): number {
  return TYPES.indexOf(type);
}

/** A prompb.MetricMetadata (1.0), whose length comes next. */
export function readMetadata(reader: WireReader): MetricMetadata {
  const outer = reader.enter();
  let type: MetricType = 'unknown';
  let name = '';
  let help = '';
  let unit = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === 0x08) type = metricTypeOf(reader.uint32());
    else if (tag === 0x12) name = readString(reader, 'the name of a metric family');
    else if (tag === 0x22) help = readString(reader, 'the help of the metric family', name);
    else if (tag === 0x2a) unit = readString(reader, 'the unit of the metric family', name);
    else reader.skip(tag, FIELDS);
  }
  reader.leave(outer);
  return { name, type, help, unit };
}

const SUFFIXES: { readonly [type in MetricType]?: readonly string[] } = {
  histogram: ['_bucket', '_sum', '_count'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount', '_sum', '_count'],
  summary: ['_sum', '_count'],
};

/**
 * The name of the family a series of this type belongs to, as the text format and Prometheus'
 * metadata have it: counters keep their `_total`.
 */
export function familyNameOf(metricName: string, type: MetricType): string {
  for (const suffix of SUFFIXES[type] ?? []) {
    if (metricName.length > suffix.length && metricName.endsWith(suffix)) {
      return metricName.slice(0, -suffix.length);
    }
  }
  return metricName;
}
