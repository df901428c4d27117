import { type Clock, type Labels } from '@dwcp/core';
import { type OtlpPoint } from '@dwcp/protocol-otlp';

/** Why a delta was not added up. */
export type DeltaRefusal =
  | 'delta_out_of_order'
  | 'delta_duplicate'
  | 'delta_overlap'
  | 'delta_limit';

export interface DeltaTrackerOptions {
  readonly clock: Clock;
  /** Series tracked at most. */
  readonly maxSeries: number;
  /** A series without a point for so long is forgotten. */
  readonly expiryMs: number;
}

interface Tracked {
  /** What the points so far add up to; whose it is knows its shape. */
  total: object;
  startUnixMs: number;
  lastUnixMs: number;
  touchedMs: number;
}

/** A point that was added up. */
export interface Accumulated<Total> {
  readonly total: Total;
  /**
   * Whether a sequence starts with this point: it is the first, lies behind a gap, or is of another
   * shape. The total is of this point alone then.
   */
  readonly isStart: boolean;
}

/** How totals of one type of metric add up. */
export interface Accumulator<Point, Total extends object> {
  /** Undefined when the total is of another shape than the point, which starts anew then. */
  readonly add: (total: object | undefined, point: Point) => Total | undefined;
}

const SWEEP_INTERVAL_MS = 60_000;
const FULL_SWEEP_INTERVAL_MS = 1_000;

/**
 * Adds up the points of series with delta temporality.
 *
 * The totals live in this process's memory. After a restart each series starts again from the first
 * point that comes, a counter reset; the translator writes a zero at the start of each sequence, so
 * `rate()` and `increase()` see the reset even when the new total is above the old one.
 *
 * A point that starts where the one before it ended goes on; one that starts later does so behind a
 * gap, and starts a new sequence; one that starts earlier overlaps and is refused, as two writers of
 * one series or a repeated export would be counted twice.
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/#sums-delta-to-cumulative
 */
export class DeltaTracker {
  readonly #clock: Clock;
  readonly #maxSeries: number;
  readonly #expiryMs: number;
  readonly #tracked = new Map<string, Tracked>();
  #sweptMs: number;
  /** Series forgotten for having no points. */
  expired = 0;

  constructor({ clock, maxSeries, expiryMs }: DeltaTrackerOptions) {
    this.#clock = clock;
    this.#maxSeries = maxSeries;
    this.#expiryMs = expiryMs;
    this.#sweptMs = clock.monotonicMs();
  }

  get size(): number {
    return this.#tracked.size;
  }

  /** Adds a point to the total of its series. What `add` throws leaves the total as it was. */
  accumulate<Point extends OtlpPoint, Total extends object>(
    series: Labels,
    point: Point,
    accumulator: Accumulator<Point, Total>,
  ): Accumulated<Total> | DeltaRefusal {
    const nowMs = this.#clock.monotonicMs();
    const { startUnixMs, timeUnixMs } = point;
    if (startUnixMs > timeUnixMs) return 'delta_out_of_order';
    let tracked = this.#tracked.get(series.key);
    if (tracked !== undefined && nowMs - tracked.touchedMs >= this.#expiryMs) {
      this.#forget(series.key);
      tracked = undefined;
    }
    if (tracked === undefined) {
      // A table full of live series is not searched again for every point that wants in.
      if (this.size >= this.#maxSeries) this.#sweep(FULL_SWEEP_INTERVAL_MS);
      if (this.size >= this.#maxSeries) return 'delta_limit';
      const total = this.#first(point, accumulator);
      const state = { total, startUnixMs, lastUnixMs: timeUnixMs, touchedMs: nowMs };
      this.#tracked.set(series.key, state);
      return { total, isStart: true };
    }
    const refusal = refusalOf(tracked, point);
    if (refusal !== undefined) return refusal;
    const isBehindGap = startUnixMs > tracked.lastUnixMs;
    const sum = isBehindGap ? undefined : accumulator.add(tracked.total, point);
    const total = sum ?? this.#first(point, accumulator);
    tracked.total = total;
    tracked.startUnixMs = startUnixMs;
    tracked.lastUnixMs = timeUnixMs;
    tracked.touchedMs = nowMs;
    return { total, isStart: sum === undefined };
  }

  /** Forgets what got no point for too long. Looks once a minute. */
  sweep(): void {
    this.#sweep(SWEEP_INTERVAL_MS);
  }

  #sweep(intervalMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sweptMs < intervalMs) return;
    this.#sweptMs = nowMs;
    for (const [key, { touchedMs }] of this.#tracked) {
      if (nowMs - touchedMs >= this.#expiryMs) this.#forget(key);
    }
  }

  #first<Point, Total extends object>(point: Point, accumulator: Accumulator<Point, Total>): Total {
    const total = accumulator.add(undefined, point);
    if (total === undefined) throw new Error('an accumulator must take a first point');
    return total;
  }

  #forget(key: string): void {
    this.#tracked.delete(key);
    this.expired++;
  }
}

function refusalOf(tracked: Tracked, point: OtlpPoint): DeltaRefusal | undefined {
  const { startUnixMs, timeUnixMs } = point;
  if (timeUnixMs <= tracked.lastUnixMs) {
    const isSame = timeUnixMs === tracked.lastUnixMs && startUnixMs === tracked.startUnixMs;
    return isSame ? 'delta_duplicate' : 'delta_out_of_order';
  }
  // Without a start there is no telling; all that comes is added up.
  return startUnixMs !== 0 && startUnixMs < tracked.lastUnixMs ? 'delta_overlap' : undefined;
}
