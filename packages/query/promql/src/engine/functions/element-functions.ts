import { type Column, newColumn } from '../values.ts';

type Elementwise = (value: number) => number;

function ofDate(read: (date: Date) => number): Elementwise {
  return (seconds) => {
    const date = new Date(Math.trunc(seconds) * 1000);
    return Number.isNaN(date.getTime()) ? Number.NaN : read(date);
  };
}

function dayOfYear(date: Date): number {
  const newYear = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - newYear) / 86_400_000) + 1;
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

function sign(value: number): number {
  if (value < 0) return -1;
  return value > 0 ? 1 : value;
}

/** Functions of one number, applied to every element; the metric name goes away. */
export const elementFunctions: Readonly<Record<string, Elementwise>> = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (radians) => (radians * 180) / Math.PI,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  rad: (degrees) => (degrees * Math.PI) / 180,
  sgn: sign,
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};

/** Functions of a Unix time in seconds, all in UTC. */
export const dateFunctions: Readonly<Record<string, Elementwise>> = {
  day_of_month: ofDate((date) => date.getUTCDate()),
  day_of_week: ofDate((date) => date.getUTCDay()),
  day_of_year: ofDate(dayOfYear),
  days_in_month: ofDate(daysInMonth),
  hour: ofDate((date) => date.getUTCHours()),
  minute: ofDate((date) => date.getUTCMinutes()),
  month: ofDate((date) => date.getUTCMonth() + 1),
  year: ofDate((date) => date.getUTCFullYear()),
};

/**
 * Applies a function to every float; native histograms are left out, as Prometheus does.
 * @param compute undefined drops the element
 */
export function mapColumns(
  columns: readonly Column[],
  compute: (value: number, step: number) => number | undefined,
): Column[] {
  return columns.map((column) => {
    const { values, present, histograms } = column;
    const out = newColumn(column.labels, true, values.length);
    for (let step = 0; step < values.length; step++) {
      if (present[step] === 0 || histograms?.[step] !== undefined) continue;
      const result = compute(values[step] ?? 0, step);
      if (result === undefined) continue;
      out.values[step] = result;
      out.present[step] = 1;
    }
    return out;
  });
}

/** Rounds to the nearest multiple, halves up. */
export function roundTo(value: number, multiple: number): number {
  // The inverse keeps 0.1 and the like exact where the multiple itself is not.
  const inverse = 1 / multiple;
  return Math.floor(value * inverse + 0.5) / inverse;
}
