import { type ReactNode, useMemo, useRef, useState } from 'react';

import { type Unit, formatValue } from '../format/units.ts';
import { useRangeActions } from '../time/use-range.ts';
import { Card } from '../ui/card.tsx';
import { EmptyState, ErrorState, Loading } from '../ui/states.tsx';
import { useInView } from '../ui/use-in-view.ts';
import { seriesColor } from './colors.ts';
import { type FrameSeries, lastValue } from './frame.ts';
import { summarizeChart } from './summary.ts';
import { type ChartKind, type ChartSeries, TimeChart } from './time-chart.tsx';
import { useFrames, useStepMs } from './use-frames.ts';

export interface ChartQuery {
  readonly expr: string;
  /** A name for the one series, or a way to name each of several. */
  readonly label: string | ((series: FrameSeries) => string);
  /** A CSS variable, or a way to choose one. */
  readonly color?: string | ((label: string, index: number) => string);
  readonly dashed?: boolean;
  /** Leaves out series of the answer. */
  readonly keep?: (series: FrameSeries) => boolean;
}

/** A card with one chart over the shared range, its legend showing now or the pointed-at moment. */
export function ChartCard({
  title,
  queries,
  unit,
  kind = 'line',
  height = 140,
  maxAtLeast,
  empty,
  className = '',
  order,
}: {
  readonly title: string;
  readonly queries: readonly ChartQuery[];
  readonly unit: Unit;
  readonly kind?: ChartKind;
  readonly height?: number;
  readonly maxAtLeast?: number;
  /** What would be here and what fills it. */
  readonly empty: string;
  readonly className?: string;
  /** Labels from the bottom of a stack up; others follow by name. */
  readonly order?: readonly string[];
}): ReactNode {
  const card = useRef<HTMLElement>(null);
  const stepMs = useStepMs(360);
  const { frames, grid, errors, pending, refetch } = useFrames(
    queries.map((query) => query.expr),
    stepMs,
    useInView(card),
  );
  const actions = useRangeActions();
  const [cursor, setCursor] = useState<number | null>(null);

  const shape = queries.map((query) => query.expr).join('\n');
  const series = useMemo(() => toSeries(queries, frames, order), [frames, shape]);
  const error = errors.find((one) => one !== null);
  const empties = series.length === 0;

  return (
    <Card
      ref={card}
      title={title}
      className={className}
      aside={<Legend series={series} unit={unit} cursor={cursor} total={kind === 'stack'} />}
      bodyClassName="px-1 pb-1"
    >
      {empties && error !== undefined ? (
        <ErrorState error={error} onRetry={refetch} compact />
      ) : empties && pending ? (
        <Loading height={height} />
      ) : empties ? (
        <div className="flex items-center" style={{ height }}>
          <EmptyState title="No data in this range" compact>
            {empty}
          </EmptyState>
        </div>
      ) : (
        <TimeChart
          grid={grid}
          series={series}
          unit={unit}
          kind={kind}
          height={height}
          {...(maxAtLeast === undefined ? {} : { maxAtLeast })}
          summary={summarizeChart(title, series, (value) => formatValue(value, unit))}
          onSelect={actions.between}
          onZoomOut={() => actions.zoom(2)}
          onCursor={setCursor}
        />
      )}
    </Card>
  );
}

function toSeries(
  queries: readonly ChartQuery[],
  frames: readonly { readonly series: readonly FrameSeries[] }[],
  order: readonly string[] = [],
): ChartSeries[] {
  const rank = (label: string): number => {
    const index = order.indexOf(label);
    return index < 0 ? order.length : index;
  };
  const labelled = queries.flatMap((query, index) =>
    (frames[index]?.series ?? [])
      .filter((one) => query.keep?.(one) !== false)
      .map((one) => ({
        query,
        one,
        index,
        label: typeof query.label === 'string' ? query.label : query.label(one),
      })),
  );
  labelled.sort(
    (a, b) => a.index - b.index || rank(a.label) - rank(b.label) || a.label.localeCompare(b.label),
  );
  return labelled.map(({ query, one, index, label }, position) => ({
    key: `${index}:${one.key}`,
    label,
    color:
      typeof query.color === 'string'
        ? query.color
        : (query.color?.(label, position) ?? seriesColor(position)),
    values: one.values,
    ...(query.dashed === true ? { dashed: true } : {}),
  }));
}

function Legend({
  series,
  unit,
  cursor,
  total,
}: {
  readonly series: readonly ChartSeries[];
  readonly unit: Unit;
  readonly cursor: number | null;
  /** The sum of all comes first. */
  readonly total: boolean;
}): ReactNode {
  const valueOf = (values: ChartSeries['values']): number | null =>
    cursor === null ? lastValue(values, 6) : (values[cursor] ?? null);
  const known = series.map(({ values }) => valueOf(values)).filter((value) => value !== null);
  const sum = known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
  return (
    <ul
      aria-hidden
      className="flex h-5 min-w-0 flex-1 flex-wrap items-center justify-end gap-x-2.5 gap-y-2 overflow-hidden"
    >
      {total && series.length > 1 && (
        <li className="text-2xs flex shrink-0 items-center gap-1">
          <span className="text-muted">total</span>
          <span className="num min-w-7 text-right font-medium">{formatValue(sum, unit)}</span>
        </li>
      )}
      {series.slice(0, 8).map(({ key, label, color, values, dashed }) => {
        return (
          <li key={key} className="text-2xs flex shrink-0 items-center gap-1">
            <span
              className="h-0 w-2 border-t-2"
              style={{
                borderColor: `var(${color})`,
                borderTopStyle: dashed === true ? 'dashed' : 'solid',
              }}
            />
            <span className="text-muted">{label}</span>
            <span className="num min-w-7 text-right font-medium">
              {formatValue(valueOf(values), unit)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
