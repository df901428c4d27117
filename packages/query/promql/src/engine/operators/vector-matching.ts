import { Labels } from '@dwcp/core';

import { type BinaryExpression, isComparison } from '../../parser/ast.ts';
import { type Annotations } from '../annotations.ts';
import { type Budget } from '../budget.ts';
import { executionError } from '../errors.ts';
import { combineElements, type Element, elementAt } from '../histograms/elements.ts';
import { HistogramNotes } from '../histograms/notes.ts';
import { histogramSlots, type HistogramSlots, putElement, tidyHistograms } from '../native.ts';
import { anyPresent, type Column, newColumn, printLabels, withoutMetadata } from '../values.ts';
import { arithmetic, isTrim } from './scalar-operators.ts';
import { matchedLabels, signatureOf } from './signature.ts';

/** The columns of both sides that share a signature. */
interface Group {
  readonly many: Column[];
  readonly one: Column[];
}

export interface MatchContext {
  /** Steps of the grid. */
  readonly count: number;
  readonly annotations: Annotations;
  readonly budget: Budget;
}

/**
 * Arithmetic and comparison between two vectors, with full matching.
 *
 * As in Prometheus, "one" is the side on which a signature must be unique: the right one, or with
 * `group_right` the left one. Elements are matched step by step, because which series exist may
 * change along the range; the work per pair of series is done once.
 */
export class VectorMatcher {
  readonly #node: BinaryExpression;
  readonly #compute: (left: number, right: number) => number;
  readonly #filters: boolean;
  readonly #swapped: boolean;
  readonly #count: number;
  readonly #budget: Budget;
  readonly #pending: Iterable<Group>;
  readonly #out: Column[] = [];
  /** Histograms of result columns, where there are any. */
  readonly #histograms = new Map<Column, HistogramSlots>();
  readonly #notes: HistogramNotes;
  /** Steps at which both sides have elements; duplicates elsewhere match nothing and are no fault. */
  readonly #bothSides: Uint8Array;

