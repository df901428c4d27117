import { type Grid, timeAt } from '../grid.ts';
import { type RangeShape } from '../values.ts';
import { KnownTimestamps } from './known-timestamps.ts';

/** Where the window of each step lies among the samples of a series. */
export class WindowPlan {
  /** Of the windows; 1 where an `@` makes all of them the same. */
  readonly stepCount: number;
  /** By step, the position of the first sample. */
  readonly from: Int32Array;
  /** By step, the position behind the last sample. */
  readonly to: Int32Array;
  readonly rangeMs: number;
  readonly #grid: Grid;
  readonly #shape: RangeShape;
  readonly #timestamps = new KnownTimestamps();
  #rates: RatePlan | undefined;
  #areRatesNew = true;

  constructor(shape: RangeShape, grid: Grid) {
    this.#shape = shape;
    this.#grid = grid;
    this.rangeMs = shape.rangeMs;
    this.stepCount = shape.atMs === undefined ? grid.count : 1;
    this.from = new Int32Array(this.stepCount);
    this.to = new Int32Array(this.stepCount);
  }

  /** Moves the windows over the timestamps of a series. */
  open(timestamps: Float64Array): void {
    if (!this.#timestamps.change(timestamps)) return;
    this.#areRatesNew = true;
    const { length } = timestamps;
    let from = 0;
    let to = 0;
    for (let step = 0; step < this.stepCount; step++) {
      const endMs = this.#endMs(step);
      const startMs = endMs - this.rangeMs;
      while (to < length && (timestamps[to] ?? 0) <= endMs) to++;
      while (from < to && (timestamps[from] ?? 0) <= startMs) from++;
      this.from[step] = from;
      this.to[step] = to;
    }
  }

  /**
   * What extrapolation needs of the timestamps that were opened last.
   * @param seconds what the result is divided by; always the same for a plan
   */
  rates(timestamps: Float64Array, seconds: number): RatePlan {
    this.#rates ??= new RatePlan(this.stepCount);
    if (this.#areRatesNew) {
      this.#areRatesNew = false;
      this.#rates.open(this, timestamps, seconds, (step) => this.#endMs(step));
    }
    return this.#rates;
  }

  #endMs(step: number): number {
    return (this.#shape.atMs ?? timeAt(this.#grid, step)) - this.#shape.offsetMs;
  }
}

/** The parts of extrapolation that depend on timestamps alone, by step, in seconds. */
export class RatePlan {
  /** From the first sample to the last. */
  readonly sampled: Float64Array;
  /** How far to extrapolate before the first sample, a counter's zero aside. */
  readonly toStart: Float64Array;
  /** How far to extrapolate behind the last sample. */
  readonly toEnd: Float64Array;
  /** What the difference of the ends is multiplied by. */
  readonly factor: Float64Array;

  constructor(stepCount: number) {
    this.sampled = new Float64Array(stepCount);
    this.toStart = new Float64Array(stepCount);
    this.toEnd = new Float64Array(stepCount);
    this.factor = new Float64Array(stepCount);
  }

  open(
    plan: WindowPlan,
    timestamps: Float64Array,
    seconds: number,
    endMsOf: (step: number) => number,
  ): void {
    for (let step = 0; step < plan.stepCount; step++) {
      const from = plan.from[step] ?? 0;
      const to = plan.to[step] ?? 0;
      if (to - from < 2) continue;
      const firstTime = timestamps[from] ?? 0;
      const lastTime = timestamps[to - 1] ?? 0;
      const endMs = endMsOf(step);
      const sampled = (lastTime - firstTime) / 1000;
      const average = sampled / (to - from - 1);
      // A gap much wider than usual means the series begins or ends inside the window.
      const threshold = average * 1.1;
      let toStart = (firstTime - (endMs - plan.rangeMs)) / 1000;
      if (toStart >= threshold) toStart = average / 2;
      let toEnd = (endMs - lastTime) / 1000;
      if (toEnd >= threshold) toEnd = average / 2;
      this.sampled[step] = sampled;
      this.toStart[step] = toStart;
      this.toEnd[step] = toEnd;
      this.factor[step] = (sampled + toStart + toEnd) / sampled / seconds;
    }
  }
}
