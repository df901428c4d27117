/**
 * A sample and the moment its counter began to count, 0 where that is not known.
 * @see https://github.com/prometheus/proposals/blob/main/proposals/0029-created-timestamp-wal.md
 */
export interface StartedSample {
  readonly startMs: number;
  readonly atMs: number;
}

/** Whether the start of a sample tells that its counter is another one than that before. */
export function isRestart(previous: StartedSample, current: StartedSample): boolean {
  if (current.startMs === 0 || current.startMs >= current.atMs) return false;
  if (current.startMs !== previous.atMs) return current.startMs > previous.atMs;
  // A start at the sample before: a delta, unless that sample's own start was not known.
  return previous.startMs !== 0 && previous.startMs < previous.atMs;
}

/** Whether a sample counts from before the one before it though that one began at another time. */
export function overlaps(previous: StartedSample, current: StartedSample): boolean {
  return (
    current.startMs !== 0 && current.startMs < previous.atMs && current.startMs !== previous.startMs
  );
}
