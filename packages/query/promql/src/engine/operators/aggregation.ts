import { type Labels, METRIC_NAME } from '@dwcp/core';

import { type AggregateExpression } from '../../parser/ast.ts';
import { formatFloat, quote } from '../../parser/go-text.ts';
import { type Annotations } from '../annotations.ts';
import { executionError } from '../errors.ts';
import { refuseHistograms } from '../native.ts';
import { quantile } from '../quantile.ts';
import { CompensatedMean, CompensatedSum } from '../summation.ts';
import { anyPresent, type Column, newColumn } from '../values.ts';

/** The columns of one output series. */
interface Group {
  readonly labels: Labels;
  /** A name that no longer applies still tells groups apart, and goes away at the end. */
  readonly dropName: boolean;
  readonly members: Column[];
}

/** Gathers one group's values at one step. */
interface Accumulator {
  add(value: number): void;
  readonly result: number;
}

export interface AggregateInput {
  readonly node: AggregateExpression;
  readonly columns: readonly Column[];
  /** The parameter by step, where it is a number. */
  readonly parameter: Float64Array | undefined;
  /** The parameter of `count_values`. */
  readonly labelName: string | undefined;
  readonly count: number;
  readonly annotations: Annotations;
}

/** Aggregates a vector over `by` or `without`. */
export function aggregate(input: AggregateInput): Column[] {
  const { node, columns } = input;
  switch (node.operator) {
    case 'topk':
    case 'bottomk':
      return selectK(input, node.operator === 'topk' ? -1 : 1);
    case 'limitk':
      return selectK(input, 0);
    case 'limit_ratio':
      return limitRatio(input);
    case 'count_values':
      return countValues(input);
    case 'quantile':
      return quantiles(input);
    case 'count':
    case 'group':
      break;
    case 'avg':
    case 'max':
    case 'min':
    case 'stddev':
    case 'stdvar':
    case 'sum':
      refuseHistograms(columns, `${node.operator}()`, node);
  }
  const make = accumulatorOf(node.operator);
  return groupsOf(node, columns).map(({ dropName, labels, members }) => {
    const out = newColumn(labels, dropName, input.count);
    const accumulators: Accumulator[] = Array.from({ length: input.count }, make);
    // Series by series, because each one's values lie side by side in memory.
    for (const { present, values } of members) {
      for (let step = 0; step < input.count; step++) {
        if (present[step] === 0) continue;
        accumulators[step]?.add(values[step] ?? 0);
        out.present[step] = 1;
      }
    }
    for (let step = 0; step < input.count; step++) {
      out.values[step] = accumulators[step]?.result ?? 0;
    }
    return out;
  });
}

function accumulatorOf(operator: AggregateExpression['operator']): () => Accumulator {
  switch (operator) {
    case 'sum':
      return () => new Sum();
    case 'avg':
      return () => new Mean();
    case 'min':
      return () => new Extreme(-1);
    case 'max':
      return () => new Extreme(1);
    case 'count':
      return () => new Count();
    case 'group':
      return () => ({ add: () => undefined, result: 1 });
    case 'stddev':
      return () => new Spread(Math.sqrt);
    case 'stdvar':
      return () => new Spread((variance) => variance);
    case 'bottomk':
    case 'topk':
    case 'limitk':
    case 'limit_ratio':
    case 'quantile':
    case 'count_values':
      throw new Error(`${operator} does not accumulate`);
  }
}

class Sum extends CompensatedSum {
  get result(): number {
    return this.total;
  }
}

class Mean extends CompensatedMean {
  get result(): number {
    return this.mean;
  }
}

class Count {
  result = 0;

  add(): void {
    this.result++;
  }
}

class Extreme {
  result = Number.NaN;
  readonly #sign: 1 | -1;

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  add(value: number): void {
    const isBetter = this.#sign === 1 ? value > this.result : value < this.result;
    if (isBetter || Number.isNaN(this.result)) this.result = value;
  }
}

