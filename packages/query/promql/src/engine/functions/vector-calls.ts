import { Labels } from '@dwcp/core';

import { unwrapParens } from '../../parser/ast.ts';
import { timeAt } from '../grid.ts';
import { compareNanLast } from '../operators/aggregation/select-k.ts';
import { floatsOf } from '../operators/aggregation/without-histograms.ts';
import { larger, smaller } from '../operators/scalar-operators.ts';
import { type Column, constantColumn, newColumn } from '../values.ts';
import { argument, type Call, scalarArgument, stringArgument, vectorArgument } from './call.ts';
import { mapColumns, roundTo } from './element-functions.ts';
import { type LabelContext, labelJoin, labelReplace, sortByLabel } from './label-functions.ts';

export async function dateParts(call: Call, compute: (value: number) => number): Promise<Column[]> {
  const times = Float64Array.from(
    { length: call.grid.count },
    (_, i) => timeAt(call.grid, i) / 1000,
  );
  const columns =
    call.node.args.length === 0
      ? [constantColumn(times, Labels.empty)]
      : await vectorArgument(call, 0);
  return mapColumns(columns, compute);
}

export async function clamp(call: Call): Promise<Column[]> {
  const columns = await vectorArgument(call, 0);
  const isMin = call.node.name === 'clamp_min';
  const first = await scalarArgument(call, 1);
  const second = call.node.name === 'clamp' ? await scalarArgument(call, 2) : undefined;
  return mapColumns(columns, (value, step) => {
    const bound = first[step] ?? 0;
    if (second === undefined) return isMin ? larger(bound, value) : smaller(bound, value);
    const upper = second[step] ?? 0;
    return upper < bound ? undefined : larger(bound, smaller(upper, value));
  });
}

export async function round(call: Call): Promise<Column[]> {
  const columns = await vectorArgument(call, 0);
  const multiple = call.node.args.length > 1 ? await scalarArgument(call, 1) : undefined;
  return mapColumns(columns, (value, step) => roundTo(value, multiple?.[step] ?? 1));
}

export async function timestamp(call: Call): Promise<readonly Column[]> {
  const arg = unwrapParens(argument(call, 0));
  if (arg.kind === 'vector-selector') {
    return call.evaluation.selectColumns(arg, call.grid, 'time');
  }
  const columns = await call.evaluation.vector(arg, call.grid);
  return columns.map(({ labels, present }) => {
    const column = newColumn(labels, true, call.grid.count);
    column.present.set(present);
    return { ...column, values: column.values.map((_, i) => timeAt(call.grid, i) / 1000) };
  });
}

/** When the counters of a selector's samples began; of computed values that is not known. */
export async function startTimestamp(call: Call): Promise<readonly Column[]> {
  const arg = unwrapParens(argument(call, 0));
  if (arg.kind === 'vector-selector') {
    return call.evaluation.selectColumns(arg, call.grid, 'start time');
  }
  await call.evaluation.vector(arg, call.grid);
  return [];
}

export async function scalarOfVector(call: Call): Promise<Float64Array> {
  const columns = await vectorArgument(call, 0);
  const values = new Float64Array(call.grid.count).fill(Number.NaN);
  for (let step = 0; step < call.grid.count; step++) {
    let found = 0;
    for (const column of columns) {
      if (column.present[step] === 0 || column.histograms?.[step] !== undefined) continue;
      found++;
      values[step] = column.values[step] ?? 0;
    }
    if (found !== 1) values[step] = Number.NaN;
  }
  return values;
}

/** Over a range every step would have an order of its own, so nothing is sorted there. */
function isRange({ evaluation, grid, node }: Call): boolean {
  if (grid.count === 1) return false;
  evaluation.annotations.warn(
    'sort is ineffective for range queries since results are always ordered by labels',
    node,
  );
  return true;
}

export async function sorted(call: Call, order: 1 | -1): Promise<readonly Column[]> {
  const columns = await vectorArgument(call, 0);
  // As in Prometheus, histograms are left out of either.
  if (isRange(call)) {
    return columns.map((column) =>
      column.histograms === undefined ? column : floatsOf(column, column.histograms),
    );
  }
  return columns
    .filter((column) => column.histograms?.[0] === undefined)
    .toSorted((a, b) => compareNanLast(a.values[0] ?? 0, b.values[0] ?? 0, order));
}

export async function sortedByLabel(call: Call, order: 1 | -1): Promise<readonly Column[]> {
  const columns = await vectorArgument(call, 0);
  if (isRange(call)) return columns;
  const names = call.node.args.slice(1).map((_, i) => stringArgument(call, i + 1));
  return sortByLabel(columns, names, order);
}

export async function replaceLabels(call: Call): Promise<Column[]> {
  const options = {
    target: stringArgument(call, 1),
    replacement: stringArgument(call, 2),
    source: stringArgument(call, 3),
    pattern: stringArgument(call, 4),
  };
  return labelReplace(await vectorArgument(call, 0), options, contextOf(call));
}

export async function joinLabels(call: Call): Promise<Column[]> {
  const options = {
    target: stringArgument(call, 1),
    separator: stringArgument(call, 2),
    sources: call.node.args.slice(3).map((_, i) => stringArgument(call, i + 3)),
  };
  return labelJoin(await vectorArgument(call, 0), options, contextOf(call));
}

function contextOf({ evaluation, node }: Call): LabelContext {
  return { budget: evaluation.budget, span: node };
}
