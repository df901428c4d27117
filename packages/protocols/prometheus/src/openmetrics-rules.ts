import { type Exemplar, type Labels, METRIC_NAME, type MetricType } from '@dwcp/core';

import { parseFloatAt } from './float.ts';
import { HistogramRules } from './histogram-rules.ts';
import { excerpt } from './text.ts';

/** One sample as the rules see it. */
export interface RuledSample {
  readonly labels: Labels;
  readonly value: number;
  readonly timestampSeconds: number | undefined;
  readonly exemplar: Exemplar | undefined;
}

/** Suffixes of the samples of each type; types that are not here have samples of the plain name. */
const SUFFIXES: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  counter: ['_total', '_created'],
  summary: ['', '_count', '_sum', '_created'],
  histogram: ['_count', '_sum', '_bucket', '_created'],
  gaugehistogram: ['_gcount', '_gsum', '_bucket'],
  info: ['_info'],
};

const NEVER_NAN = new Set(['_total', '_sum', '_count', '_bucket', '_gcount', '_gsum']);
const NEVER_NEGATIVE = new Set(['_total', '_sum', '_count', '_bucket', '_gcount']);

/** Code points that an exemplar's label names and values may have together. */
const EXEMPLAR_LABELS_MAX = 128;

/**
 * The MUSTs of OpenMetrics that go beyond the syntax of a line. Fed with every metadata line and
 * sample in order; each method returns what is wrong, or undefined.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export class OpenMetricsRules {
  readonly #seenNames = new Set<string>();
  #family: Family | undefined;

  metadata(keyword: 'HELP' | 'TYPE' | 'UNIT', name: string, content: string): string | undefined {
    let family = this.#family;
    if (family?.name !== name) {
      const problem = this.#finishFamily();
      if (problem !== undefined) return problem;
      family = new Family(name);
      this.#family = family;
    } else if (family.hasSamples) {
      return `# ${keyword} of ${excerpt(name)} comes after its samples`;
    }
    if (family.keywords.has(keyword)) return `a second # ${keyword} for ${excerpt(name)}`;
    family.keywords.add(keyword);
    if (keyword === 'TYPE') family.type = content as MetricType;
    if (keyword === 'UNIT') family.unit = content;
    return undefined;
  }

  sample(sample: RuledSample): string | undefined {
    const name = sample.labels.metricName;
    let family = this.#family;
    if (family === undefined || !family.takes(name)) {
      const problem = this.#finishFamily();
      if (problem !== undefined) return problem;
      family = new Family(name);
      this.#family = family;
    }
    return family.add(sample, name.slice(family.name.length));
  }

  end(): string | undefined {
    return this.#finishFamily();
  }

  #finishFamily(): string | undefined {
    const family = this.#family;
    this.#family = undefined;
    if (family === undefined) return undefined;
    for (const suffix of new Set(['', ...(SUFFIXES[family.type] ?? [])])) {
      const name = family.name + suffix;
      if (this.#seenNames.has(name)) return `the name ${excerpt(name)} belongs to two metrics`;
      this.#seenNames.add(name);
    }
    return family.finish();
  }
}

/** One metric family while its lines pass by. */
class Family {
  readonly name: string;
  readonly keywords = new Set<string>();
  type: MetricType = 'unknown';
  unit = '';
  hasSamples = false;
  readonly #seenGroups = new Set<string>();
  readonly #histogram = new HistogramRules();
  #group: string | undefined;
  #timestampSeconds: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  takes(sampleName: string): boolean {
    return (SUFFIXES[this.type] ?? ['']).some((suffix) => sampleName === this.name + suffix);
  }

  add(sample: RuledSample, suffix: string): string | undefined {
    this.hasSamples = true;
    return (
      this.#checkLabels(sample.labels, suffix) ??
      this.#checkGroup(sample) ??
      this.#checkValue(sample.value, suffix) ??
      this.#checkExemplar(sample.exemplar, suffix) ??
      this.#checkHistogram(sample, suffix)
    );
  }

  finish(): string | undefined {
    if (this.unit !== '' && (this.type === 'info' || this.type === 'stateset')) {
      return `${excerpt(this.name)} is of type ${this.type}, which has no unit`;
    }
    return this.#histogram.finishGroup();
  }

  #checkLabels(labels: Labels, suffix: string): string | undefined {
    if (this.type === 'stateset' && !labels.has(this.name)) {
      return `a stateset needs a label of its own name, ${excerpt(this.name)}`;
    }
    if (suffix === '_bucket' && !isBound(labels.get('le'))) {
      return `the label le of a bucket must be a number or +Inf, got ${excerpt(labels.get('le'))}`;
    }
    if (this.type === 'summary' && suffix === '') {
      const quantile = labels.get('quantile');
      const value = parseFloatAt(quantile, 0, quantile.length);
      if (value === undefined || !(value >= 0 && value <= 1)) {
        return `the label quantile must be from 0 to 1, got ${excerpt(quantile)}`;
      }
    }
    return undefined;
  }

  /** Samples of one metric stand together, and its points are in order of time. */
  #checkGroup({ labels, timestampSeconds }: RuledSample): string | undefined {
    const group = labels.without([METRIC_NAME, ...this.#innerLabels()]).key;
    if (group !== this.#group) {
      if (this.#seenGroups.has(group)) return 'the samples of one metric do not stand together';
      this.#seenGroups.add(group);
      this.#group = group;
      this.#timestampSeconds = timestampSeconds;
      return undefined;
    }
    const before = this.#timestampSeconds;
    if ((before === undefined) !== (timestampSeconds === undefined)) {
      return 'some samples of one metric have a timestamp and others have none';
    }
    if (before !== undefined && (timestampSeconds ?? 0) < before && this.type !== 'info') {
      return 'the timestamps of one metric go backwards';
    }
    this.#timestampSeconds = timestampSeconds;
    return undefined;
  }

  /** Labels that tell samples of one metric apart. For info, any label may. */
  #innerLabels(): readonly string[] {
    if (this.type === 'histogram' || this.type === 'gaugehistogram') return ['le'];
    if (this.type === 'summary') return ['quantile'];
    return this.type === 'stateset' ? [this.name] : [];
  }

  #checkValue(value: number, suffix: string): string | undefined {
    if (this.type === 'stateset' && value !== 0 && value !== 1) return 'a state is 0 or 1';
    if (this.type === 'info' && value !== 1) return 'the value of an info is 1';
    if (this.type === 'summary' && suffix === '' && value < 0) return 'a quantile is negative';
    if (NEVER_NAN.has(suffix) && Number.isNaN(value)) return `${suffix} is NaN`;
    if (NEVER_NEGATIVE.has(suffix) && value < 0) return `${suffix} is negative`;
    return undefined;
  }

  #checkExemplar(exemplar: Exemplar | undefined, suffix: string): string | undefined {
    if (exemplar === undefined) return undefined;
    const allowed =
      (this.type === 'counter' && suffix === '_total') ||
      ((this.type === 'histogram' || this.type === 'gaugehistogram') && suffix === '_bucket');
    if (!allowed) return 'only buckets and the _total of a counter have exemplars';
    let size = 0;
    for (const text of exemplar.labels.flat) size += Array.from(text).length;
    return size > EXEMPLAR_LABELS_MAX
      ? `the labels of an exemplar have at most ${EXEMPLAR_LABELS_MAX} characters, got ${size}`
      : undefined;
  }

  #checkHistogram(
    { labels, value, timestampSeconds }: RuledSample,
    suffix: string,
  ): string | undefined {
    if (this.type !== 'histogram' && this.type !== 'gaugehistogram') return undefined;
    const point = `${this.#group ?? ''}\n${timestampSeconds ?? ''}`;
    return this.#histogram.sample(point, suffix, Number(toBound(labels.get('le'))), value);
  }
}

/** `+Inf`, or a decimal number; other spellings of infinity are not allowed. */
function isBound(text: string): boolean {
  const value = parseFloatAt(text, 0, text.length);
  if (value === undefined || Number.isNaN(value)) return false;
  return Number.isFinite(value) || text === '+Inf';
}

function toBound(text: string): string {
  return text === '+Inf' ? 'Infinity' : text;
}
