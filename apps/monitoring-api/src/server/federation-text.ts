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
import { sortInPieces } from './sort-in-pieces.ts';

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

/** Samples between two pieces: about a millisecond's work. */
const SAMPLES_PER_PIECE = 500;
/** As much text of small families. */
const PIECE_LENGTH = 32_768;

/**
 * Samples as Prometheus text 0.0.4 with timestamps: families by name, in them series by name and
 * labels. A series without `instance` gets an empty one, as Prometheus does it, so that a server
 * that federates with `honor_labels` does not put its own there.
 *
 * The text comes in pieces, of which many are empty: each took little time, so that others may have
 * their turn before the next.
 */
export function* federationPieces(
  samples: Iterable<FederatedSample>,
  metadata: readonly MetricMetadata[],
): Generator<string, void> {
  const types = new Map(metadata.map(({ name, type }) => [name, type]));
  const families = new Map<string, Family>();
  /** The families of names that were looked up before. */
  const known = new Map<string, Family>();
  let seen = 0;
  for (const sample of samples) {
    const name = sample.labels.metricName;
    // Nameless series have no place in an exposition; Prometheus leaves them out too.
    if (name === '') continue;
    let family = known.get(name);
    if (family === undefined) {
      const [familyName, type] = familyOf(name, types);
      family = families.get(familyName) ?? { name: familyName, type, samples: [] };
      families.set(familyName, family);
      known.set(name, family);
    }
    family.samples.push(sample);
    if (++seen % SAMPLES_PER_PIECE === 0) yield '';
  }
  const inOrder = [...families.values()].sort((a, b) => compareUtf8(a.name, b.name));
  let text = '';
  for (const { name, type, samples: own } of inOrder) {
    text += `# TYPE ${isLegacyMetricName(name) ? name : quote(name)} ${type}\n`;
    let inPiece = 0;
    for (const { labels, unixMs, value } of yield* sortInPieces(own, bySeries)) {
      text += `${writeSeries(labels)} ${formatValue(value)} ${unixMs}\n`;
      if (++inPiece % SAMPLES_PER_PIECE !== 0) continue;
      yield text;
      text = '';
    }
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield text;
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
