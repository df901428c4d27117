import { pick, type Random } from './random.ts';

/** One expression, as this engine and as the older Prometheus write it. */
export interface RandomQuery {
  readonly ours: string;
  readonly theirs: string;
}

const selectors = [
  'http_requests_total',
  'http_requests_total{method="GET"}',
  'http_requests_total{job="api",instance=~"[ab]:.*"}',
  'errors_total',
  'errors_total{instance!="a:1"}',
  'memory_bytes',
  'memory_bytes{job!~"web|none"}',
  'build_info',
  'temperature',
  'temperature{room!="attic"}',
  'odd',
  'odd{kind=~"few|zero|constant"}',
  'odd{kind="mixed"}',
  'latency_seconds_bucket{le=~"0.1|5"}',
  'latency_seconds_sum',
  'latency_seconds_count{job="web"}',
  'nothing_here{job="x"}',
  'nothing_here{job!="y",job="x"}',
  'nothing_here{job="x",job="z",instance=~"b",method="GET"}',
  '{__name__="temperature",room=~".*l.*"}',
  'pod_requests_total',
  'pod_memory_bytes',
  'pod_memory_bytes{slot!="2"}',
];
const counters = [
  'http_requests_total',
  'http_requests_total{method="POST"}',
  'errors_total',
  'latency_seconds_bucket',
  'latency_seconds_sum',
  'latency_seconds_count{job="web"}',
  'pod_requests_total',
];
/** Vectors of finite numbers without ties. */
const plain = [
  'memory_bytes',
  'temperature',
  'rate(http_requests_total[20m])',
  'avg_over_time(temperature[7m])',
  'memory_bytes offset 10m',
];
const perInstance = ['memory_bytes', 'build_info', 'errors_total', 'latency_seconds_count'];
const elementwise =
  'abs acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sqrt tan tanh'.split(
    ' ',
  );
const dates = 'day_of_month day_of_week day_of_year days_in_month hour minute month year'.split(
  ' ',
);
const overTime =
  'avg_over_time sum_over_time min_over_time max_over_time count_over_time last_over_time present_over_time stddev_over_time stdvar_over_time delta irate idelta deriv changes resets absent_over_time'.split(
    ' ',
  );
const aggregations = 'sum avg min max count group'.split(' ');
const groupings = [
  '',
  ' by (job)',
  ' by (instance, method)',
  ' by (none)',
  ' by ()',
  ' without (instance)',
  ' without (job, method, le)',
  ' without ()',
  ' by (kind, room, job, le)',
];
const numbers = ['0', '1', '-1', '2.5', '0.5', '1e3', 'Inf', '-Inf', 'NaN', '-0.1', '100', 'pi()'];
const levels = ['0', '0.25', '0.49', '0.9', '0.99', '1', '-0.5', '1.5', 'NaN'];
const varyingLevels = [...levels, 'scalar(odd{kind="zero"})', 'scalar(odd{kind="few"}) / 2'];
const ranges = ['1m', '2m30s', '5m', '10m', '20s', '1h', '45s'];
const steps = ['15s', '30s', '1m', '5m', ''];
const operators = '+ - * / % ^'.split(' ');
const comparisons = '== != < <= > >='.split(' ');
const sets = ['and', 'or', 'unless'];

/**
 * Makes expressions over `floatSeries` whose answer in Prometheus 2 and 3 is the same. None reads a name that a
 * function took away, no subquery lies inside another (whose windows would begin at its steps, which
 * only Prometheus 2 counts in), and the places where Prometheus 2 had faults of its own are left out.
 */
export class QueryGenerator {
  readonly #random: Random;
  /** Whole seconds that are 2 modulo 5, like the times of the run's queries. */
  readonly #atSeconds: readonly number[];

  constructor(random: Random, atSeconds: readonly number[]) {
    this.#random = random;
    this.#atSeconds = atSeconds;
  }

  next(): RandomQuery {
    const theirs = this.#one(0.03) ? this.#scalar(2) : this.#vector(3);
    return { theirs, ours: theirs.replaceAll('holt_winters', 'double_exponential_smoothing') };
  }

  #one(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<T>(of: readonly T[]): T {
    return pick(this.#random, of);
  }

