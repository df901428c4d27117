import { TemplateCallError } from './executor.ts';
import { formatFloat } from './format-float.ts';
import { GoTime } from './go-values.ts';

/*
 * Numbers for people, digit by digit as Prometheus prints them.
 * See https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#numbers
 */

const short = (value: number): string => formatFloat(value, 'g', 4);

/** With metric prefixes: 1234567 is `1.235M`. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return short(value);
  return Math.abs(value) >= 1
    ? divide(value, 1_000, ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'])
    : multiply(value);
}

/** With binary prefixes: 1048576 is `1Mi`. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return short(value);
  return divide(value, 1_024, ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']);
}

/** Of seconds: 90000 is `1d 1h 0m 0s`. */
export function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return short(seconds);
  if (seconds === 0) return '0s';
  const size = Math.abs(seconds);
  if (size < 1) return `${multiply(seconds)}s`;
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.trunc(size);
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor(whole / 3_600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  const rest = whole % 60;
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${rest}s`;
  if (hours > 0) return `${sign}${hours}h ${minutes}m ${rest}s`;
  if (minutes > 0) return `${sign}${minutes}m ${rest}s`;
  return `${sign}${short(size)}s`;
}

/** Of a ratio: 0.1234567 is `12.35%`. */
export function humanizePercentage(ratio: number): string {
  return `${short(ratio * 100)}%`;
}

/** Of Unix seconds: `1970-01-01 00:00:01 +0000 UTC`. */
export function humanizeTimestamp(unixSeconds: number): string {
  return Number.isFinite(unixSeconds) ? toTime(unixSeconds).toString() : short(unixSeconds);
}

/** @throws TemplateCallError for what nanoseconds in 64 bits cannot hold */
export function toTime(unixSeconds: number): GoTime {
  if (!Number.isFinite(unixSeconds)) throw new TemplateCallError('value is NaN or Inf');
  const nanoseconds = unixSeconds * 1e9;
  if (nanoseconds > 2 ** 63 || nanoseconds < -(2 ** 63)) {
    throw new TemplateCallError(
      `${formatFloat(unixSeconds, 'g', -1)} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  }
  return new GoTime(Math.trunc(nanoseconds / 1e6));
}

function divide(value: number, base: number, prefixes: readonly string[]): string {
  let rest = value;
  let prefix = '';
  for (const next of prefixes) {
    if (Math.abs(rest) < base) break;
    prefix = next;
    rest /= base;
  }
  return short(rest) + prefix;
}

function multiply(value: number): string {
  let rest = value;
  let prefix = '';
  for (const next of ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y']) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1_000;
  }
  return short(rest) + prefix;
}
