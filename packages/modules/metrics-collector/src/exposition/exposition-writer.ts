import { type LabelValues, type MetricMetadata } from '@dwcp/core';

import { formatValue } from './numbers.ts';

/** Prometheus text 0.0.4, or OpenMetrics 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** The `Content-Type` of a format, as the scraper's `Accept` header asks for it. */
export function contentTypeOf(format: ExpositionFormat): string {
  return format === 'openmetrics'
    ? 'application/openmetrics-text; version=1.0.0; charset=utf-8'
    : 'text/plain; version=0.0.4; charset=utf-8';
}

/** Suffixes that samples of a type add to the family's name. */
const sampleSuffixes: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

interface Family {
  readonly metadata: MetricMetadata;
  readonly lines: string[];
}

/**
 * Writes samples as exposition text, the lines of one family together as both formats demand,
 * whatever the order they come in.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class ExpositionWriter {
  readonly #format: ExpositionFormat;
  /** By the name of the sample, `_bucket` and so on included. */
  readonly #bySample = new Map<string, Family>();
  readonly #families = new Map<string, Family>();

  constructor(format: ExpositionFormat) {
    this.#format = format;
  }

  /** Families come out in the order they were described in; the first word counts. */
  describe(metadata: MetricMetadata): void {
    if (this.#families.has(metadata.name)) return;
    const family: Family = { metadata, lines: [] };
    this.#families.set(metadata.name, family);
    for (const suffix of sampleSuffixes[metadata.type] ?? ['']) {
      this.#bySample.set(metadata.name + suffix, family);
    }
  }

  /** A sample nobody described becomes a family of its own, of unknown type. */
  add(name: string, labels: LabelValues | undefined, value: number): void {
    if (!this.#bySample.has(name)) this.describe({ name, type: 'unknown', help: '', unit: '' });
    this.#bySample.get(name)?.lines.push(`${name}${formatLabels(labels)} ${formatValue(value)}\n`);
  }

  /** The whole text; a family without samples is left out. */
  finish(): string {
    const parts: string[] = [];
    for (const { metadata, lines } of this.#families.values()) {
      if (lines.length > 0) parts.push(head(metadata, this.#format), ...lines);
    }
    if (this.#format === 'openmetrics') parts.push(END);
    return parts.join('');
  }
}

const END = '# EOF\n';

/** Puts expositions of one format behind each other as one; their families must differ. */
export function joinExpositions(parts: readonly string[], format: ExpositionFormat): string {
  if (format === 'text') return parts.join('');
  return (
    parts.map((part) => (part.endsWith(END) ? part.slice(0, -END.length) : part)).join('') + END
  );
}

function head({ name, type, help }: MetricMetadata, format: ExpositionFormat): string {
  if (format === 'text') {
    const known = type === 'counter' || type === 'gauge' || type in sampleSuffixes;
    const helpLine = help === '' ? '' : `# HELP ${name} ${escapeHelp(help)}\n`;
    return `${helpLine}# TYPE ${name} ${known ? type : type === 'info' ? 'gauge' : 'untyped'}\n`;
  }
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  // Only names with `_total` can be counters there; the kernel's other ones stay readable as unknown.
  const wire = type === 'counter' && family === name ? 'unknown' : type;
  const helpLine =
    help === '' ? '' : `# HELP ${family} ${escapeHelp(help).replaceAll('"', '\\"')}\n`;
  return `# TYPE ${family} ${wire}\n${helpLine}`;
}

function formatLabels(labels: LabelValues | undefined): string {
  if (labels === undefined) return '';
  let text = '';
  for (const name in labels) {
    text += `${text === '' ? '{' : ','}${name}="${escapeLabelValue(labels[name] ?? '')}"`;
  }
  return text === '' ? '' : `${text}}`;
}

function escapeLabelValue(text: string): string {
  return /[\\\n"]/.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
    : text;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