  constructor(
    node: BinaryExpression,
    left: readonly Column[],
    right: readonly Column[],
    { count, annotations, budget }: MatchContext,
  ) {
    this.#node = node;
    this.#notes = new HistogramNotes(annotations, node);
    // Trimming works on histograms only, element by element.
    this.#compute = isTrim(node.operator) ? () => 0 : arithmetic(node.operator);
    this.#filters = isComparison(node.operator) && !node.returnBool;
    this.#swapped = node.matching.cardinality === 'one-to-many';
    this.#count = count;
    this.#budget = budget;
    const leftAny = presenceOf(left, count);
    const rightAny = presenceOf(right, count);
    const fills = this.#fillMany !== undefined || this.#fillOne !== undefined;
    this.#bothSides = leftAny.map((is, i) =>
      fills ? is | (rightAny[i] ?? 0) : is & (rightAny[i] ?? 0),
    );
    this.#pending = this.#groups(left, right);
  }

  /** The result, columns without an element left out. To be called once. */
  async match(): Promise<Column[]> {
    for (const group of this.#pending) {
      await this.#matchGroup(group);
      if (this.#budget.isDue) await this.#budget.breathe();
    }
    return this.#out.filter(anyPresent).map((column) => {
      const histograms = this.#histograms.get(column);
      return histograms === undefined ? column : tidyHistograms(column, histograms);
    });
  }

  /**
   * What stands in for an element that the "one" side lacks. Prometheus swaps the sides of a
   * `group_right` before it fills, so that `fill_right` is always about the "one" side.
   */
  get #fillOne(): number | undefined {
    return this.#node.matching.fillRight;
  }

  get #fillMany(): number | undefined {
    return this.#node.matching.fillLeft;
  }

  #groups(left: readonly Column[], right: readonly Column[]): Iterable<Group> {
    const signature = signatureOf(this.#node.matching);
    const groups = new Map<string, Group>();
    for (const [columns, side] of [
      [this.#swapped ? right : left, 'many'],
      [this.#swapped ? left : right, 'one'],
    ] as const) {
      for (const column of columns) {
        const key = signature(column);
        let group = groups.get(key);
        if (group === undefined) groups.set(key, (group = { many: [], one: [] }));
        group[side].push(column);
      }
    }
    return groups.values();
  }

  async #matchGroup(group: Group): Promise<void> {
    const [one] = group.one;
    const isUnique = group.one.length === 1 && one !== undefined && this.#hasNoFill();
    const isOneToOne = this.#node.matching.cardinality === 'one-to-one';
    if (isUnique && (group.many.length === 1 || !isOneToOne)) {
      const pairs = group.many.map((many) => ({ many, pair: this.#pair(many, one) }));
      // With distinct results no step can be ambiguous, so each pair is computed in one go.
      if (new Set(pairs.map(({ pair }) => pair.labels.key)).size === pairs.length) {
        for (const { many, pair } of pairs) {
          this.#computePair(pair, many, one);
          if (this.#budget.isDue) await this.#budget.breathe();
        }
        return;
      }
    }
    await this.#matchStepByStep(group);
  }

  #computePair(pair: Column, many: Column, one: Column): void {
    const areFloats = many.histograms === undefined && one.histograms === undefined;
    if (!areFloats || isTrim(this.#node.operator)) {
      for (let step = 0; step < this.#count; step++) {
        if (many.present[step] === 1 && one.present[step] === 1) {
          this.#combine(pair, step, elementAt(many, step), elementAt(one, step));
        }
      }
      this.#out.push(pair);
      return;
    }
    for (let step = 0; step < this.#count; step++) {
      if (many.present[step] === 1 && one.present[step] === 1) {
        this.#store(pair, step, many.values[step] ?? 0, one.values[step] ?? 0);
      }
    }
    this.#out.push(pair);
  }

  #hasNoFill(): boolean {
    return this.#fillOne === undefined && this.#fillMany === undefined;
  }

  async #matchStepByStep(group: Group): Promise<void> {
    const pairs = new PairCache((many, one) => {
      const pair = this.#pair(many ?? this.#blank(one), one ?? this.#blank(many));
      this.#out.push(pair);
      return pair;
    });
    const isOneToOne = this.#node.matching.cardinality === 'one-to-one';
    for (let step = 0; step < this.#count; step++) {
      if (this.#bothSides[step] === 0) continue;
      if (this.#budget.isDue) await this.#budget.breathe();
      const one = this.#uniqueOne(group.one, step);
      const many = group.many.filter((column) => column.present[step] === 1);
      const oneValue = one === undefined ? this.#fillOne : elementAt(one, step);
      if (isOneToOne && many.length > 1 && oneValue !== undefined) {
        throw executionError(
          'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
          this.#node,
        );
      }
      if (oneValue !== undefined) this.#matchMany(many, one, oneValue, step, pairs);
      if (one !== undefined && many.length === 0 && this.#fillMany !== undefined) {
        this.#combine(pairs.get(undefined, one), step, this.#fillMany, elementAt(one, step));
      }
    }
  }

  #matchMany(
    many: readonly Column[],
    one: Column | undefined,
    oneValue: Element,
    step: number,
    pairs: PairCache,
  ): void {
    const taken = new Set<string>();
    for (const column of many) {
      const pair = pairs.get(column, one);
      if (!this.#combine(pair, step, elementAt(column, step), oneValue)) continue;
      if (taken.has(pair.labels.key)) {
        throw executionError(
          'multiple matches for labels: grouping labels must ensure unique matches',
          this.#node,
        );
      }
      taken.add(pair.labels.key);
    }
  }

  #uniqueOne(ones: readonly Column[], step: number): Column | undefined {
    let found: Column | undefined;
    for (const column of ones) {
      if (column.present[step] === 0) continue;
      if (found !== undefined) throw this.#duplicate(found, column);
      found = column;
    }
    return found;
  }

  #duplicate(first: Column, second: Column): Error {
    const side = this.#swapped ? 'left' : 'right';
    const group = printLabels(matchedLabels(first.labels, this.#node.matching));
    const [a, b] = [printLabels(first.labels), printLabels(second.labels)].sort();
    return executionError(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
        `[${a}, ${b}];many-to-many matching not allowed: matching labels must be unique on one side`,
      this.#node,
    );
  }

  /** What stands in for a series that is not there: only the labels that matched. */
  #blank(other: Column | undefined): Column {
    if (other === undefined) throw new Error('neither side has an element');
    return { ...other, labels: matchedLabels(other.labels, this.#node.matching) };
  }

  #pair(many: Column, one: Column): Column {
    const { matching } = this.#node;
    let { labels } = many;
    const keepsName = isComparison(this.#node.operator) || isTrim(this.#node.operator);
    if (!keepsName) labels = withoutMetadata(labels);
    if (matching.cardinality === 'one-to-one') {
      labels = matching.on ? labels.keep(matching.labels) : labels.without(matching.labels);
    }
    if (matching.include.length > 0) {
      labels = Labels.fromPairs([
        ...labels,
        ...matching.include.map((name) => [name, one.labels.get(name)] as const),
      ]);
    }
    const dropName = this.#node.returnBool || many.dropName;
    this.#budget.chargeColumn(this.#count);
    return newColumn(labels, dropName, this.#count);
  }

  /** Floats or histograms; says whether there is a result. */
  #combine(pair: Column, step: number, many: Element, one: Element): boolean {
    const { operator } = this.#node;
    if (typeof many === 'number' && typeof one === 'number' && !isTrim(operator)) {
      return this.#store(pair, step, many, one);
    }
    const left = this.#swapped ? one : many;
    const right = this.#swapped ? many : one;
    const result = combineElements(operator, left, right, this.#notes);
    if (result === undefined || (this.#filters && result === 0)) return false;
    let histograms = this.#histograms.get(pair);
    if (histograms === undefined) {
      histograms = histogramSlots(this.#count);
      this.#histograms.set(pair, histograms);
    }
    putElement(pair, histograms, step, this.#filters ? left : result);
    return true;
  }

  #store(pair: Column, step: number, many: number, one: number): boolean {
    const left = this.#swapped ? one : many;
    const right = this.#swapped ? many : one;
    const result = this.#compute(left, right);
    if (this.#filters && result === 0) return false;
    pair.values[step] = this.#filters ? left : result;
    pair.present[step] = 1;
    return true;
  }
}

/** The result columns of pairs met so far; a side that is missing is undefined. */
class PairCache {
  readonly #make: (many: Column | undefined, one: Column | undefined) => Column;
  readonly #pairs = new Map<Column | undefined, Map<Column | undefined, Column>>();

  constructor(make: (many: Column | undefined, one: Column | undefined) => Column) {
    this.#make = make;
  }

  get(many: Column | undefined, one: Column | undefined): Column {
    let ofMany = this.#pairs.get(many);
    if (ofMany === undefined) this.#pairs.set(many, (ofMany = new Map()));
    let pair = ofMany.get(one);
    if (pair === undefined) ofMany.set(one, (pair = this.#make(many, one)));
    return pair;
  }
}

function presenceOf(columns: readonly Column[], count: number): Uint8Array {
  const presence = new Uint8Array(count);
  for (const { present } of columns) {
    for (let i = 0; i < count; i++) presence[i] = (presence[i] ?? 0) | (present[i] ?? 0);
  }
  return presence;
}
