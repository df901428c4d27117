/**
 * One end of a time range: a moment, or a distance from now.
 * A distance may be rounded down to the start of a minute, hour or day (UTC).
 */
export type TimePoint =
  | { readonly kind: 'at'; readonly unixMs: number }
  | { readonly kind: 'ago'; readonly agoMs: number; readonly floorTo?: FloorUnit };

export type FloorUnit = 'm' | 'h' | 'd';

export interface TimeRange {
  readonly from: TimePoint;
  readonly to: TimePoint;
}

/** A range pinned to the clock: `startMs < endMs`, Unix milliseconds. */
export interface TimeWindow {
  readonly startMs: number;
  readonly endMs: number;
}

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The narrowest and widest window zooming reaches. */
export const MIN_WINDOW_MS = 10_000;
export const MAX_WINDOW_MS = 366 * 86_400_000;

/** Up to this width a range ending now is refreshed every second. */
export const LIVE_MAX_MS = 15 * 60_000;

export const DEFAULT_RANGE: TimeRange = {
  from: { kind: 'ago', agoMs: 5 * 60_000 },
  to: { kind: 'ago', agoMs: 0 },
};

/**
 * Reads one end of a range: `now`, `now-15m`, `now-1h30m`, `now-6h/h`, an RFC 3339 moment, a local
 * `2026-01-02 03:04`, or Unix seconds or milliseconds. Undefined when it is none of them.
 */
export function parseTimePoint(text: string): TimePoint | undefined {
  const trimmed = text.trim();
  const relative = /^now(?:-((?:\d+[smhdw])+))?(?:\/([mhd]))?$/.exec(trimmed);
  if (relative !== null) {
    const agoMs = spanMs(relative[1] ?? '');
    if (agoMs > MAX_WINDOW_MS * 10) return undefined;
    const floorTo = relative[2] as FloorUnit | undefined;
    return floorTo === undefined ? { kind: 'ago', agoMs } : { kind: 'ago', agoMs, floorTo };
  }
  if (/^\d{9,13}(\.\d+)?$/.test(trimmed)) {
    const value = Number(trimmed);
    return { kind: 'at', unixMs: Math.round(value < 1e11 ? value * 1_000 : value) };
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return undefined;
  const unixMs = Date.parse(trimmed.includes('T') ? trimmed : trimmed.replace(' ', 'T'));
  return Number.isFinite(unixMs) ? { kind: 'at', unixMs } : undefined;
}

function spanMs(text: string): number {
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) {
    ms += Number(count) * (unitMs[unit ?? ''] ?? 0);
  }
  return ms;
}

/** A length of time as in `2h`, `1h30m` or `90m`, in ms; undefined for anything else, and for none. */
export function parseSpan(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^(\d+[smhdw])+$/.test(trimmed)) return undefined;
  const ms = spanMs(trimmed);
  return ms > 0 && ms <= MAX_WINDOW_MS ? ms : undefined;
}

/** The inverse of `parseTimePoint`. */
export function formatTimePoint(point: TimePoint): string {
  if (point.kind === 'at') return new Date(point.unixMs).toISOString();
  const ago = point.agoMs === 0 ? '' : `-${formatSpan(point.agoMs)}`;
  return `now${ago}${point.floorTo === undefined ? '' : `/${point.floorTo}`}`;
}

/** A length of time in the fewest units that say it exactly, such as `1h30m`; whole seconds. */
export function formatSpan(ms: number): string {
  let rest = Math.max(1, Math.round(ms / 1_000));
  let out = '';
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    if (count > 0) out += `${count}${unit}`;
    rest -= count * seconds;
  }
  return out;
}

/** Reads a range from two texts; a missing or unreadable end, or from >= to, gives undefined. */
export function parseRange(
  from: string | undefined,
  to: string | undefined,
): TimeRange | undefined {
  if (from === undefined) return undefined;
  const start = parseTimePoint(from);
  const end = parseTimePoint(to ?? 'now');
  if (start === undefined || end === undefined) return undefined;
  if (start.kind === 'at' && end.kind === 'at' && start.unixMs >= end.unixMs) return undefined;
  if (start.kind === 'ago' && end.kind === 'ago' && start.floorTo === undefined) {
    if (start.agoMs <= end.agoMs) return undefined;
  }
  return { from: start, to: end };
}

/** The moment that one end of a range is, Unix ms. */
export function resolveTimePoint(point: TimePoint, nowMs: number): number {
  if (point.kind === 'at') return point.unixMs;
  const moment = nowMs - point.agoMs;
  if (point.floorTo === undefined) return moment;
  const unit = unitMs[point.floorTo] ?? 1;
  return Math.floor(moment / unit) * unit;
}

/** Pins a range to the clock. A range that would be empty is widened to the narrowest window. */
export function resolveRange(range: TimeRange, nowMs: number): TimeWindow {
  const endMs = resolveTimePoint(range.to, nowMs);
  const startMs = Math.min(resolveTimePoint(range.from, nowMs), endMs - 1_000);
  return { startMs, endMs };
}

/** Whether the range moves with the clock at all. */
export function followsNow(range: TimeRange): boolean {
  return range.to.kind === 'ago';
}

/** How often a range is worth asking again, in ms; undefined when it never changes. */
export function refreshIntervalMs(range: TimeRange): number | undefined {
  if (range.to.kind === 'at') return undefined;
  const width = range.from.kind === 'ago' ? range.from.agoMs - range.to.agoMs : Infinity;
  if (width <= LIVE_MAX_MS) return 1_000;
  return width <= 6 * 3_600_000 ? 15_000 : 60_000;
}

function absolute(startMs: number, endMs: number): TimeRange {
  return {
    from: { kind: 'at', unixMs: Math.round(startMs) },
    to: { kind: 'at', unixMs: Math.round(endMs) },
  };
}

/** The range between two moments, in either order, at least the narrowest window wide. */
export function absoluteRange(aMs: number, bMs: number): TimeRange {
  const [low, high] = aMs <= bMs ? [aMs, bMs] : [bMs, aMs];
  if (high - low >= 1_000) return absolute(low, high);
  const middle = (low + high) / 2;
  return absolute(middle - 500, middle + 500);
}

/** Half a width back (-1) or forth (1). The result stands still: it is absolute. */
export function shiftRange(range: TimeRange, direction: -1 | 1, nowMs: number): TimeRange {
  const { startMs, endMs } = resolveRange(range, nowMs);
  const by = ((endMs - startMs) / 2) * direction;
  return absolute(startMs + by, endMs + by);
}

/**
 * Makes the window wider (factor > 1) or narrower. A range that ends now keeps doing so;
 * any other keeps its middle.
 */
export function zoomRange(range: TimeRange, factor: number, nowMs: number): TimeRange {
  const { startMs, endMs } = resolveRange(range, nowMs);
  const wanted = (endMs - startMs) * factor;
  const width = Math.min(MAX_WINDOW_MS, Math.max(MIN_WINDOW_MS, wanted));
  if (range.to.kind === 'ago' && range.from.kind === 'ago' && range.from.floorTo === undefined) {
    const agoMs = range.to.agoMs + Math.round(width / 1_000) * 1_000;
    return { from: { kind: 'ago', agoMs }, to: range.to };
  }
  const middle = (startMs + endMs) / 2;
  return absolute(middle - width / 2, middle + width / 2);
}
