/** What happened in the last interval, in rows and seconds. */
export interface Rates {
  readonly current: number;
  /** Appended to the feed per second, sent or not. */
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** Request seconds per second, of all shards together. */
  readonly busyRatio: number;
  /** Rows of the feed that are not settled. */
  readonly backlog: number;
}

/**
 * How many shards keep up with what comes and work off a twentieth of the backlog per second.
 * @returns unbounded; the current number when there is nothing to go by, or little to gain
 * @see https://prometheus.io/docs/practices/remote_write/#parameters and calculateDesiredShards there
 */
export function desiredShards(rates: Rates): number {
  const { current, inPerSecond, outPerSecond, busyRatio, backlog } = rates;
  if (outPerSecond <= 0) return current;
  const secondsPerRow = busyRatio / outPerSecond;
  const wanted = secondsPerRow * (inPerSecond + 0.05 * backlog);
  // Resharding drains the shards, so a small change is not worth it.
  if (wanted >= current * 0.7 && wanted <= current * 1.3) return current;
  const count = Math.max(1, Math.ceil(wanted));
  // Not fewer while more than ten seconds' worth is waiting.
  if (count < current && backlog > 10 * Math.max(1, inPerSecond)) return current;
  return count;
}
