import { type Exemplar, Labels } from '@dwcp/core';
import { type OtlpExemplar } from '@dwcp/protocol-otlp';

import { type LabelNamer } from './names.ts';
import { textOf } from './point-labels.ts';

/** Code points that names and values of an exemplar's labels may have together, by OpenMetrics. */
const MAX_LENGTH = 128;

/**
 * An exemplar with the labels `trace_id` and `span_id`, and those of its attributes where they fit.
 * @returns undefined when it has no value
 */
export function exemplarOf(
  { traceId, spanId, value, timeUnixMs, attributes }: OtlpExemplar,
  labelNames: LabelNamer,
): Exemplar | undefined {
  if (Number.isNaN(value)) return undefined;
  const ids: [string, string][] = [];
  if (traceId !== '') ids.push(['trace_id', traceId]);
  if (spanId !== '') ids.push(['span_id', spanId]);
  const names = Object.keys(attributes).filter((name) => /[a-zA-Z0-9]/.test(name));
  const further = names.map((name): [string, string] => [
    labelNames.of(name),
    textOf(attributes[name]),
  ]);
  const all = [...further, ...ids];
  const pairs = lengthOf(all) <= MAX_LENGTH ? all : ids;
  return {
    labels: Labels.fromPairs(pairs),
    value,
    ...(timeUnixMs > 0 ? { unixMs: Math.floor(timeUnixMs) } : {}),
  };
}

function lengthOf(pairs: readonly (readonly [string, string])[]): number {
  let length = 0;
  for (const pair of pairs) for (const text of pair) length += Array.from(text).length;
  return length;
}
