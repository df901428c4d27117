import { isLegacyLabelName, isLegacyMetricName, METRIC_NAME } from '@dwcp/core';
import {
  decodeExposition,
  detach,
  ExpositionError,
  type ExpositionFormat,
  ExpositionReader,
} from '@dwcp/protocol-prometheus';

import { FamilyBuilder, type ReadFamily, textError } from './family-builder.ts';
import { inconsistent } from './push-error.ts';
import { type LabelPair } from './push-group.ts';
import { type Placed, placeOpenMetrics, placeText } from './sample-place.ts';

/**
 * Reads the body of a push: Prometheus text 0.0.4 or OpenMetrics. Counters, gauges and all else that
 * OpenMetrics has beyond the text format become what they are in the text format.
 * @throws PushError at the first thing wrong
 */
export function readText(body: Uint8Array, format: ExpositionFormat): readonly ReadFamily[] {
  try {
    return read(decodeExposition(body), format);
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    throw textError(error.line, error.reason, { cause: error });
  }
}

function read(text: string, format: ExpositionFormat): readonly ReadFamily[] {
  const builders = new Map<string, { readonly builder: FamilyBuilder; readonly placed: Placed }>();
  const firstLines = new Map<string, number>();
  const reader = new ExpositionReader(text, { format });
  const place = format === 'text' ? placeText : placeOpenMetrics;
  let hasTimestamps = false;
  while (reader.next()) {
    const { line } = reader;
    const [name, labels] = labelsOf(reader, line);
    const placed = place(name, reader.metadata, (family) => builders.has(family));
    let found = builders.get(placed.family);
    if (found === undefined) {
      found = { builder: new FamilyBuilder(placed.family, placed.type), placed };
      builders.set(placed.family, found);
      firstLines.set(placed.family, line);
    }
    hasTimestamps ||= reader.unixMs !== undefined;
    add(found.builder, placed.part, labels, reader.value, line);
  }
  if (format === 'text') {
    // A body that was cut off must not pass: the last number might be half of one.
    const lastLine = text.slice(text.lastIndexOf('\n') + 1);
    if (lastLine.trim() !== '') {
      throw textError(text.split('\n').length, 'unexpected end of input stream');
    }
    checkComments(text, firstLines);
  }
  if (hasTimestamps) throw inconsistent('pushed metrics must not have timestamps');
  return [...builders.values()].map(({ builder, placed }) =>
    builder.finish(detach(reader.metadata.get(placed.metadata)?.help ?? '')),
  );
}

/** Name and labels of the sample, empty values included. */
function labelsOf(
  reader: ExpositionReader,
  line: number,
): readonly [name: string, labels: LabelPair[]] {
  const all = reader.labels();
  const name = all.metricName;
  if (!isLegacyMetricName(name))
    throw textError(line, `invalid metric name ${JSON.stringify(name)}`);
  const labels: LabelPair[] = [];
  for (const pair of all) if (pair[0] !== METRIC_NAME) labels.push(pair);
  for (const label of reader.emptyLabels()) labels.push([detach(label), '']);
  for (const [label] of labels) {
    if (!isLegacyLabelName(label)) {
      throw textError(line, `invalid label name ${JSON.stringify(label)} for metric "${name}"`);
    }
  }
  return [name, labels];
}

function add(
  builder: FamilyBuilder,
  part: Placed['part'],
  labels: LabelPair[],
  value: number,
  line: number,
): void {
  switch (part) {
    case 'value':
      if (builder.isComposite) {
        const parts = builder.type === 'histogram' ? '_bucket, _sum and _count' : '_sum and _count';
        throw textError(line, `${builder.type} "${builder.name}" has samples besides ${parts}`);
      }
      builder.addValue(labels, value);
      return;
    case 'sum':
    case 'count':
      builder.addTotal(labels, part, value, line);
      return;
    case 'point': {
      const label = builder.boundLabel;
      const written = labels.find(([name]) => name === label)?.[1] ?? '';
      const bound = boundOf(written);
      if (bound === undefined) {
        throw textError(
          line,
          `expected float as value for '${label}' label, got ${JSON.stringify(written)}`,
        );
      }
      const rest = labels.filter(([name]) => name !== label);
      builder.addPoint(rest, bound, value, line);
    }
  }
}

function boundOf(text: string): number | undefined {
  if (/^\+?inf(inity)?$/i.test(text)) return Infinity;
  if (/^-inf(inity)?$/i.test(text)) return -Infinity;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(value) ? undefined : value;
}

/** What the reader, made for scrapes, lets pass: a second HELP or TYPE, and a TYPE after samples. */
function checkComments(text: string, firstLines: ReadonlyMap<string, number>): void {
  const seen = new Set<string>();
  let line = 1;
  let counted = 0;
  for (const match of text.matchAll(/^[ \t]*#[ \t]+(HELP|TYPE)[ \t]+([\w:]+)[ \t]+\S/gm)) {
    const [, keyword = '', name = ''] = match;
    for (; ; line++) {
      const newline = text.indexOf('\n', counted);
      if (newline < 0 || newline >= match.index) break;
      counted = newline + 1;
    }
    const key = `${keyword} ${name}`;
    const isLate = keyword === 'TYPE' && (firstLines.get(name) ?? Infinity) < line;
    if (seen.has(key) || isLate) {
      const tail = keyword === 'TYPE' ? ', or TYPE reported after samples' : '';
      throw textError(line, `second ${keyword} line for metric name "${name}"${tail}`);
    }
    seen.add(key);
  }
}
