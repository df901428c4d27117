/** A timer may fire so much early: a tick that close is taken as reached. */
const EARLY_MS = 20;

export interface Tick {
  /** The moment on the grid, or undefined when the clock was set back and it has had its samples. */
  readonly unixMs: number | undefined;
  /** Whole intervals that went by without a tick since the last one. */
  readonly missed: number;
}

/** The tick that a timer firing now stands for, on the grid of whole intervals since 1970. */
export function tickAt(
  nowUnixMs: number,
  lastUnixMs: number | undefined,
  intervalMs: number,
): Tick {
  const unixMs = Math.floor((nowUnixMs + EARLY_MS) / intervalMs) * intervalMs;
  if (lastUnixMs === undefined) return { unixMs, missed: 0 };
  if (unixMs <= lastUnixMs) return { unixMs: undefined, missed: 0 };
  // The first collection is off the grid, less than an interval before its first tick.
  return { unixMs, missed: Math.max(0, Math.round((unixMs - lastUnixMs) / intervalMs) - 1) };
}

/** How long until the next tick after a moment. */
export function delayToNextTick(nowUnixMs: number, intervalMs: number): number {
  const next = (Math.floor((nowUnixMs + EARLY_MS) / intervalMs) + 1) * intervalMs;
  return next - nowUnixMs;
}
