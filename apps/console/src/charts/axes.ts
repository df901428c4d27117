import { type Unit, formatValue } from '../format/units.ts';

const binaryIncrements = Array.from({ length: 60 }, (_, power) => 2 ** power);
const ratioIncrements = [
  1e-5, 1e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10,
];

/** Tick distances that are round in the unit; undefined for uPlot's decimal ones. */
export function tickIncrements(unit: Unit): number[] | undefined {
  if (unit === 'bytes' || unit === 'bytesPerSecond') return binaryIncrements;
  return unit === 'ratio' ? ratioIncrements : undefined;
}

export function formatTicks(ticks: readonly number[], unit: Unit): string[] {
  return ticks.map((tick) => (tick === 0 ? '0' : formatValue(tick, unit)));
}

/**
 * The value axis: from zero (or the lowest negative) to a little above the highest value, so that
 * a height always means the same share of the axis.
 */
export function valueRange(min: number | null, max: number | null, atLeast = 0): [number, number] {
  const high = Math.max(max ?? 0, atLeast);
  const low = Math.min(min ?? 0, 0);
  if (high === low) return [low, low + 1];
  return [low < 0 ? low * 1.08 : 0, high > 0 ? high * 1.08 : 0];
}

/** Distances between ticks of the time axis, in seconds. */
export const TIME_INCREMENTS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
  172_800, 604_800, 2_592_000,
];

const pad = (value: number): string => String(value).padStart(2, '0');

/** Local times along the axis: as short as the distance between ticks allows. */
export function formatTimeTicks(ticks: readonly number[], incrementSeconds: number): string[] {
  let lastDay = '';
  return ticks.map((tick) => {
    const date = new Date(tick * 1_000);
    const day = `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
    if (incrementSeconds >= 86_400) return day;
    if (incrementSeconds < 60) return `${clock}:${pad(date.getSeconds())}`;
    const newDay = lastDay !== '' && lastDay !== day;
    lastDay = day;
    if (!newDay) return clock;
    return clock === '00:00' ? day : `${day} ${clock}`;
  });
}
