import { type Span } from '../../parser/ast.ts';
import { quote } from '../../parser/go-text.ts';
import { type Annotations } from '../annotations.ts';
import { type AddOutcome } from './float-histogram.ts';

export type Operation = 'addition' | 'subtraction' | 'aggregation';

/** What a query's author is told about native histograms, in Prometheus' words. */
export class HistogramNotes {
  readonly #annotations: Annotations;
  readonly #span: Span;

  constructor(annotations: Annotations, span: Span) {
    this.#annotations = annotations;
    this.#span = span;
  }

  mixedWithFloats(metricName: string): void {
    this.#warn(`encountered a mix of histograms and floats for metric name ${quote(metricName)}`);
  }

  mixedWithFloatsInAggregation(): void {
    this.#warn('encountered a mix of histograms and floats for aggregation');
  }

  mixedWithClassic(metricName: string): void {
    this.#warn(`vector contains a mix of classic and native histograms${forName(metricName)}`);
  }

  mixedSchemas(metricName: string): void {
    this.#warn(
      `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(metricName)}`,
    );
  }

  notCounter(metricName: string): void {
    this.#warn(`this native histogram metric is not a counter: ${quote(metricName)}`);
  }

  notGauge(metricName: string): void {
    this.#warn(`this native histogram metric is not a gauge: ${quote(metricName)}`);
  }

  startOverlaps(metricName: string): void {
    this.#warn(
      `sample has start time that overlaps with previous sample timestamp for metric ${quote(metricName)}`,
    );
  }

  incompatibleLayouts(operator: string): void {
    this.#warn(`incompatible bucket layout encountered for binary operator ${operator}`);
  }

  incompatibleTypes(operator: string, left: string, right: string): void {
    this.#info(
      `incompatible sample types encountered for binary operator ${quote(operator)}: ${left} ${operator} ${right}`,
    );
  }

  ignoredInAggregation(operator: string): void {
    this.#info(`ignored histogram in ${operator} aggregation`);
  }

  ignoredInRange(metricName: string): void {
    this.#info(
      `ignored histograms in a range containing both floats and histograms for metric name ${quote(metricName)}`,
    );
  }

  nanInQuantile(effect: 'result is NaN' | 'result is skewed higher', metricName: string): void {
    this.#info(`input to histogram_quantile has NaN observations, ${effect}${forName(metricName)}`);
  }

  nanInFraction(metricName: string): void {
    this.#info(
      `input to histogram_fraction has NaN observations, which are excluded from all fractions${forName(metricName)}`,
    );
  }

  collidingResets(operation: Operation): void {
    this.#warn(`conflicting counter resets during histogram ${operation}`);
  }

  reconciledBounds(operation: Operation): void {
    this.#info(`mismatched custom buckets were reconciled during ${operation}`);
  }

  /** What adding two histograms brought up; undefined when they do not go together. */
  added(
    outcome: AddOutcome | undefined,
    operation: 'addition' | 'subtraction',
    metricName: string,
  ): boolean {
    if (outcome === undefined) {
      this.mixedSchemas(metricName);
      return false;
    }
    if (outcome.boundsReconciled) this.reconciledBounds(operation);
    return true;
  }

  #warn(message: string): void {
    this.#annotations.warn(message, this.#span);
  }

  #info(message: string): void {
    this.#annotations.info(message, this.#span);
  }
}

function forName(metricName: string): string {
  return metricName === '' ? '' : ` for metric name ${quote(metricName)}`;
}