class Spread {
  readonly #finish: (variance: number) => number;
  #count = 0;
  #mean = 0;
  #squares = 0;

  constructor(finish: (variance: number) => number) {
    this.#finish = finish;
  }

  add(value: number): void {
    this.#count++;
    if (this.#count === 1) {
      this.#mean = value;
      this.#squares = Number.isFinite(value) ? 0 : Number.NaN;
      return;
    }
    const delta = value - this.#mean;
    this.#mean += delta / this.#count;
    this.#squares += delta * (value - this.#mean);
  }

  get result(): number {
    return this.#finish(this.#squares / this.#count);
  }
}

/** The labels that name the group of a series. */
function groupLabels(
  node: AggregateExpression,
  names: ReadonlySet<string>,
): (labels: Labels) => Labels {
  return node.without ? (labels) => labels.without(names) : (labels) => labels.keep(names);
}

function groupingNames(node: AggregateExpression): ReadonlySet<string> {
  return new Set(
    node.without ? [...node.grouping, METRIC_NAME, '__type__', '__unit__'] : node.grouping,
  );
}

function groupsOf(node: AggregateExpression, columns: readonly Column[]): Group[] {
  const labelsOf = groupLabels(node, groupingNames(node));
  const groups = new Map<string, Group>();
  for (const column of columns) {
    const labels = labelsOf(column.labels);
    let group = groups.get(labels.key);
    if (group === undefined) {
      group = { labels, dropName: column.dropName, members: [] };
      groups.set(labels.key, group);
    }
    group.members.push(column);
  }
  return [...groups.values()];
}

/** How many elements to take at a step. @throws QueryError when the parameter is no such number */
function takeAt(input: AggregateInput, step: number): number {
  const k = input.parameter?.[step] ?? Number.NaN;
  if (Number.isNaN(k)) throw executionError('Parameter value is NaN', input.node);
  if (k >= 2 ** 63 || k <= -(2 ** 63)) {
    throw executionError(`Scalar value ${formatFloat(k)} overflows int64`, input.node);
  }
  return Math.trunc(k);
}

/**
 * `topk`, `bottomk` and `limitk`: elements of the input pass unchanged.
 * @param order -1 largest first, 1 smallest first, 0 as they come; NaN counts as the worst
 */
function selectK(input: AggregateInput, order: -1 | 0 | 1): Column[] {
  const { node, count } = input;
  // Judged before the data, so that a bad parameter never goes unnoticed.
  const takes = Array.from({ length: count }, (_, step) => takeAt(input, step));
  const floats = input.columns.map((column) => withoutHistograms(column, input, order !== 0));
  const result: Column[] = [];
  for (const { members } of groupsOf(node, floats)) {
    const kept = members.map((column) => ({ ...column, present: new Uint8Array(count) }));
    let ranking: number[] = [];
    for (let step = 0; step < count; step++) {
      const take = takes[step] ?? 0;
      if (take < 1) continue;
      ranking = members.flatMap((column, index) => (column.present[step] === 1 ? [index] : []));
      if (order !== 0) {
        ranking.sort((a, b) =>
          compareNanLast(members[a]?.values[step] ?? 0, members[b]?.values[step] ?? 0, order),
        );
      }
      ranking = ranking.slice(0, take);
      for (const index of ranking) {
        const column = kept[index];
        if (column !== undefined) column.present[step] = 1;
      }
    }
    // An instant vector keeps the ranking; over a range there is no one ranking.
    if (count === 1) {
      result.push(...ranking.flatMap((index) => kept[index] ?? []));
    } else result.push(...kept.filter(anyPresent));
  }
  return result;
}

function withoutHistograms(column: Column, input: AggregateInput, drop: boolean): Column {
  const { histograms } = column;
  if (histograms === undefined || !drop) return column;
  input.annotations.info(`ignored histogram in ${input.node.operator} aggregation`, input.node.of);
  const { labels, dropName, values } = column;
  const present = column.present.map((is, i) => (histograms[i] === undefined ? is : 0));
  return { labels, dropName, values, present };
}

