import { type BucketSpan, type CounterResetHint, type NativeHistogram } from '@dwcp/core';

import { readNumber } from './read-number.ts';

const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];
const LISTS = ['buckets', 'n_buckets', 'custom_values'];
const NUMBERS = ['schema', 'sum', 'count', 'z_bucket', 'z_bucket_w', 'offset', 'n_offset'];
const CUSTOM_BUCKETS = -53;

/** A histogram as a script writes it, and whether it says what its counter reset hint is. */
export interface WrittenHistogram {
  readonly histogram: NativeHistogram;
  readonly statesHint: boolean;
}

/** Reads what stands between `{{` and `}}`. @throws Error naming the field */
export function readHistogram(text: string): WrittenHistogram {
  const fields = new Map<string, string>();
  const rest = text.replaceAll(/(\w+):(?:\[([^\]]*)\]|([^\s[\]]+))/g, (_, key, list, plain) => {
    const isList = LISTS.includes(key as string);
    if (!isList && !NUMBERS.includes(key as string) && key !== 'counter_reset_hint')
      throw new Error(`a histogram has no field ${String(key)}`);
    if (isList !== (list !== undefined))
      throw new Error(`${String(key)} wants ${isList ? 'a list in [ ]' : 'one value'}`);
    if (fields.has(key as string)) throw new Error(`${String(key)} stands twice`);
    fields.set(key as string, (list ?? plain) as string);
    return '';
  });
  if (rest.trim() !== '') throw new Error(`cannot read ${JSON.stringify(rest.trim())}`);

  const number = (key: string): number => readNumber(fields.get(key) ?? '0');
  const list = (key: string): number[] =>
    (fields.get(key) ?? '').split(/\s+/).filter(Boolean).map(readNumber);
  const hint = fields.get('counter_reset_hint') ?? 'unknown';
  const counterResetHint = HINTS.find((known) => known === hint);
  if (counterResetHint === undefined) throw new Error(`there is no counter_reset_hint ${hint}`);
  const schema = number('schema');
  if (schema !== CUSTOM_BUCKETS && !(schema >= -4 && schema <= 8))
    throw new Error(`schema wants -4 to 8, or -53, got ${schema}`);
  const positiveBuckets = list('buckets');
  const negativeBuckets = list('n_buckets');
  const histogram = {
    schema,
    count: number('count'),
    sum: number('sum'),
    zeroCount: number('z_bucket'),
    zeroThreshold: number('z_bucket_w'),
    positiveBuckets,
    positiveSpans: oneSpan(number('offset'), positiveBuckets.length),
    negativeBuckets,
    negativeSpans: oneSpan(number('n_offset'), negativeBuckets.length),
    counterResetHint,
    ...(schema === CUSTOM_BUCKETS ? { customValues: list('custom_values') } : {}),
  };
  return { histogram, statesHint: fields.has('counter_reset_hint') };
}

function oneSpan(offset: number, length: number): BucketSpan[] {
  return length === 0 ? [] : [{ offset, length }];
}

/** Counts by bucket index, empty buckets left out. @throws Error when the spans do not fit */
export function bucketCounts(
  spans: readonly BucketSpan[],
  buckets: readonly number[],
): Map<number, number> {
  const counts = new Map<number, number>();
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, at++) {
      const count = buckets[at];
      if (count !== undefined && count !== 0) counts.set(index, count);
    }
  }
  if (at !== buckets.length) throw new Error(`${buckets.length} buckets in spans for ${at}`);
  return counts;
}

/** Writes a histogram as a script does, without empty buckets at the ends. */
export function writeHistogram(histogram: NativeHistogram): string {
  const { schema, count, sum, zeroCount, zeroThreshold, counterResetHint } = histogram;
  const fields: string[] = [];
  const put = (key: string, value: number): void => {
    if (value !== 0) fields.push(`${key}:${value}`);
  };
  put('schema', schema);
  put('count', count);
  put('sum', sum);
  put('z_bucket', zeroCount);
  put('z_bucket_w', zeroThreshold);
  if (histogram.customValues !== undefined && histogram.customValues.length > 0)
    fields.push(`custom_values:[${histogram.customValues.join(' ')}]`);
  if (counterResetHint !== 'unknown') fields.push(`counter_reset_hint:${counterResetHint}`);
  const side = (offset: string, key: string, counts: ReadonlyMap<number, number>): void => {
    if (counts.size === 0) return;
    const [first, last] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
    put(offset, first);
    const dense = Array.from({ length: last - first + 1 }, (_, i) => counts.get(first + i) ?? 0);
    fields.push(`${key}:[${dense.join(' ')}]`);
  };
  side('offset', 'buckets', bucketCounts(histogram.positiveSpans, histogram.positiveBuckets));
  side('n_offset', 'n_buckets', bucketCounts(histogram.negativeSpans, histogram.negativeBuckets));
  return `{{${fields.join(' ')}}}`;
}

/**
 * The base with the increment added to it or taken from it, in the base's schema.
 * @throws Error when the increment is coarser, or the two have other bounds
 */
export function combine(
  base: NativeHistogram,
  increment: NativeHistogram,
  sign: 1 | -1,
): NativeHistogram {
  const isCustom = base.schema === CUSTOM_BUCKETS;
  if (isCustom !== (increment.schema === CUSTOM_BUCKETS) || base.schema > increment.schema)
    throw new Error(`schema ${increment.schema} cannot be added to schema ${base.schema}`);
  if (
    base.zeroThreshold !== increment.zeroThreshold ||
    String(base.customValues) !== String(increment.customValues)
  )
    throw new Error('an increment wants the zero bucket and the bounds of its base');
  const halvings = isCustom ? 0 : increment.schema - base.schema;
  const join = (
    own: ReadonlyMap<number, number>,
    added: ReadonlyMap<number, number>,
  ): { readonly spans: BucketSpan[]; readonly buckets: number[] } => {
    const counts = new Map(own);
    for (const [index, count] of added) {
      // Bucket i of a schema lies in bucket ceil(i / 2) of the next coarser one.
      const at = Math.ceil(index / 2 ** halvings);
      counts.set(at, (counts.get(at) ?? 0) + sign * count);
    }
    if (counts.size === 0) return { spans: [], buckets: [] };
    const [first, last] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
    const length = last - first + 1;
    const buckets = Array.from({ length }, (_, i) => counts.get(first + i) ?? 0);
    return { spans: oneSpan(first, length), buckets };
  };
  const positive = join(
    bucketCounts(base.positiveSpans, base.positiveBuckets),
    bucketCounts(increment.positiveSpans, increment.positiveBuckets),
  );
  const negative = join(
    bucketCounts(base.negativeSpans, base.negativeBuckets),
    bucketCounts(increment.negativeSpans, increment.negativeBuckets),
  );
  return {
    ...base,
    count: base.count + sign * increment.count,
    sum: base.sum + sign * increment.sum,
    zeroCount: base.zeroCount + sign * increment.zeroCount,
    positiveBuckets: positive.buckets,
    positiveSpans: positive.spans,
    negativeBuckets: negative.buckets,
    negativeSpans: negative.spans,
  };
}
