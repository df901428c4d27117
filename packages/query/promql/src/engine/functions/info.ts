import { compileMatcher, Labels, type LabelMatcher, METRIC_NAME } from '@dwcp/core';

import {
  type AtModifier,
  type DurationExpression,
  type Expression,
  type VectorSelector,
} from '../../parser/ast.ts';
import { executionError } from '../errors.ts';
import { elementAt } from '../histograms/elements.ts';
import { mergeColumns } from '../merge.ts';
import { histogramSlots, putElement, tidyHistograms } from '../native.ts';
import { type Column, newColumn } from '../values.ts';
import { type Call, vectorArgument } from './call.ts';

/** The labels by which a series finds its info series, as they are in Prometheus. */
const IDENTIFYING = new Set(['instance', 'job']);
const TARGET_INFO: LabelMatcher = { name: METRIC_NAME, operator: '=', value: 'target_info' };
/** What counts as an info metric when names are only ruled out. */
const ANY_INFO: LabelMatcher = { name: METRIC_NAME, operator: '=~', value: '.+_info' };

/** What the second argument asks for. */
interface Wanted {
  readonly names: readonly LabelMatcher[];
  /** By the labels to add; all labels are added when there are none. */
  readonly data: ReadonlyMap<string, readonly LabelMatcher[]>;
  readonly isInfoName: (name: string) => boolean;
  /** Whether a series without info stays. */
  readonly keepsBare: boolean;
}

/**
 * `info()`: adds the labels of info series, by default `target_info`, to the series that they belong
 * to. Of several info series of one metric the one with the newest sample counts.
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#info
 */
export async function info(call: Call): Promise<Column[]> {
  const columns = await vectorArgument(call, 0);
  const selector = call.node.args[1];
  const wanted = wantedBy(selector?.kind === 'vector-selector' ? selector : undefined);
  const infos = await infoColumns(call, columns, wanted);
  const results = columns.flatMap((column) =>
    wanted.isInfoName(column.labels.metricName)
      ? [column]
      : new Enrichment(call, column, infos, wanted).columns,
  );
  return mergeColumns(results, call.node);
}

function wantedBy(selector: VectorSelector | undefined): Wanted {
  const matchers = selector?.matchers ?? [];
  let names = matchers.filter(({ name }) => name === METRIC_NAME);
  if (names.length === 0) names = [TARGET_INFO];
  else if (names.every(({ operator }) => operator.startsWith('!'))) names = [ANY_INFO, ...names];
  const data = new Map<string, LabelMatcher[]>();
  for (const matcher of matchers) {
    if (matcher.name === METRIC_NAME) continue;
    data.set(matcher.name, [...(data.get(matcher.name) ?? []), matcher]);
  }
  const tests = names.map((matcher) => compileMatcher(matcher));
  return {
    names,
    data,
    isInfoName: (name) => tests.every((test) => test(name)),
    keepsBare: [...data.values()].flat().every((matcher) => compileMatcher(matcher)('')),
  };
}

/** The info series that may belong to a vector, by what identifies them. */
type InfoIndex = ReadonlyMap<string, ReadonlyMap<string, readonly InfoSeries[]>>;

interface InfoSeries {
  readonly labels: Labels;
  readonly present: Uint8Array;
  /** When the sample seen at each step was taken, in seconds. */
  readonly times: Float64Array;
}

async function infoColumns(
  { evaluation, grid, node }: Call,
  columns: readonly Column[],
  wanted: Wanted,
): Promise<InfoIndex> {
  const index = new Map<string, Map<string, InfoSeries[]>>();
  const matchers: LabelMatcher[] = [...wanted.names, ...[...wanted.data.values()].flat()];
  const bases = columns.filter(({ labels }) => !wanted.isInfoName(labels.metricName));
  let identified = false;
  for (const name of IDENTIFYING) {
    const values = new Set(bases.map(({ labels }) => labels.get(name)));
    values.delete('');
    if (values.size === 0) continue;
    identified = true;
    const value = [...values].map(escapePattern).join('|');
    matchers.push({ name, operator: '=~', value });
  }
  const [arg] = node.args;
  if (!identified || arg === undefined) return index;
  const selector: VectorSelector = {
    kind: 'vector-selector',
    name: '',
    matchers,
    start: node.start,
    end: node.end,
    ...shiftOf(arg),
  };
  const found = await evaluation.selectColumns(selector, grid, 'value');
  if (found.some(({ histograms }) => histograms !== undefined)) {
    throw executionError('info sample should be float', node);
  }
  const times = await evaluation.selectColumns(selector, grid, 'time');
  for (const [i, { labels, present }] of found.entries()) {
    const key = identity(labels);
    const byName = index.get(key) ?? new Map<string, InfoSeries[]>();
    index.set(key, byName);
    const series = { labels, present, times: times[i]?.values ?? new Float64Array() };
    byName.set(labels.metricName, [...(byName.get(labels.metricName) ?? []), series]);
  }
  return index;
}

function identity(labels: Labels): string {
  return labels.keep(IDENTIFYING).key;
}

