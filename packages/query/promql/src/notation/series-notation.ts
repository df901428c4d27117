import { Labels, type NativeHistogram, parseDuration } from '@dwcp/core';

import { parseSelector } from '../parser/parser.ts';
import { combine, readHistogram } from './histogram-notation.ts';
import { readNumber } from './read-number.ts';

/** One value of a series line. */
export type SequenceValue =
  | { readonly kind: 'missing' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'float'; readonly value: number }
  | {
      readonly kind: 'histogram';
      readonly histogram: NativeHistogram;
      /** Whether the line says what the counter reset hint is. */
      readonly statesHint: boolean;
    };

/** A series line: labels and values. */
export interface SeriesLine {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
  /** The line gives start timestamps (`@st`), not samples. */
  readonly isStartTimes: boolean;
  /** Of a line of start timestamps, by position: milliseconds from the sample on, if there is one. */
  readonly startOffsetsMs: readonly (number | undefined)[];
}

const NUMBER = '(?:[0-9]*\\.?[0-9]+(?:e[+-]?[0-9]+)?|[0-9]+\\.(?:e[+-]?[0-9]+)?|inf|nan)';
const FLOAT = new RegExp(`^([+-]?${NUMBER})(?:([+-]${NUMBER}))?(?:x([0-9]+))?$`, 'i');
const HISTOGRAM = /^\{\{(.*?)\}\}(?:([+-])\{\{(.*?)\}\})?(?:x(\d+))?$/s;

/**
 * Splits `name{a="b"} 1 2 3` into labels and values: the series notation of Prometheus' tests.
 * @throws Error saying what cannot be read
 * @see https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
 */
export function readSeries(text: string): SeriesLine {
  let end = 0;
  let mark = '';
  let inBraces = false;
  for (; end < text.length; end++) {
    const char = text[end] ?? '';
    if (mark !== '') {
      if (char === '\\' && mark !== '`') end++;
      else if (char === mark) mark = '';
    } else if (char === '"' || char === "'" || char === '`') mark = char;
    else if (char === '{') inBraces = true;
    else if (char === '}') inBraces = false;
    else if (/\s/.test(char) && !inBraces) break;
  }
  let head = text.slice(0, end);
  let values = text.slice(end).trim();
  // Labels may stand apart from their metric: `up {job="a"} 1`, but `up {{sum:1}}` is a value.
  if (!head.includes('{') && /^\{(?!\{)/.test(values)) {
    const close = values.indexOf('}') + 1;
    head += values.slice(0, close);
    values = values.slice(close).trim();
  }
  const isStartTimes = head.endsWith('@st');
  const metric = isStartTimes ? head.slice(0, -3) : head;
  return {
    labels: readLabels(metric),
    values: isStartTimes ? [] : parseSequence(values),
    isStartTimes,
    startOffsetsMs: isStartTimes ? parseOffsets(values) : [],
  };
}

function readLabels(metric: string): Labels {
  if (metric === '' || /^\{\s*\}$/.test(metric)) return Labels.empty;
  if (/\{\s*\}$/.test(metric)) return readLabels(metric.replace(/\{\s*\}$/, ''));
  // A selector without a name that matches '' would be refused, so one is lent to it.
  const lent = metric.startsWith('{') ? metric.replace(/^\{/, '{lent_label="x",') : metric;
  const matchers = parseSelector(lent.replace(/,\s*\}$/, '}'));
  const unequal = matchers.find(({ operator }) => operator !== '=');
  if (unequal !== undefined)
    throw new Error(`a series wants ${unequal.name}="...", not ${unequal.operator}`);
  return Labels.fromPairs(
    matchers
      .filter(({ name }) => name !== 'lent_label')
      .map(({ name, value }) => [name, value] as const),
  );
}

/** Reads the values of a series line: `1 2x3 0+10x4 _ stale {{schema:0 sum:1}}`. */
export function parseSequence(text: string): SequenceValue[] {
  return splitValues(text).flatMap((item) => expand(item));
}

const OFFSET = /^([+-]?[0-9a-wyz]+)(?:([+-])([0-9a-wyz]+)(?=x))?(?:x([0-9]+))?$/;

/** Reads offsets of start timestamps, `*` being the one before: `-1m _ -30sx3 -30s-1mx2 *x4`. */
export function parseOffsets(text: string): (number | undefined)[] {
  const offsets: (number | undefined)[] = [];
  for (const item of splitValues(text)) {
    const [, again, times] = /^([_*])(?:x(\d+))?$/.exec(item) ?? [];
    if (again === '_') {
      for (let i = 0; i < Number(times ?? 1); i++) offsets.push(undefined);
      continue;
    }
    const before = offsets.findLast((offset) => offset !== undefined) ?? 0;
    const found = again === '*' ? [item, '', '', '', times] : OFFSET.exec(item);
    if (found === null) throw new Error(`cannot read offset ${JSON.stringify(item)}`);
    const [, first = '', sign = '', step = '', count] = found;
    const start = again === '*' ? before : readOffset(first);
    const increment = step === '' ? 0 : readOffset(sign + step);
    for (let i = 0; i <= Number(count ?? 0); i++) offsets.push(start + i * increment);
  }
  return offsets;
}

function readOffset(text: string): number {
  const ms = parseDuration(text.replace(/^[+-]/, ''));
  if (ms === undefined) throw new Error(`${JSON.stringify(text)} is no duration`);
  return text.startsWith('-') ? -ms : ms;
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
  const match = HISTOGRAM.exec(item);
  if (match === null) throw new Error(`cannot read histogram ${JSON.stringify(item)}`);
  const { histogram: base, statesHint } = readHistogram(match[1] ?? '');
  const times = match[4] === undefined ? 1 : Number(match[4]) + 1;
  const increment = match[3] === undefined ? undefined : readHistogram(match[3]).histogram;
  let next = base;
  return repeat(times, (i) => {
    if (i > 0 && increment !== undefined)
      next = combine(next, increment, match[2] === '-' ? -1 : 1);
    return { kind: 'histogram', histogram: next, statesHint };
  });
}

function repeat(times: number, make: (i: number) => SequenceValue): SequenceValue[] {
  return Array.from({ length: times }, (_, i) => make(i));
}
