// Answers of the Prometheus API in one form, native histograms included, and what two of them differ in.
import { Labels } from '@dwcp/core';

/** A float, or a histogram as the API shows it. */
type Value = number | HistogramValue;
interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  /** Which bounds belong to a bucket, its bounds, its count. */
  readonly buckets: readonly (readonly [kind: number, low: number, high: number, count: number])[];
}

export type Answer =
  | { readonly error: string }
  | {
      /** Labels in the order of the answer. */
      readonly order: readonly string[];
      readonly points: ReadonlyMap<string, ReadonlyMap<number, Value>>;
    };

type ApiPoint = readonly [seconds: number, value: string];
interface ApiHistogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}
type ApiHistogramPoint = readonly [seconds: number, histogram: ApiHistogram];
interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: ApiPoint;
  readonly histogram?: ApiHistogramPoint;
  readonly values?: readonly ApiPoint[];
  readonly histograms?: readonly ApiHistogramPoint[];
}
type ApiAnswer =
  | { readonly status: 'error'; readonly error: string }
  | {
      readonly status: 'success';
      readonly data: { readonly resultType: string; readonly result: unknown };
    };

export async function ask(
  url: string,
  path: 'query' | 'query_range',
  parameters: Readonly<Record<string, string>>,
): Promise<Answer> {
  const body = new URLSearchParams(parameters);
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body });
  const answer = (await response.json()) as ApiAnswer;
  if (answer.status === 'error') return { error: answer.error };
  const { resultType, result } = answer.data;
  if (resultType === 'scalar') {
    const [seconds, text] = result as ApiPoint;
    return {
      order: ['scalar'],
      points: new Map([['scalar', new Map([[seconds, numberOf(text)]])]]),
    };
  }
  const series = (result as readonly ApiSeries[]).map(
    (one) => [Labels.from(one.metric).toString(), pointsOf(one)] as const,
  );
  return { order: series.map(([labels]) => labels), points: new Map(series) };
}

function pointsOf({ value, values, histogram, histograms }: ApiSeries): Map<number, Value> {
  const points = new Map<number, Value>();
  for (const [seconds, text] of values ?? (value === undefined ? [] : [value])) {
    points.set(seconds, numberOf(text));
  }
  for (const [seconds, one] of histograms ?? (histogram === undefined ? [] : [histogram])) {
    points.set(seconds, {
      count: numberOf(one.count),
      sum: numberOf(one.sum),
      buckets: (one.buckets ?? []).map(([kind, low, high, count]) => [
        kind,
        numberOf(low),
        numberOf(high),
        numberOf(count),
      ]),
    });
  }
  return points;
}

function numberOf(text: string): number {
  return { '+Inf': Infinity, '-Inf': -Infinity }[text] ?? Number(text);
}

/** Within 1e-9, relative; below 1e-12 all is zero, since sums there are what rounding left. */
function isCloseNumber(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-3);
}

function isClose(a: Value, b: Value): boolean {
  if (typeof a === 'number' || typeof b === 'number') {
    return typeof a === 'number' && typeof b === 'number' && isCloseNumber(a, b);
  }
  return (
    isCloseNumber(a.count, b.count) &&
    isCloseNumber(a.sum, b.sum) &&
    a.buckets.length === b.buckets.length &&
    a.buckets.every((bucket, i) => {
      const other = b.buckets[i];
      return bucket.every((number, k) => isCloseNumber(number, other?.[k] ?? Number.NaN));
    })
  );
}

/** Whether the values come in the same order; equal values have none. */
export function hasSameOrder(got: Answer, wanted: Answer): boolean {
  if ('error' in got || 'error' in wanted) return true;
  const values = ({ order, points }: typeof got): Value[] =>
    order.map((key) => points.get(key)?.values().next().value ?? Number.NaN);
  const theirs = values(wanted);
  return values(got).every((value, i) => isClose(value, theirs[i] ?? Number.NaN));
}

/** What differs between two answers, in words; undefined when they agree. */
export function difference(got: Answer, wanted: Answer): string | undefined {
  if ('error' in got || 'error' in wanted) {
    if ('error' in got && 'error' in wanted) return undefined;
    return 'error' in got
      ? `we fail: ${got.error}`
      : `Prometheus fails: ${'error' in wanted ? wanted.error : ''}`;
  }
  const [mine, theirs] = [[...got.points.keys()].sort(), [...wanted.points.keys()].sort()];
  if (mine.join('\n') !== theirs.join('\n')) {
    const only = (a: string[], b: string[]): string =>
      a
        .filter((key) => !b.includes(key))
        .slice(0, 3)
        .join(' ');
    return `only ours: ${only(mine, theirs)}; only theirs: ${only(theirs, mine)}`;
  }
  for (const [key, points] of wanted.points) {
    const own = got.points.get(key) ?? new Map<number, Value>();
    for (const seconds of own.keys()) {
      if (!points.has(seconds)) return `${key} at ${seconds}: only ours has a point`;
    }
    for (const [seconds, value] of points) {
      const ownValue = own.get(seconds);
      if (ownValue === undefined) return `${key} at ${seconds}: only theirs has a point`;
      if (!isClose(ownValue, value)) {
        return `${key} at ${seconds}: ${JSON.stringify(ownValue)}, not ${JSON.stringify(value)}`;
      }
    }
  }
  return undefined;
}

export function isEmpty(answer: Answer): boolean {
  return !('error' in answer) && answer.points.size === 0;
}

export function hasHistogram(answer: Answer): boolean {
  if ('error' in answer) return false;
  for (const points of answer.points.values()) {
    for (const value of points.values()) if (typeof value !== 'number') return true;
  }
  return false;
}

/** Whether both have the same series with points at the same moments, whatever their values. */
export function hasSameSeries(got: Answer, wanted: Answer): boolean {
  if ('error' in got || 'error' in wanted || got.points.size !== wanted.points.size) return false;
  return [...wanted.points].every(([key, points]) => {
    const own = got.points.get(key);
    return own?.size === points.size && [...points.keys()].every((seconds) => own.has(seconds));
  });
}

/** The largest of what a comparison gives for floats that differ; Infinity if one is no float. */
function largest(got: Answer, wanted: Answer, of: (a: number, b: number) => number): number {
  if ('error' in got || 'error' in wanted) return Infinity;
  let found = 0;
  for (const [key, points] of wanted.points) {
    for (const [seconds, value] of points) {
      const own = got.points.get(key)?.get(seconds);
      if (typeof own !== 'number' || typeof value !== 'number') return Infinity;
      if (!isCloseNumber(own, value)) found = Math.max(found, of(own, value));
    }
  }
  return found;
}

/** The larger over the smaller; Infinity if they differ in sign. */
export function largestRatio(got: Answer, wanted: Answer): number {
  return largest(got, wanted, (a, b) => (a / b > 0 ? Math.max(a / b, b / a) : Infinity));
}

export function largestDistance(got: Answer, wanted: Answer): number {
  return largest(got, wanted, (a, b) => Math.abs(a - b));
}
