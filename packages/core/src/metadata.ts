/** The metric types of OpenMetrics. */
export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

/** What is known of a metric family, by its name (for a counter in OpenMetrics: without `_total`). */
export interface MetricMetadata {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** The base unit, '' when none was given. */
  readonly unit: string;
}
