import { InvalidInputError } from '@dwcp/core';
import { type OtlpMetric } from '@dwcp/protocol-otlp';

/** How names become Prometheus names, in the words of Prometheus' `otlp.translation_strategy`. */
export type TranslationStrategy =
  | 'UnderscoreEscapingWithSuffixes'
  | 'UnderscoreEscapingWithoutSuffixes'
  | 'NoUTF8EscapingWithSuffixes'
  | 'NoTranslation';

/** Units of UCUM as Prometheus writes them. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tebibytes'],
  ['kBy', 'kilobytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);
/** What stands behind a slash, in the singular. */
const PER_UNITS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

interface UnitWords {
  readonly main: string;
  /** With `per_` before it, or ''. */
  readonly per: string;
}

/**
 * The name of a metric's family: `http.server.duration` in `s` becomes
 * `http_server_duration_seconds`, a monotonic sum gets `_total`, a gauge of unit 1 `_ratio`.
 * @throws InvalidInputError when nothing is left of the name
 * @see https://github.com/prometheus/otlptranslator
 */
export function metricNameOf(metric: OtlpMetric, strategy: TranslationStrategy): string {
  const name = translated(metric, strategy);
  if (name === '' || (name !== metric.name && /^_*$/.test(name))) {
    throw new InvalidInputError(
      'name',
      `must have a letter or digit to make a metric name of, got ${JSON.stringify(metric.name)}`,
    );
  }
  return name;
}

function translated(metric: OtlpMetric, strategy: TranslationStrategy): string {
  const { name } = metric;
  switch (strategy) {
    case 'UnderscoreEscapingWithSuffixes':
      return withLeadingLetter(escapedWithSuffixes(metric));
    case 'UnderscoreEscapingWithoutSuffixes':
      return withLeadingLetter(wordsOf(name, /[^a-zA-Z0-9:_]+/u).join('_'));
    case 'NoUTF8EscapingWithSuffixes':
      return name === '' ? '' : withSuffixes(metric);
    case 'NoTranslation':
      return name;
  }
}

function escapedWithSuffixes(metric: OtlpMetric): string {
  let words = wordsOf(metric.name, /[^a-zA-Z0-9:]+/u);
  const unit = unitWordsOf(metric.unit);
  const main = escapedUnit(unit.main);
  const per = escapedUnit(unit.per).replace(/_$/, '');
  const hasPer = per !== '' && per !== 'per' && !words.includes(per);
  if (main !== '' && !words.includes(main)) words.push(hasPer ? main.replace(/_$/, '') : main);
  if (hasPer) words.push(per);
  const suffix = suffixOf(metric);
  if (suffix !== '') words = [...words.filter((word) => word !== suffix), suffix];
  return words.join('_');
}

function withSuffixes(metric: OtlpMetric): string {
  let { name } = metric;
  let tail = '';
  for (const suffix of [suffixOf(metric), unitWordsOf(metric.unit).per]) {
    if (suffix === '') continue;
    if (name.endsWith(suffix) && name.length > suffix.length + 1) {
      name = name.slice(0, -(suffix.length + 1));
    }
    tail = `_${suffix}${tail}`;
  }
  const { main } = unitWordsOf(metric.unit);
  return `${name}${main === '' || name.endsWith(main) ? '' : `_${main}`}${tail}`;
}

function suffixOf(metric: OtlpMetric): string {
  if (metric.type === 'sum' && metric.isMonotonic) return 'total';
  // Some exporters give counts of things the unit 1, so only a gauge of it is taken for a ratio.
  return metric.type === 'gauge' && metric.unit === '1' ? 'ratio' : '';
}

/** The unit for metadata, such as `bytes_per_second`; '' for none. */
export function unitOf(unit: string): string {
  const { main, per } = unitWordsOf(unit);
  const words = [escapedUnit(main), escapedUnit(per)].filter((word) => word !== '');
  return words.join('_').replace(/_$/, '');
}

function unitWordsOf(unit: string): UnitWords {
  const slash = unit.indexOf('/');
  const mainUnit = (slash < 0 ? unit : unit.slice(0, slash)).trim();
  const perUnit = slash < 0 ? '' : unit.slice(slash + 1).trim();
  // What stands in braces says what is counted and is no unit.
  const main = /[{}]/.test(mainUnit) ? '' : (UNITS.get(mainUnit) ?? mainUnit);
  const per = /[{}]/.test(perUnit) ? '' : (PER_UNITS.get(perUnit) ?? perUnit);
  return { main, per: per === '' ? '' : `per_${per}` };
}

function escapedUnit(unit: string): string {
  return unit.replaceAll(/[^a-zA-Z0-9:]+/gu, '_').replace(/^_/, '');
}

function wordsOf(name: string, separator: RegExp): string[] {
  return name.split(separator).filter((word) => word !== '');
}

function withLeadingLetter(name: string): string {
  return /^\d/.test(name) ? `_${name}` : name;
}

/**
 * The name of an attribute's label. Each character that a classic label name cannot have becomes
 * `_`; a name that starts with a digit or one `_` gets `key` before it.
 * @throws InvalidInputError when nothing but underscores is left
 */
export function labelNameOf(attribute: string, strategy: TranslationStrategy): string {
  const isEscaped = strategy.startsWith('UnderscoreEscaping');
  let name = isEscaped ? attribute.replaceAll(/[^a-zA-Z0-9]/gu, '_') : attribute;
  if (isEscaped) {
    if (/^\d/.test(name)) name = `key_${name}`;
    else if (/^_(?!_)/.test(name)) name = `key${name}`;
  }
  if (name === '' || (isEscaped && !/[a-zA-Z0-9]/.test(attribute))) {
    throw new InvalidInputError(
      'attributes',
      `an attribute name must have a letter or digit to make a label name of, got ${JSON.stringify(attribute)}`,
    );
  }
  return name;
}

/** Attribute names that are remembered. */
const MAX_KNOWN = 10_000;

/** `labelNameOf` that remembers: exporters use few names in very many points. */
export class LabelNamer {
  readonly #strategy: TranslationStrategy;
  readonly #known = new Map<string, string>();

  constructor(strategy: TranslationStrategy) {
    this.#strategy = strategy;
  }

  /** @throws InvalidInputError as `labelNameOf` does */
  of(attribute: string): string {
    let name = this.#known.get(attribute);
    if (name === undefined) {
      name = labelNameOf(attribute.toWellFormed(), this.#strategy);
      // Full: what comes later is made anew each time, which is slower and nothing else.
      if (this.#known.size < MAX_KNOWN) this.#known.set(attribute, name);
    }
    return name;
  }
}
