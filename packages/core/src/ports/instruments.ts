/** Label values by label name. */
export type LabelValues = Readonly<Record<string, string>>;

export interface InstrumentOptions {
  /** `snake_case`, in the base unit; a counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

export interface HistogramOptions extends InstrumentOptions {
  /** Upper bounds, ascending, without +Inf. Default: Prometheus' usual ones for seconds. */
  readonly buckets?: readonly number[];
  /** Also keeps a native histogram of this growth factor per bucket, above 1, such as 1.1. */
  readonly nativeBucketFactor?: number;
}

export interface SummaryOptions extends InstrumentOptions {
  /** Each in (0, 1). Default: 0.5, 0.9, 0.95, 0.99, 0.999. */
  readonly quantiles?: readonly number[];
  /** How far back the quantiles look. Default 10 minutes. */
  readonly maxAgeSeconds?: number;
}

/** A label on a single observation, such as `{ trace_id: '...' }`. */
export interface ObservationOptions {
  readonly exemplar?: LabelValues;
}

/** A counter with its label values fixed: for hot paths. */
export interface BoundCounter {
  /** Adds a value of 0 or more; anything else is refused and counted, never thrown. */
  inc(value?: number, options?: ObservationOptions): void;
}
export interface BoundGauge {
  set(value: number): void;
  inc(value?: number): void;
  dec(value?: number): void;
}
export interface BoundHistogram {
  observe(value: number, options?: ObservationOptions): void;
}
export interface BoundSummary {
  observe(value: number): void;
}

export interface Counter extends BoundCounter {
  labels(values: LabelValues): BoundCounter;
}
export interface Gauge extends BoundGauge {
  labels(values: LabelValues): BoundGauge;
  /** Forgets one label set. */
  remove(values: LabelValues): void;
}
export interface Histogram extends BoundHistogram {
  labels(values: LabelValues): BoundHistogram;
}
export interface Summary extends BoundSummary {
  labels(values: LabelValues): BoundSummary;
}

/**
 * Makes instruments. Asking twice for the same name and kind gives the same instrument; for another
 * kind or other label names it throws InvalidInputError.
 */
export interface Instruments {
  counter(options: InstrumentOptions): Counter;
  gauge(options: InstrumentOptions): Gauge;
  histogram(options: HistogramOptions): Histogram;
  summary(options: SummaryOptions): Summary;
}
