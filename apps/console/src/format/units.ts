/** What a number means, which decides how it is written. */
export type Unit =
  | 'none'
  | 'bytes'
  | 'bytesPerSecond'
  | 'seconds'
  | 'ratio'
  | 'perSecond'
  | 'count'
  | 'boolean';

/** What stands for a value that is not known. */
export const NO_VALUE = '–';

const iec = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;
const si = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** Three significant digits, without an exponent and without needless zeros. */
function three(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value));
  const digits = size >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\.?0+$/, '');
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let size = Math.abs(value);
  let index = 0;
  // 999.6 would round to 1000 of the lower unit.
  while (size >= base - 0.5 && index < units.length - 1) {
    size /= base;
    index += 1;
  }
  const unit = units[index] ?? '';
  const number = `${value < 0 ? '-' : ''}${three(size)}`;
  return unit === '' ? number : `${number} ${unit}`;
}

/** Bytes in binary multiples: 1.5 MiB. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1_024, iec);
}

/** A count in decimal multiples: 1.2 k. Small fractions keep two significant digits. */
export function formatCount(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && size < 0.01) return value.toExponential(1);
  if (size >= 1e18) return value.toExponential(2);
  return scaled(value, 1_000, si);
}

/** A duration given in seconds, from nanoseconds to days: 340 µs, 1.2 s, 2 h 5 m. */
export function formatSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  if (size < 0.999_5e-6) return `${three(seconds * 1e9)} ns`;
  if (size < 0.999_5e-3) return `${three(seconds * 1e6)} µs`;
  if (size < 0.999_5) return `${three(seconds * 1e3)} ms`;
  if (size < 60) return `${three(seconds)} s`;
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.round(size);
  const [d, h, m, s] = [
    Math.floor(whole / 86_400),
    Math.floor((whole % 86_400) / 3_600),
    Math.floor((whole % 3_600) / 60),
    whole % 60,
  ];
  if (d > 0) return `${sign}${d} d${h > 0 ? ` ${h} h` : ''}`;
  if (h > 0) return `${sign}${h} h${m > 0 ? ` ${m} m` : ''}`;
  return `${sign}${m} m${s > 0 ? ` ${s} s` : ''}`;
}

/** A ratio in [0, 1] as percent: 0.123 is 12.3 %. */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  const size = Math.abs(percent);
  if (size >= 10_000) return `${formatCount(percent)} %`;
  if (size > 0 && size < 0.01) return '<0.01 %';
  return `${size >= 10 ? percent.toFixed(1).replace(/\.0$/, '') : three(percent)} %`;
}

/** A value with its unit, as it is shown in legends, tiles and axes. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NO_VALUE;
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  switch (unit) {
    case 'bytes':
      return formatBytes(value);
    case 'bytesPerSecond':
      return `${formatBytes(value)}/s`;
    case 'seconds':
      return formatSeconds(value);
    case 'ratio':
      return formatRatio(value);
    case 'perSecond':
      return `${formatCount(value)}/s`;
    case 'boolean':
      return value === 0 ? 'no' : 'yes';
    case 'count':
    case 'none':
      return formatCount(value);
    default:
      return formatCount(value);
  }
}

/** The unit a PromQL expression's result most likely has, from the names of its metrics. */
export function guessUnit(expression: string): Unit {
  const expr = expression.trim();
  const rated = /\b(rate|irate)\s*\(/.test(expr);
  if (/^\s*(count|count_over_time|group)\b/.test(expr)) return 'count';
  if (/\bhistogram_quantile\b/.test(expr)) return /_bytes/.test(expr) ? 'bytes' : 'seconds';
  if (/_ratio\b/.test(expr)) return 'ratio';
  if (/[/*%]/.test(expr.replace(/"[^"]*"/g, ''))) return 'none';
  if (/_bytes(_total|_sum)?\b/.test(expr)) return rated ? 'bytesPerSecond' : 'bytes';
  if (/_seconds_total\b|_seconds_sum\b/.test(expr)) return rated ? 'none' : 'seconds';
  if (/_seconds_(count|bucket)\b/.test(expr)) return rated ? 'perSecond' : 'count';
  if (/_seconds\b/.test(expr)) return 'seconds';
  if (rated) return 'perSecond';
  return 'none';
}
