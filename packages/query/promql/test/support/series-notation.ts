import { type CounterResetHint, type NativeHistogram } from '@dwcp/core';

/** One value of a series line. */
export type SequenceValue =
  | { readonly kind: 'missing' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: NativeHistogram };

const NUMBER = '(?:[0-9]*\\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\\.|[iI]nf|NaN|nan)';
const FLOAT = new RegExp(`^([+-]?${NUMBER})(?:([+-]${NUMBER}))?(?:x([0-9]+))?$`);

export function readNumber(text: string): number {
  const special = /^([+-]?)inf$/i.exec(text);
  if (special !== null) return special[1] === '-' ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) throw new Error(`no number: ${JSON.stringify(text)}`);
  return value;
}

/** Reads the values of a series line: `1 2x3 0+10x4 _ stale {{schema:0 sum:1}}`. */
export function parseSequence(text: string): SequenceValue[] {
  return splitValues(text).flatMap((item) => expand(item));
}

/** Splits at spaces outside of braces. */
function splitValues(text: string): string[] {
  const items: string[] = [];
  let item = '';
  let depth = 0;
  for (const char of text) {
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (/\s/.test(char) && depth === 0) {
      if (item !== '') items.push(item);
      item = '';
    } else item += char;
  }
  if (item !== '') items.push(item);
  return items;
}

function expand(item: string): SequenceValue[] {
  const missing = /^_(?:x(\d+))?$/.exec(item);
  if (missing !== null) return repeat(Number(missing[1] ?? 1), () => ({ kind: 'missing' }));
  if (item === 'stale') return [{ kind: 'stale' }];
  if (item.startsWith('{{')) return expandHistogram(item);
  const match = FLOAT.exec(item);
  if (match === null) throw new Error(`cannot read value ${JSON.stringify(item)}`);
  let value = readNumber(match[1] ?? '');
  const step = match[2] === undefined ? 0 : readNumber(match[2]);
  const times = match[3] === undefined ? 1 : Number(match[3]) + 1;
  return repeat(times, () => {
    const current = value;
    // Repeated addition, as the notation is defined; it differs from i * step in the last bits.
    if (match[2] !== undefined) value += step;
    return { kind: 'float', value: current };
  });
}

function expandHistogram(item: string): SequenceValue[] {
  const match = /^\{\{(.*?)\}\}(?:([+-])\{\{(.*?)\}\})?(?:x(\d+))?$/s.exec(item);
  if (match === null) throw new Error(`cannot read histogram ${JSON.stringify(item)}`);
  const base = readHistogram(match[1] ?? '');
  const times = match[4] === undefined ? 1 : Number(match[4]) + 1;
  const increment = match[3] === undefined ? undefined : readHistogram(match[3]);
  let current = base;
  return repeat(times, () => {
    const histogram = current;
    if (increment !== undefined) current = combine(current, increment, match[2] === '-' ? -1 : 1);
    return { kind: 'histogram', histogram };
  });
}

function repeat(times: number, make: () => SequenceValue): SequenceValue[] {
  return Array.from({ length: times }, make);
}

function readHistogram(text: string): NativeHistogram {
  const fields = new Map<string, string>();
  for (const [, key = '', list, plain] of text.matchAll(/(\w+):(?:\[(.*?)\]|(\S+))/g)) {
    fields.set(key, list ?? plain ?? '');
  }
  const number = (key: string): number => readNumber(fields.get(key) ?? '0');
  const list = (key: string): number[] =>
    (fields.get(key) ?? '').split(/\s+/).filter(Boolean).map(readNumber);
  const positiveBuckets = list('buckets');
  const negativeBuckets = list('n_buckets');
  const spans = (length: number, key: string) =>
    length === 0 ? [] : [{ offset: number(key), length }];
  const base = {
    schema: number('schema'),
    count: number('count'),
    sum: number('sum'),
    zeroCount: number('z_bucket'),
    zeroThreshold: number('z_bucket_w'),
    positiveBuckets,
    positiveSpans: spans(positiveBuckets.length, 'offset'),
    negativeBuckets,
    negativeSpans: spans(negativeBuckets.length, 'n_offset'),
    counterResetHint: (fields.get('counter_reset_hint') ?? 'unknown') as CounterResetHint,
  };
  return fields.has('custom_values') ? { ...base, customValues: list('custom_values') } : base;
}

/** Adds buckets index by index; enough for series whose increments have the shape of the base. */
function combine(a: NativeHistogram, b: NativeHistogram, sign: 1 | -1): NativeHistogram {
  const add = (x: readonly number[], y: readonly number[]): number[] =>
    Array.from(
      { length: Math.max(x.length, y.length) },
      (_, i) => (x[i] ?? 0) + sign * (y[i] ?? 0),
    );
  const positiveBuckets = add(a.positiveBuckets, b.positiveBuckets);
  const negativeBuckets = add(a.negativeBuckets, b.negativeBuckets);
  const grow = (spans: NativeHistogram['positiveSpans'], length: number) =>
    length === 0 ? [] : [{ offset: spans[0]?.offset ?? 0, length }];
  return {
    ...a,
    count: a.count + sign * b.count,
    sum: a.sum + sign * b.sum,
    zeroCount: a.zeroCount + sign * b.zeroCount,
    positiveBuckets,
    negativeBuckets,
    positiveSpans: grow(a.positiveSpans, positiveBuckets.length),
    negativeSpans: grow(a.negativeSpans, negativeBuckets.length),
  };
}
