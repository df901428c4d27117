import { type Budget } from '../budget.ts';
import { type Grid } from '../grid.ts';
import { histogramBytes, isMixed } from '../histograms/windows.ts';
import {
  type Column,
  type ColumnSink,
  NO_REACH,
  type RangeSeries,
  type RangeShape,
} from '../values.ts';
import { moveTo, Window, type WindowFunction, type WindowOptions } from '../window.ts';
import { type OutColumn, OutColumns } from './out-columns.ts';
import { overTimeKernels, type PartKernel, windowKernels } from './over-time-kernels.ts';
import { type Kernel, rateKernels } from './rate-kernels.ts';
import { type WindowPlan, WindowPlans } from './window-plan.ts';

/** After so many samples looked at, others get a chance: a few milliseconds' work. */
const SAMPLES_PER_BREATH = 500_000;

const kernels: Readonly<Record<string, Kernel | undefined>> = {
  ...rateKernels,
  ...overTimeKernels,
};

export interface SeriesWindowsOptions extends WindowOptions {
  readonly shape: RangeShape;
  readonly grid: Grid;
  readonly budget: Budget;
  readonly compute: WindowFunction;
  /** The function of which there may be a kernel that does what `compute` does. */
  readonly kernel?: string;
  readonly sink: ColumnSink;
  /** Makes the column of a series with histograms or start times; without it those do not matter. */
  readonly mixed?: (series: RangeSeries) => Promise<Column | undefined>;
}

/** Runs a function over every window of one series after the other. */
export class SeriesWindows {
  readonly #options: SeriesWindowsOptions;
  readonly #kernel: Kernel | undefined;
  /** The same where it looks at every sample of every window. */
  readonly #partKernel: PartKernel | undefined;
  /** Whether the answer is the same as long as the samples of the window are. */
  readonly #seesSamplesOnly: boolean;
  readonly #plans: WindowPlans;
  readonly #out: OutColumns;
  readonly #window = new Window();

  constructor(options: SeriesWindowsOptions) {
    this.#options = options;
    const { budget, grid, kernel = '', shape, sink, variesByStep = false } = options;
    const isPlain = shape.reach === NO_REACH && !variesByStep;
    this.#kernel = isPlain ? kernels[kernel] : undefined;
    this.#partKernel = isPlain ? windowKernels[kernel] : undefined;
    // Functions that depend on the edges of the window too have kernels.
    this.#seesSamplesOnly = isPlain && this.#kernel === undefined;
    this.#plans = new WindowPlans(shape, grid);
    this.#out = new OutColumns(sink, grid.count, budget);
  }

  /** Gives the sink the series' column, if any step has an answer. */
  add(series: RangeSeries): void | Promise<void> {
    const { mixed } = this.#options;
    if (mixed !== undefined && isMixed(series)) return this.#addMixed(mixed(series));
    const out = this.#out.next();
    if (this.#kernel !== undefined && series.histograms === undefined) {
      const plan = this.#plans.of(series.timestamps);
      if (this.#partKernel !== undefined && this.#looksOf(series) > SAMPLES_PER_BREATH) {
        return this.#addInParts(series, this.#partKernel, plan, out);
      }
      this.#give(series, out, this.#kernel(series, plan, out));
      return undefined;
    }
    out.present.fill(0);
    this.#window.open(series);
    if (this.#looksOf(series) > SAMPLES_PER_BREATH) return this.#addSlowly(series, out);
    let found = false;
    for (let step = 0; step < this.steps; step++) found = this.#compute(step, out) || found;
    this.#give(series, out, found);
    return undefined;
  }

  async #addMixed(made: Promise<Column | undefined>): Promise<void> {
    const { budget, grid, sink } = this.#options;
    budget.charge(grid.count);
    const column = await made;
    const bytes = column === undefined ? 0 : histogramBytes(column);
    budget.chargeBytes(bytes);
    if (column !== undefined) sink.add(column);
    if (column !== undefined && sink.keepsColumns) return;
    budget.chargeBytes(-bytes);
    budget.release(grid.count);
  }

  get steps(): number {
    const { grid, shape, variesByStep = false } = this.#options;
    // An `@` makes all windows the same window.
    return shape.atMs === undefined || variesByStep ? grid.count : 1;
  }

  /** About how many samples all windows of a series hold together. */
  #looksOf({ timestamps }: RangeSeries): number {
    const spanMs = (timestamps.at(-1) ?? 0) - (timestamps[0] ?? 0);
    const share = spanMs > 0 ? Math.min(1, this.#options.shape.rangeMs / spanMs) : 1;
    return timestamps.length * share * this.steps;
  }

  async #addInParts(
    series: RangeSeries,
    kernel: PartKernel,
    plan: WindowPlan,
    out: OutColumn,
  ): Promise<void> {
    const { stepCount } = plan;
    const parts = Math.ceil(this.#looksOf(series) / SAMPLES_PER_BREATH);
    const size = Math.ceil(stepCount / parts);
    let found = false;
    for (let start = 0; start < stepCount; start += size) {
      const part = {
        values: out.values.subarray(start, start + size),
        present: out.present.subarray(start, start + size),
      };
      found = kernel(series, plan.part(start, start + size), part) || found;
      await this.#options.budget.breathe();
    }
    this.#give(series, out, found);
  }

  /** One long series with wide windows is as much work as many series. */
  async #addSlowly(series: RangeSeries, out: OutColumn): Promise<void> {
    let found = false;
    let samplesSeen = 0;
    for (let step = 0; step < this.steps; step++) {
      found = this.#compute(step, out) || found;
      samplesSeen += this.#window.size;
      if (samplesSeen <= SAMPLES_PER_BREATH) continue;
      samplesSeen = 0;
      await this.#options.budget.breathe();
    }
    this.#give(series, out, found);
  }

  #compute(step: number, out: OutColumn): boolean {
    const { compute, grid, shape } = this.#options;
    const window = this.#window;
    const { from, to } = window;
    moveTo(window, shape, grid, step);
    if (this.#seesSamplesOnly && step > 0 && window.from === from && window.to === to) {
      out.values[step] = out.values[step - 1] ?? 0;
      out.present[step] = out.present[step - 1] ?? 0;
      return out.present[step] === 1;
    }
    if (window.to <= window.from || !compute(window)) return false;
    out.values[step] = window.result;
    out.present[step] = 1;
    return true;
  }

  #give({ labels, dropName }: RangeSeries, { present, values }: OutColumn, found: boolean): void {
    if (!found) return;
    if (this.steps < this.#options.grid.count) {
      values.fill(values[0] ?? 0);
      present.fill(present[0] ?? 0);
    }
    const { keepsName = false, sink } = this.#options;
    this.#out.given();
    sink.add({ labels, dropName: dropName || !keepsName, values, present });
  }
}