function escapePattern(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

type ShiftExpression = { readonly at?: AtModifier; readonly offset?: DurationExpression };

/**
 * When the info series are looked at: when the first selector of the argument is, which its own
 * modifiers and those of the subqueries around it say.
 */
function shiftOf(node: Expression): ShiftExpression {
  return findShift(node, []) ?? {};
}

function findShift(
  node: Expression,
  around: readonly ShiftExpression[],
): ShiftExpression | undefined {
  switch (node.kind) {
    case 'number':
    case 'string':
      return undefined;
    case 'vector-selector':
      return combineShifts([node, ...around]);
    case 'matrix-selector':
      return findShift(node.selector, around);
    case 'subquery':
      return findShift(node.of, [node, ...around]);
    case 'paren':
    case 'unary':
      return findShift(node.of, around);
    case 'aggregate':
      return findShift(node.of, around);
    case 'binary':
      return findShift(node.left, around) ?? findShift(node.right, around);
    case 'call':
      for (const arg of node.args) {
        const found = findShift(arg, around);
        if (found !== undefined) return found;
      }
      return undefined;
  }
}

/** @param shifts from the innermost on; what is around an `@` does not move it */
function combineShifts(shifts: readonly ShiftExpression[]): ShiftExpression {
  let offset: DurationExpression | undefined;
  for (const shift of shifts) {
    offset = sumOf(offset, shift.offset);
    if (shift.at !== undefined) {
      return offset === undefined ? { at: shift.at } : { at: shift.at, offset };
    }
  }
  return offset === undefined ? {} : { offset };
}

function sumOf(
  left: DurationExpression | undefined,
  right: DurationExpression | undefined,
): DurationExpression | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return { kind: 'binary', operator: '+', left, right, start: left.start, end: right.end };
}

/** One series with the labels that its info series have at each step. */
class Enrichment {
  readonly #call: Call;
  readonly #base: Column;
  readonly #byName: ReadonlyMap<string, readonly InfoSeries[]>;
  readonly #wanted: Wanted;
  readonly #out = new Map<
    string,
    { column: Column; histograms: ReturnType<typeof histogramSlots> }
  >();
  readonly #enriched = new Map<string, Labels>();

  constructor(call: Call, base: Column, infos: InfoIndex, wanted: Wanted) {
    this.#call = call;
    this.#base = base;
    this.#byName = infos.get(identity(base.labels)) ?? new Map();
    this.#wanted = wanted;
    for (let step = 0; step < call.grid.count; step++) {
      if (base.present[step] === 1) this.#enrich(step);
    }
  }

  get columns(): Column[] {
    return Array.from(this.#out.values(), ({ column, histograms }) =>
      tidyHistograms(column, histograms),
    );
  }

  #enrich(step: number): void {
    const picked = [...this.#byName.values()].flatMap((series) => newest(series, step, this.#call));
    if (picked.length === 0 && !this.#wanted.keepsBare) return;
    const labels = this.#labelsWith(picked);
    let out = this.#out.get(labels.key);
    if (out === undefined) {
      const { count } = this.#call.grid;
      const column = newColumn(labels, this.#base.dropName, count);
      out = { column, histograms: histogramSlots(count) };
      this.#out.set(labels.key, out);
    }
    putElement(out.column, out.histograms, step, elementAt(this.#base, step));
  }

  #labelsWith(picked: readonly InfoSeries[]): Labels {
    const key = picked.map(({ labels }) => labels.key).join('\n');
    let enriched = this.#enriched.get(key);
    if (enriched === undefined) {
      enriched = this.#join(picked);
      this.#enriched.set(key, enriched);
    }
    return enriched;
  }

  #join(picked: readonly InfoSeries[]): Labels {
    const { data } = this.#wanted;
    const base = this.#base.labels;
    const added = new Map<string, string>();
    for (const { labels } of picked) {
      for (const [name, value] of labels) {
        if (name === METRIC_NAME || (data.size > 0 && !data.has(name))) continue;
        const known = added.get(name);
        if (known !== undefined && known !== value) {
          throw executionError(`conflicting label: ${name}`, this.#call.node);
        }
        if (!base.has(name)) added.set(name, value);
      }
    }
    return added.size === 0 ? base : Labels.fromPairs([...base, ...added]);
  }
}

/** Of one metric's info series the one whose sample at a step is the newest. */
function newest(series: readonly InfoSeries[], step: number, { node }: Call): InfoSeries[] {
  let best: InfoSeries | undefined;
  for (const one of series) {
    if (one.present[step] === 0) continue;
    const time = one.times[step] ?? 0;
    const bestTime = best?.times[step] ?? 0;
    if (best === undefined || time > bestTime) best = one;
    else if (time === bestTime) {
      throw executionError(
        `found duplicate series for info metric: existing ${best.labels.toString()} @ ${bestTime * 1000}, new ${one.labels.toString()} @ ${time * 1000}`,
        node,
      );
    }
  }
  return best === undefined ? [] : [best];
}
