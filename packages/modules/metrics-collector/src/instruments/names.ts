import {
  InvalidInputError,
  isLegacyLabelName,
  isLegacyMetricName,
  type MetricType,
} from '@dwcp/core';

/** What a histogram's and a summary's samples end in, and what OpenMetrics adds by itself. */
const reservedSuffixes = ['_bucket', '_sum', '_count', '_created', '_info'];

const ownLabel: Readonly<Partial<Record<MetricType, string>>> = {
  histogram: 'le',
  summary: 'quantile',
};

const MAX_LABEL_NAMES = 30;

/**
 * @throws InvalidInputError naming the fix, for a name that Prometheus or OpenMetrics would read
 *   otherwise than meant
 */
export function checkInstrumentName(name: string, type: MetricType): void {
  const fault = (problem: string): InvalidInputError =>
    new InvalidInputError('name', `${type} ${JSON.stringify(name)} ${problem}`);
  if (typeof name !== 'string' || !isLegacyMetricName(name)) {
    const fixed = String(name)
      .replaceAll(/[^a-zA-Z0-9_:]/g, '_')
      .replace(/^(?=\d|$)/, '_');
    throw fault(`is not of the form [a-zA-Z_:][a-zA-Z0-9_:]*; call it ${JSON.stringify(fixed)}`);
  }
  if (type === 'counter' && !name.endsWith('_total')) {
    throw fault(`must end in _total; call it "${name}_total", or use a gauge if it can go down`);
  }
  if (type !== 'counter' && name.endsWith('_total')) {
    const bare = name.slice(0, -'_total'.length);
    throw fault(`must not end in _total, which says counter; call it "${bare}" or use a counter`);
  }
  const stem = name.replace(/_total$/, '');
  const suffix = reservedSuffixes.find((reserved) => stem.endsWith(reserved));
  // A gauge may be called ..._info: that is how Prometheus' text format has info metrics.
  if (suffix !== undefined && !(type === 'gauge' && suffix === '_info')) {
    throw fault(`must not end in ${suffix}, which has a meaning of its own; drop it or reword it`);
  }
}

/** @throws InvalidInputError naming the label at fault */
export function checkLabelNames(
  instrument: string,
  type: MetricType,
  labelNames: readonly string[],
): void {
  const fault = (problem: string): InvalidInputError =>
    new InvalidInputError('labelNames', `${type} "${instrument}": ${problem}`);
  if (labelNames.length > MAX_LABEL_NAMES) {
    throw fault(`at most ${MAX_LABEL_NAMES} label names, got ${labelNames.length}`);
  }
  for (const label of labelNames) {
    if (!isLegacyLabelName(label)) {
      throw fault(`${JSON.stringify(label)} is not of the form [a-zA-Z_][a-zA-Z0-9_]*; rename it`);
    }
    if (label.startsWith('__')) {
      throw fault(`"${label}" starts with __, which Prometheus keeps for itself; rename it`);
    }
    if (label === ownLabel[type]) {
      throw fault(`"${label}" is the label a ${type} adds by itself; rename it`);
    }
    if (labelNames.indexOf(label) !== labelNames.lastIndexOf(label)) {
      throw fault(`"${label}" is there twice; keep one`);
    }
  }
}

/** Units other than the base one, and what to say instead. */
const baseUnits: Readonly<Record<string, string>> = {
  ms: 'seconds',
  milliseconds: 'seconds',
  millis: 'seconds',
  us: 'seconds',
  microseconds: 'seconds',
  ns: 'seconds',
  nanoseconds: 'seconds',
  minutes: 'seconds',
  hours: 'seconds',
  days: 'seconds',
  kb: 'bytes',
  kilobytes: 'bytes',
  mb: 'bytes',
  megabytes: 'bytes',
  gb: 'bytes',
  gigabytes: 'bytes',
  bits: 'bytes',
  percent: 'ratio',
  pct: 'ratio',
  fahrenheit: 'celsius',
};

/**
 * What a reviewer would say of a metric's name: advice, not refusal, since foreign metrics keep
 * their names. Empty when there is nothing to say.
 * @see https://prometheus.io/docs/practices/naming/
 */
export function metricNameAdvice(name: string, type: MetricType): readonly string[] {
  const advice: string[] = [];
  const stem = name.replace(/_total$/, '');
  if (/[A-Z]/.test(name)) {
    const snake = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
    advice.push(`use snake_case: "${snake}"`);
  }
  if (name.includes(':')) advice.push('leave colons to recording rules');
  const unit = stem.slice(stem.lastIndexOf('_') + 1);
  const base = baseUnits[unit];
  if (base !== undefined) advice.push(`use the base unit: ${base} instead of ${unit}`);
  if (!name.includes('_')) advice.push('start with the component, as in dwcp_<component>_<metric>');
  if (type === 'counter' && !name.endsWith('_total')) advice.push('end a counter in _total');
  if (type !== 'counter' && name.endsWith('_total'))
    advice.push(`a ${type} must not end in _total`);
  return advice;
}

const knownUnits = new Set([
  'seconds',
  'bytes',
  'ratio',
  'celsius',
  'volts',
  'amperes',
  'joules',
  'meters',
  'hertz',
]);

/** The base unit a name ends in, '' when it has none. */
export function unitOf(name: string): string {
  const stem = name.replace(/_total$/, '');
  const last = stem.slice(stem.lastIndexOf('_') + 1);
  return knownUnits.has(last) ? last : '';
}