/**
 * `limit_ratio`: a sample of the series that is the same at every step and for every query. The
 * ratios r and r - 1 give complements. Which series are taken differs from Prometheus, whose hash
 * is an internal of its own.
 */
function limitRatio(input: AggregateInput): Column[] {
  const { node, parameter = new Float64Array(), columns, annotations } = input;
  if (parameter.some(Number.isNaN)) throw executionError('Ratio value is NaN', node);
  const ratios = parameter.map((ratio) => Math.max(-1, Math.min(1, ratio)));
  for (const [step, ratio] of parameter.entries()) {
    const capped = ratios[step] ?? 0;
    if (capped === ratio) continue;
    annotations.warn(
      `ratio value should be between -1 and 1, got ${formatFloat(ratio)}, capping to ${capped}`,
      node.parameter ?? node,
    );
  }
  return columns
    .map((column) => {
      const place = placeOf(column.labels);
      const present = column.present.map((is, step) => {
        const ratio = ratios[step] ?? 0;
        return is === 1 && (ratio >= 0 ? place < ratio : place >= 1 + ratio) ? 1 : 0;
      });
      return { ...column, present };
    })
    .filter(anyPresent);
}

/** A number in [0, 1) that depends on the labels alone: FNV-1a, its bits mixed as murmur3 does. */
function placeOf(labels: Labels): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(labels.key)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Orders numbers ascending (1) or descending (-1), NaN last either way. */
export function compareNanLast(a: number, b: number, order: -1 | 1): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  if (a === b) return 0;
  return a < b ? -order : order;
}

function quantiles(input: AggregateInput): Column[] {
  const { node, count, parameter, annotations } = input;
  const columns = input.columns.map((column) => withoutHistograms(column, input, true));
  warnAboutQuantiles(parameter, annotations, node.parameter ?? node);
  return groupsOf(node, columns).map(({ dropName, labels, members }) => {
    const out = newColumn(labels, dropName, count);
    const values = new Float64Array(members.length);
    for (let step = 0; step < count; step++) {
      let size = 0;
      for (const member of members) {
        if (member.present[step] === 1) values[size++] = member.values[step] ?? 0;
      }
      if (size === 0) continue;
      out.values[step] = quantile(parameter?.[step] ?? Number.NaN, values.subarray(0, size));
      out.present[step] = 1;
    }
    return out;
  });
}

/** Warns of each quantile outside [0, 1]. */
export function warnAboutQuantiles(
  quantiles: Float64Array | undefined,
  annotations: Annotations,
  span: { readonly start: number; readonly end: number },
): void {
  for (const q of new Set(quantiles)) {
    if (!(q >= 0 && q <= 1)) {
      annotations.warn(`quantile value should be between 0 and 1, got ${formatFloat(q)}`, span);
    }
  }
}

function countValues(input: AggregateInput): Column[] {
  const { node, count } = input;
  const name = input.labelName ?? '';
  if (name === '' || !name.isWellFormed()) {
    throw executionError(`invalid label name ${quote(name)}`, node);
  }
  refuseHistograms(input.columns, 'count_values()', node);
  const names = new Set(groupingNames(node));
  if (!node.without) names.add(name);
  const labelsOf = groupLabels(node, names);
  const out = new Map<string, Column>();
  for (const { dropName, labels, present, values } of input.columns) {
    const seen = new Map<number, Column>();
    for (let step = 0; step < count; step++) {
      if (present[step] === 0) continue;
      const value = values[step] ?? 0;
      let column = seen.get(value);
      if (column === undefined) {
        const group = labelsOf(labels.with({ [name]: formatFloat(value) }));
        column = out.get(group.key) ?? newColumn(group, dropName, count);
        out.set(group.key, column);
        seen.set(value, column);
      }
      column.values[step] = (column.values[step] ?? 0) + 1;
      column.present[step] = 1;
    }
  }
  return [...out.values()];
}
