const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** Nanosecond decimal text to Unix ms, keeping the fraction a double can hold. */
export function nanoToMs(nano: string): number {
  const value = BigInt(nano);
  return Number(value / 1_000_000n) + Number(value % 1_000_000n) / 1e6;
}

/** Local wall clock, `14:03:09.120`. */
export function formatClock(unixMs: number, withMs = false): string {
  const date = new Date(unixMs);
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return withMs ? `${clock}.${pad(date.getMilliseconds(), 3)}` : clock;
}

/** Local date and time, `2026-01-02 14:03:09`. */
export function formatDateTime(unixMs: number, withMs = false): string {
  const date = new Date(unixMs);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${formatClock(unixMs, withMs)}`;
}

/** How long ago, in the largest whole unit: `just now`, `12 s ago`, `3 h ago`. */
export function formatAgo(unixMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - unixMs) / 1_000);
  if (seconds < 0) return `in ${formatLargest(-seconds)}`;
  return seconds < 1 ? 'just now' : `${formatLargest(seconds)} ago`;
}

/** Whole seconds in their largest whole unit: `45 s`, `3 m`, `2 h`, `5 d`. */
export function formatLargest(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
