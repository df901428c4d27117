import { pick, type Random, type RandomQuery } from '@dwcp/testing';
// Expressions over native histograms, of what Prometheus 2.42 can do with them; the rest stands in
// known-differences.ts.

const counters = [
  'native_seconds',
  'native_seconds{job="api"}',
  'native_seconds{instance!="a:1"}',
  'native_widening',
  'native_signed',
  'native_gaps',
  'native_pods',
];
const selectors = [
  ...counters,
  'native_gauge',
  'native_gauge{job="web"}',
  '{__name__=~"native_g.*"}',
];
const ranges = ['1m', '2m30s', '5m', '10m', '1h', '45s'];
const steps = ['15s', '30s', '1m', '5m', ''];
const groupings = [
  '',
  ' by (job)',
  ' by (instance)',
  ' without (instance)',
  ' by (none)',
  ' without ()',
];
const levels = ['0', '0.25', '0.5', '0.9', '0.99', '1', '-0.5', '1.5', 'NaN'];
const bounds = ['0', '-1', '0.3', '1', '4', '100', '-Inf', '+Inf', 'NaN'];
const matchings = ['', ' on (job)', ' on (job, instance)', ' ignoring (instance)', ' on (pod)'];

/** Makes expressions that read, combine and take apart native histograms. */
export class HistogramQueryGenerator {
  readonly #random: Random;
  readonly #atSeconds: readonly number[];

  /** @param atSeconds moments for `@` */
  constructor(random: Random, atSeconds: readonly number[]) {
    this.#random = random;
    this.#atSeconds = atSeconds;
  }

  next(): RandomQuery {
    const expression = this.#random() < 0.7 ? this.#float(2) : this.#histogram(2);
    return { ours: expression, theirs: expression };
  }

  #pick<T>(of: readonly T[]): T {
    return pick(this.#random, of);
  }

  #modifier(): string {
    if (this.#random() < 0.8) return '';
    const at = ['', ' @ start()', ' @ end()', ` @ ${this.#pick(this.#atSeconds)}`];
    return this.#pick(['', ' offset 5m', ' offset -3m', ' offset 1h']) + this.#pick(at);
  }

  #range(of: readonly string[]): string {
    const inside =
      this.#random() < 0.15 ? `${this.#pick(ranges)}:${this.#pick(steps)}` : this.#pick(ranges);
    return `${this.#pick(of)}[${inside}]${this.#modifier()}`;
  }

  /** An expression whose values are histograms. */
  #histogram(depth: number): string {
    const inner = (): string => this.#histogram(depth - 1);
    const kinds: (() => string)[] = [
      () => this.#pick(selectors) + this.#modifier(),
      () => `${this.#pick(['rate', 'increase'])}(${this.#range(counters)})`,
      () => `${this.#pick(['rate', 'increase'])}(${this.#range(counters)})`,
      () => `delta(${this.#range(['native_gauge'])})`,
    ];
    if (depth > 0) {
      kinds.push(
        () => `sum${this.#pick(groupings)} (${inner()})`,
        () => `sum${this.#pick(groupings)} (${inner()})`,
        () => `(${inner()} +${this.#pick(matchings)} ${inner()})`,
        () =>
          `(${inner()} ${this.#pick(['and', 'or', 'unless'])}${this.#pick(matchings)} ${inner()})`,
      );
    }
    return this.#pick(kinds)();
  }

  /** Histograms without negative counts, among which quantiles have no meaning. */
  #counts(depth: number): string {
    for (;;) {
      const histogram = this.#histogram(depth);
      if (!histogram.includes('delta')) return histogram;
    }
  }

  /** An expression over histograms whose values are floats. */
  #float(depth: number): string {
    const inner = (): string => this.#histogram(depth - 1);
    return this.#pick([
      () => `histogram_count(${inner()})`,
      () => `histogram_sum(${inner()})`,
      () => `histogram_sum(${inner()}) / histogram_count(${inner()})`,
      () => `histogram_quantile(${this.#pick(levels)}, ${this.#counts(depth - 1)})`,
      () =>
        `histogram_fraction(${this.#pick(bounds)}, ${this.#pick(bounds)}, ${this.#counts(depth - 1)})`,
      () => `${this.#pick(['count', 'group'])}${this.#pick(groupings)} (${inner()})`,
      () => `${this.#pick(['count_over_time', 'present_over_time'])}(${this.#range(selectors)})`,
      () => `absent(${inner()})`,
      () => `absent_over_time(${this.#range(selectors)})`,
      () => `timestamp(${this.#pick(selectors)})`,
      () => `sum${this.#pick(groupings)} (histogram_count(${inner()}))`,
      () => `max_over_time(histogram_sum(${this.#pick(selectors)})[10m:${this.#pick(steps)}])`,
    ])();
  }
}
