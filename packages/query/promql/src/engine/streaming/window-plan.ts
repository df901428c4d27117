import { type Grid } from '../grid.ts';
import { momentsOf } from '../select.ts';
import { type RangeShape } from '../values.ts';
import { ByTimestamps, firstsAfter } from './by-timestamps.ts';

/** Numbers that a plan has by step, rates included, in bytes. */
const BYTES_PER_STEP = 2 * 4 + 4 * 8;

/** The plans of a selector, one for each way its series are sampled. */
export class WindowPlans {
  /** Of the windows; 1 where an `@` makes all of them the same. */
  readonly stepCount: number;
  readonly #plans: ByTimestamps<WindowPlan>;

  constructor(shape: RangeShape, grid: Grid) {
    this.stepCount = shape.atMs === undefined ? grid.count : 1;
    const endsMs = momentsOf(grid, shape, this.stepCount);
    this.#plans = new ByTimestamps(
      (timestamps) => new WindowPlan(shape, endsMs, timestamps),
      this.stepCount * BYTES_PER_STEP,
    );
  }

  of(timestamps: Float64Array): WindowPlan {
    return this.#plans.of(timestamps);
  }
}

/** Where the window of each step lies among some timestamps. */
export class WindowPlan {
  readonly stepCount: number;
  /** By step, the position of the first sample. */
  readonly from: Int32Array;
  /** By step, the position behind the last sample. */
  readonly to: Int32Array;
  readonly rangeMs: number;
  /** Whether every window has two samples or more. */
  readonly areAllPairs: boolean;
  readonly timestamps: Float64Array;
  /** By step, the end of the window. */
  readonly endsMs: Float64Array;
  #rates: RatePlan | undefined;

  constructor({ rangeMs }: RangeShape, endsMs: Float64Array, timestamps: Float64Array) {
    this.stepCount = endsMs.length;
    this.rangeMs = rangeMs;
    this.endsMs = endsMs;
    this.timestamps = timestamps;
    this.from = firstsAfter(timestamps, endsMs, -rangeMs);
    this.to = firstsAfter(timestamps, endsMs, 0);
    let fewest = Number.POSITIVE_INFINITY;
    for (let step = 0; step < this.stepCount; step++) {
      fewest = Math.min(fewest, (this.to[step] ?? 0) - (this.from[step] ?? 0));
    }
    this.areAllPairs = fewest >= 2;
  }

  /**
   * What extrapolation needs.
   * @param seconds what the result is divided by; always the same for a plan
   */
  rates(seconds: number): RatePlan {
    this.#rates ??= new RatePlan(this, seconds);
    return this.#rates;
  }

  /** The windows of some steps alone. */
  part(start: number, end: number): Pick<WindowPlan, 'from' | 'to' | 'stepCount'> {
    const from = this.from.subarray(start, end);
    return { from, to: this.to.subarray(start, end), stepCount: from.length };
  }
}

/** Multiplying may round where dividing does not, so near the limit the division decides. */
const CLEARLY = 1.000001;

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
  /**
   * A counter whose first value is above this many times what it grew by was zero before the window
   * at every step: `toStart` over `sampled` at the most, and a little more for what rounding may do.
   */
  readonly clearlyLater: number;

  constructor(plan: WindowPlan, seconds: number) {
    const { endsMs, stepCount, timestamps } = plan;
    this.sampled = new Float64Array(stepCount);
    this.toStart = new Float64Array(stepCount);
    this.toEnd = new Float64Array(stepCount);
    this.factor = new Float64Array(stepCount);
    let largest = 0;
    for (let step = 0; step < stepCount; step++) {
      const from = plan.from[step] ?? 0;
      const to = plan.to[step] ?? 0;
      if (to - from < 2) continue;
      const firstTime = timestamps[from] ?? 0;
      const lastTime = timestamps[to - 1] ?? 0;
      const endMs = endsMs[step] ?? 0;
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
      largest = Math.max(largest, toStart / sampled);
    }
    this.clearlyLater = largest * CLEARLY;
  }
}
