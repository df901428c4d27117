import { type MetricMetadata, type MetricType } from '@dwcp/core';

import { type Part } from './family-builder.ts';
import { type PushMetricType } from './push-group.ts';

/** Where a sample belongs. */
export interface Placed {
  readonly family: string;
  readonly type: PushMetricType;
  readonly part: Part;
  /** The name whose HELP the family has. */
  readonly metadata: string;
}

type Place = (
  name: string,
  metadata: ReadonlyMap<string, MetricMetadata>,
  hasFamily: (name: string) => boolean,
) => Placed;

const TEXT_TYPES: Readonly<Record<MetricType, PushMetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  unknown: 'untyped',
  info: 'gauge',
  stateset: 'gauge',
  gaugehistogram: 'gauge',
};

/**
 * As Go's text parser, by what was read so far: a family of the very name, else the histogram or
 * summary the name is a part of, else a family of its own.
 */
export const placeText: Place = (name, metadata, hasFamily) => {
  const known = metadata.get(name);
  if (known !== undefined || hasFamily(name)) {
    const type = TEXT_TYPES[known?.type ?? 'unknown'];
    return { family: name, type, part: type === 'summary' ? 'point' : 'value', metadata: name };
  }
  return (
    composite(name, metadata) ?? { family: name, type: 'untyped', part: 'value', metadata: name }
  );
};

/** A name of OpenMetrics as the text format has it: counters with `_total`, `_created` as a gauge. */
export const placeOpenMetrics: Place = (name, metadata) => {
  const known = metadata.get(name);
  if (known !== undefined && known.type !== 'counter' && known.type !== 'info') {
    const type = TEXT_TYPES[known.type];
    return { family: name, type, part: type === 'summary' ? 'point' : 'value', metadata: name };
  }
  const placed = composite(name, metadata);
  if (placed !== undefined) return placed;
  const base = name.replace(/_(?:total|created|info|bucket|gcount|gsum)$/, '');
  const type = base === name ? undefined : metadata.get(base)?.type;
  const isCounter = type === 'counter' && name.endsWith('_total');
  return {
    family: name,
    type: isCounter ? 'counter' : type === undefined ? 'untyped' : 'gauge',
    part: 'value',
    metadata: type === undefined ? name : base,
  };
};

function composite(
  name: string,
  metadata: ReadonlyMap<string, MetricMetadata>,
): Placed | undefined {
  const suffix = /_(bucket|sum|count)$/.exec(name)?.[1];
  if (suffix === undefined) return undefined;
  const base = name.slice(0, -suffix.length - 1);
  const type = metadata.get(base)?.type;
  if (type !== 'histogram' && type !== 'summary') return undefined;
  if (suffix === 'bucket') {
    return type === 'histogram' ? { family: base, type, part: 'point', metadata: base } : undefined;
  }
  return { family: base, type, part: suffix === 'sum' ? 'sum' : 'count', metadata: base };
}
