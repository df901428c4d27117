import { Labels, METRIC_NAME } from '@dwcp/core';

import { type Expression, unwrapParens, type VectorSelector } from '../../parser/ast.ts';
import { SeriesWindows } from '../streaming/series-windows.ts';
import { anyPresent, type Column, ColumnList, newColumn } from '../values.ts';
import { argument, type Call, vectorArgument } from './call.ts';

export async function absent(call: Call): Promise<Column[]> {
  const columns = await vectorArgument(call, 0);
  return whereAbsent(call, columns);
}

export async function absentOverTime(call: Call): Promise<Column[]> {
  const { evaluation, grid } = call;
  const range = evaluation.rangeStream(argument(call, 0), grid);
  const list = new ColumnList();
  const { budget } = evaluation;
  const windows = new SeriesWindows({
    shape: range,
    grid,
    budget,
    compute: () => true,
    sink: list,
  });
  await range.each((series) => windows.add(series));
  return whereAbsent(call, list.columns);
}

/** One element where there is none, with the labels the selector asks for. */
function whereAbsent(call: Call, columns: readonly Column[]): Column[] {
  const arg = unwrapParens(argument(call, 0));
  const column = newColumn(absentLabels(arg), false, call.grid.count);
  column.values.fill(1);
  column.present.fill(1);
  for (const { present } of columns) {
    for (let i = 0; i < present.length; i++) if (present[i] === 1) column.present[i] = 0;
  }
  return anyPresent(column) ? [column] : [];
}

function absentLabels(arg: Expression): Labels {
  let selector: VectorSelector | undefined;
  if (arg.kind === 'vector-selector') selector = arg;
  else if (arg.kind === 'matrix-selector') selector = arg.selector;
  const labels = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, operator, value } of selector?.matchers ?? []) {
    if (name === METRIC_NAME) continue;
    if (operator === '=' && !seen.has(name)) {
      labels.set(name, value);
      seen.add(name);
    } else {
      // A label that is asked for in two ways has no one value.
      labels.delete(name);
    }
  }
  return Labels.fromPairs(labels);
}