  #modifier(): string {
    if (this.#one(0.75)) return '';
    const offset = this.#pick(['', ' offset 5m', ' offset -3m', ' offset 90s', ' offset 1h']);
    const at = this.#pick(['', '', ' @ start()', ' @ end()', ` @ ${this.#pick(this.#atSeconds)}`]);
    return this.#one(0.5) ? offset + at : at + offset;
  }

  #selector(): string {
    return this.#pick(selectors) + this.#modifier();
  }

  #range(depth: number): string {
    if (depth > 0 && this.#one(0.3)) {
      const inner = this.#vector(0);
      return `(${inner})[${this.#pick(ranges)}:${this.#pick(steps)}]${this.#modifier()}`;
    }
    return `${this.#pick(selectors)}[${this.#pick(ranges)}]${this.#modifier()}`;
  }

  #counterRange(depth: number): string {
    const subquery = depth > 0 && this.#one(0.2) ? `${this.#modifier()}` : undefined;
    const range = this.#pick(ranges);
    const bracket =
      subquery === undefined ? `[${range}]` : `${subquery}[${range}:${this.#pick(steps)}]`;
    return `${this.#pick(counters)}${bracket}${this.#modifier()}`;
  }

  #scalar(depth: number): string {
    if (depth === 0 || this.#one(0.6)) return this.#pick(numbers);
    switch (Math.floor(this.#random() * 4)) {
      case 0:
        return `scalar(${this.#vector(depth - 1)})`;
      case 1:
        return `(${this.#scalar(depth - 1)} ${this.#pick([...operators, 'atan2'])} ${this.#scalar(depth - 1)})`;
      case 2:
        return `(${this.#scalar(depth - 1)} ${this.#pick(comparisons)} bool ${this.#scalar(depth - 1)})`;
      default:
        return this.#pick(['time()', '-(time() / 1e9)', 'scalar(odd{kind="few"})']);
    }
  }

  #vector(depth: number): string {
    if (depth <= 0) return this.#one(0.5) ? this.#selector() : this.#overTime(0);
    const inner = (): string => this.#vector(depth - 1);
    const number = (): string => this.#scalar(1);
    const kinds: (() => string)[] = [
      () => this.#selector(),
      () => this.#overTime(depth),
      () => this.#overTime(depth),
      () => this.#overTime(depth),
      () => `${this.#pick(elementwise)}(${inner()})`,
      () => `${this.#pick(dates)}(${this.#moment()})`,
      () =>
        `timestamp(${this.#pick([...selectors, 'temperature @ start()', 'odd offset -5m', 'sum(odd)'])})`,
      () => `clamp(${inner()}, ${number()}, ${number()})`,
      () => `${this.#pick(['clamp_min', 'clamp_max', 'round'])}(${inner()}, ${number()})`,
      () => `round(${inner()})`,
      () => `-${this.#selector()}`,
      () => `vector(${number()})`,
      () => `absent(${inner()})`,
      () => `${this.#pick(['sort', 'sort_desc'])}(${inner()})`,
      () => this.#labels(inner()),
      () => this.#aggregation(inner()),
      () => this.#aggregation(inner()),
      () => this.#aggregation(inner()),
      () => this.#histogram(),
      () => this.#matching(),
      () => this.#matching(),
      () => `(${inner()} ${this.#operator()} ${number()})`,
      () => `(${number()} ${this.#operator()} ${inner()})`,
      () => `(${inner()} ${this.#operator()} ${inner()})`,
      () => `(${inner()} ${this.#pick(sets)} ${inner()})`,
    ];
    return this.#pick(kinds)();
  }

  #operator(): string {
    if (this.#one(0.5)) return this.#pick(operators);
    return this.#pick(comparisons) + this.#pick(['', ' bool']);
  }

  /** Unix seconds that a date can tell. */
  #moment(): string {
    return this.#pick([
      'temperature * 3e6',
      'vector(time())',
      'temperature * 1e7 + time()',
      'timestamp(memory_bytes)',
      'http_requests_total * 86399.5',
    ]);
  }

  #overTime(depth: number): string {
    switch (Math.floor(this.#random() * 12)) {
      case 0:
        return `quantile_over_time(${this.#pick(levels)}, ${this.#range(depth)})`;
      case 1:
        // Prometheus 2 loses the steps of a predict_linear with @.
        return `predict_linear(${this.#range(depth).replaceAll(/ @ \S+/g, '')}, ${this.#pick(['600', '-60', '3600'])})`;
      case 2:
        return `holt_winters(${this.#range(depth)}, ${this.#pick(['0.1', '0.5', '0.99'])}, 0.3)`;
      case 3:
      case 4:
        return `${this.#pick(['rate', 'increase'])}(${this.#counterRange(depth)})`;
      default:
        return `${this.#pick(overTime)}(${this.#range(depth)})`;
    }
  }

  #labels(inner: string): string {
    return this.#pick([
      `label_replace(${inner}, "host", "$1-x", "instance", "(.*):(\\\\d+)")`,
      `label_replace(${inner}, "job", "", "method", "GET")`,
      `label_replace(${inner}, "copy", "\${n}", "room", "(?P<n>.).*")`,
      `label_replace(${inner}, "", "x", "job", ".*")`,
      `label_replace(${inner}, "x", "$0", "job", "(")`,
      `label_join(${inner}, "joined", "-", "job", "instance", "none")`,
      `label_join(${inner}, "job", ",")`,
    ]);
  }

  #aggregation(inner: string): string {
    const grouping = this.#pick(groupings);
    switch (Math.floor(this.#random() * 10)) {
      case 0:
        return `quantile${grouping} (${this.#pick(levels)}, ${inner})`;
      case 1:
        return `count_values${grouping} ("${this.#pick(['v', 'job'])}", ${this.#pick(['odd', 'build_info', 'count_over_time(memory_bytes[5m])'])})`;
      case 2: {
        // Values without ties, since which one of equals is taken is not defined.
        const of = this.#pick(plain);
        return `${this.#pick(['topk', 'bottomk'])}${grouping} (${this.#pick(['1', '2', '3.9', '0', '-1', '100', 'NaN'])}, ${of})`;
      }
      case 3:
        return this.#one(0.5)
          ? `${this.#pick(['stddev', 'stdvar'])}${grouping} (${this.#pick(plain)})`
          : `quantile${grouping} (${this.#pick(varyingLevels)}, ${this.#pick(plain)})`;
      case 4:
        return `sum without (none) (${this.#pick(perInstance)} atan2 ignoring (version, method, le) ${this.#pick(perInstance)})`;
      default:
        return `${this.#pick(aggregations)}${grouping} (${inner})`;
    }
  }

  #histogram(): string {
    const rate = `${this.#pick(['rate', 'increase', 'last_over_time'])}(latency_seconds_bucket[${this.#pick(ranges)}]${this.#modifier()})`;
    const of = this.#pick([
      rate,
      'latency_seconds_bucket',
      `sum by (le) (${rate})`,
      `sum by (job, le) (${rate})`,
      'latency_seconds_bucket{le!="+Inf"}',
      'latency_seconds_bucket{le!~"0.5|0.1"}',
      'memory_bytes',
    ]);
    return `histogram_quantile(${this.#pick(varyingLevels)}, ${of})`;
  }

  #matching(): string {
    const operator = this.#one(0.3) ? this.#pick(sets) : this.#operator();
    const left = this.#pick([
      ...perInstance,
      'http_requests_total',
      'sum by (job) (memory_bytes)',
      'rate(http_requests_total[5m])',
    ]);
    const right = this.#pick([
      ...perInstance,
      'sum by (job) (memory_bytes)',
      'http_requests_total{method="GET"}',
      'build_info{version="1"}',
    ]);
    const labels = this.#pick([
      'on (job)',
      'on (job, instance)',
      'on (job, instance, method)',
      'ignoring (method)',
      'ignoring (version)',
      'ignoring (method, version)',
      'on ()',
      'ignoring (job, method, version)',
      '',
    ]);
    const isSet = sets.includes(operator);
    const group =
      isSet || labels === ''
        ? ''
        : this.#pick([
            '',
            ' group_left',
            ' group_left (version)',
            ' group_right',
            ' group_right (version, none)',
            ' group_left ()',
            ' group_left (method)',
          ]);
    // Prometheus 2 looks for many-to-one only among what a comparison keeps.
    const isFilter = comparisons.includes(operator) && group === '';
    return `(${left} ${operator}${isFilter ? ' bool' : ''} ${labels}${group} ${right})`;
  }
}
