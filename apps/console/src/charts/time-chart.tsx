import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';

import 'uplot/dist/uPlot.min.css';

import { subscribeTheme } from '../app/theme.ts';
import { type Unit } from '../format/units.ts';
import {
  TIME_INCREMENTS,
  formatTicks,
  formatTimeTicks,
  tickIncrements,
  valueRange,
} from './axes.ts';
import { resolveColor, withAlpha } from './colors.ts';
import { type Frame, frameTimes } from './frame.ts';
import { findGaps } from './gaps.ts';
import { stackValues } from './stack.ts';

export interface ChartSeries {
  readonly key: string;
  readonly label: string;
  /** A CSS variable. */
  readonly color: string;
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
}

export type ChartKind = 'line' | 'area' | 'stack';

interface TimeChartProps {
  readonly grid: Pick<Frame, 'startMs' | 'endMs' | 'stepMs'>;
  readonly series: readonly ChartSeries[];
  readonly unit: Unit;
  readonly kind?: ChartKind;
  readonly height: number;
  /** The value axis reaches at least this high. */
  readonly maxAtLeast?: number;
  /** One sentence for screen readers. */
  readonly summary: string;
  readonly onSelect?: (startMs: number, endMs: number) => void;
  readonly onZoomOut?: () => void;
  /** The grid index under the pointer, on this or any other chart of the page. */
  readonly onCursor?: (index: number | null) => void;
}

/** All charts of a page share one cursor. */
const cursorSync = 'dwcp';

/** Draws series over time with uPlot. Missing values are gaps, and hatched where nothing is known. */
export function TimeChart(props: TimeChartProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  const dragging = useRef(false);
  latest.current = props;

  const { grid, series, kind = 'line', unit, height, summary } = props;
  const shape = `${kind}|${unit}|${series.map((one) => `${one.key}:${one.color}:${one.dashed ?? ''}`).join('|')}`;

  const data = useMemo((): uPlot.AlignedData => {
    const values =
      kind === 'stack'
        ? stackValues(series.map((one) => one.values))
        : series.map((one) => [...one.values]);
    return [frameTimes({ ...grid, series: [] }), ...values];
  }, [grid, series, kind]);

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const chart = new uPlot(chartOptions(latest, dragging, element), data, element);
    plot.current = chart;
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) chart.setSize({ width, height: latest.current.height });
    });
    observer.observe(element);
    const unsubscribe = subscribeTheme(() => chart.redraw(false, true));
    return () => {
      observer.disconnect();
      unsubscribe();
      chart.destroy();
      plot.current = undefined;
    };
    // The data of the first drawing come along; later data go through setData below.
  }, [shape, height]);

  useEffect(() => {
    // New data under a half-drawn selection would move it away from the pointer.
    if (!dragging.current) plot.current?.setData(data);
  }, [data]);

  return (
    <div ref={host} role="img" aria-label={summary} style={{ height }} className="w-full min-w-0" />
  );
}

function chartOptions(
  latest: { readonly current: TimeChartProps },
  dragging: { current: boolean },
  element: HTMLElement,
): uPlot.Options {
  const { series, kind = 'line', unit, height } = latest.current;
  const font = '11px Inter, system-ui, "DejaVu Sans", sans-serif';
  const axis: uPlot.Axis = {
    stroke: () => resolveColor('--faint'),
    font,
    grid: { stroke: () => resolveColor('--grid'), width: 1 },
    ticks: { show: false },
  };
  const increments = tickIncrements(unit);
  return {
    width: Math.max(50, Math.floor(element.clientWidth)),
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: cursorSync },
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      bind: {
        dblclick: () => () => {
          latest.current.onZoomOut?.();
          return null;
        },
        mousedown: (_chart, _target, handler) => (event) => {
          dragging.current = true;
          window.addEventListener('mouseup', () => (dragging.current = false), { once: true });
          return handler(event);
        },
      },
    },
    scales: {
      x: {
        time: true,
        range: () => {
          const { startMs, endMs } = latest.current.grid;
          return [startMs / 1_000, Math.max(endMs, startMs + 1_000) / 1_000];
        },
      },
      y: { range: (_chart, min, max) => valueRange(min, max, latest.current.maxAtLeast) },
    },
    axes: [
      {
        ...axis,
        size: 22,
        gap: 4,
        space: 58,
        incrs: TIME_INCREMENTS,
        grid: { show: false },
        values: (_chart, ticks, _index, _space, increment) => formatTimeTicks(ticks, increment),
      },
      {
        ...axis,
        size: (chart, values) => axisWidth(chart, values, font),
        gap: 4,
        space: 28,
        values: (_chart, ticks) => formatTicks(ticks, unit),
        ...(increments === undefined ? {} : { incrs: increments }),
      },
    ],
    series: [
      {},
      ...series.map(({ label, color, dashed }): uPlot.Series => ({
        label,
        stroke: () => resolveColor(color),
        width: kind === 'stack' ? 1 : 1.5,
        spanGaps: false,
        points: { show: false },
        ...(dashed === true ? { dash: [4, 4] } : {}),
        ...(kind === 'line' || dashed === true
          ? {}
          : { fill: () => withAlpha(resolveColor(color), kind === 'stack' ? 0.55 : 0.12) }),
      })),
    ],
    ...(kind === 'stack' && series.length > 1
      ? {
          bands: series
            .slice(1)
            .map((_, index) => ({ series: [index + 2, index + 1] as [number, number] })),
        }
      : {}),
    hooks: {
      drawClear: [(chart) => hatchGaps(chart, latest.current)],
      setCursor: [(chart) => latest.current.onCursor?.(chart.cursor.idx ?? null)],
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < 4) return;
          const from = chart.posToVal(left, 'x') * 1_000;
          const to = chart.posToVal(left + width, 'x') * 1_000;
          chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          latest.current.onSelect?.(from, to);
        },
      ],
    },
  };
}

function axisWidth(chart: uPlot, values: readonly string[] | null, font: string): number {
  if (values === null || values.length === 0) return 44;
  chart.ctx.save();
  chart.ctx.font = font;
  const widest = Math.max(...values.map((value) => chart.ctx.measureText(value).width));
  chart.ctx.restore();
  return Math.max(36, Math.ceil(widest) + 12);
}

/**
 * Diagonal lines over stretches in which no series has a value. What lies before the first value
 * is left blank: most often nobody was watching yet.
 */
function hatchGaps(chart: uPlot, { series, grid }: TimeChartProps): void {
  const length = chart.data[0].length;
  if (length < 3 || series.length === 0) return;
  const gaps = findGaps(
    series.map((one) => one.values),
    length,
    { minPoints: 3, trailingGrace: Math.ceil(4_000 / grid.stepMs) },
  ).filter((gap) => gap.from > 0);
  if (gaps.length === 0) return;
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = resolveColor('--hatch');
  ctx.lineWidth = devicePixelRatio;
  for (const { from, to } of gaps) {
    const x0 = chart.valToPos(chart.data[0][Math.max(0, from - 1)] ?? 0, 'x', true);
    const x1 = chart.valToPos(chart.data[0][Math.min(length - 1, to + 1)] ?? 0, 'x', true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(x0, bbox.top, x1 - x0, bbox.height);
    ctx.clip();
    ctx.beginPath();
    const gapPx = 8 * devicePixelRatio;
    for (let x = x0 - bbox.height; x < x1; x += gapPx) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}
