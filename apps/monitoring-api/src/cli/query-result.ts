import { type MatrixElement, type QueryData, type VectorElement } from '@dwcp/api-schema';
import { Labels } from '@dwcp/core';

import { type Io } from './io.ts';
import { sparkline } from './sparkline.ts';
import { table } from './table.ts';
import { printable, widthOf } from './text.ts';

/** How many characters a drawn line takes in a terminal of some width. */
export function sparkWidth(terminalWidth: number | undefined): number {
  return terminalWidth === undefined
    ? 40
    : Math.max(10, Math.min(40, Math.floor(terminalWidth / 3)));
}

/** The value of a query for a person: a table, and lines for a range. */
export function renderResult(io: Io, data: QueryData): string {
  const width = widthOf(io.out);
  switch (data.resultType) {
    case 'scalar':
    case 'string':
      return `${printable(data.result[1])}\n`;
    case 'vector':
      if (data.result.length === 0) return 'no series\n';
      return table(['SERIES', 'VALUE'], data.result.map(rowOfSample), {
        right: new Set([1]),
        width,
      });
    case 'matrix':
      if (data.result.length === 0) return 'no series\n';
      return table(
        ['SERIES', 'RANGE', 'MIN', 'MAX', 'LAST'],
        data.result.map(rowOfSeries(gridOf(data.result), sparkWidth(width))),
        { right: new Set([2, 3, 4]), width },
      );
  }
}

function rowOfSample({ metric, value, histogram }: VectorElement): string[] {
  const [, { count, sum } = { count: '0', sum: '0' }] = histogram ?? [];
  return [nameOf(metric), value?.[1] ?? `histogram: count ${count}, sum ${sum}`];
}

function nameOf(metric: Readonly<Record<string, string>>): string {
  return printable(Labels.from(metric).toString());
}

/** Points by time; of a histogram its count. */
function pointsOf({ values = [], histograms = [] }: MatrixElement): ReadonlyMap<number, number> {
  return new Map([
    ...histograms.map(([time, { count }]) => [time, numberOf(count)] as const),
    ...values.map(([time, text]) => [time, numberOf(text)] as const),
  ]);
}

/** All moments at which any series has a point: what is missing in one of them is a gap. */
function gridOf(series: readonly MatrixElement[]): readonly number[] {
  const moments = new Set(series.flatMap((one) => [...pointsOf(one).keys()]));
  return [...moments].sort((a, b) => a - b);
}

const rowOfSeries =
  (grid: readonly number[], width: number) =>
  (series: MatrixElement): string[] => {
    const points = pointsOf(series);
    const numbers = [...points.values()].filter((value) => !Number.isNaN(value));
    const least = numbers.reduce((a, b) => Math.min(a, b), Infinity);
    const most = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
    const last = grid.findLast((time) => points.has(time));
    const hasHistograms = (series.histograms ?? []).length > 0;
    return [
      nameOf(series.metric) + (hasHistograms ? ' (count)' : ''),
      sparkline(
        grid.map((time) => points.get(time)),
        width,
      ),
      show(least),
      show(most),
      show(last === undefined ? undefined : points.get(last)),
    ];
  };

function show(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value)
    ? '-'
    : String(Number(value.toPrecision(6)));
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
