// What is asked. Times of range queries lie on half seconds, where no sample is: Prometheus 2.42 counts
// a sample on the left edge of a range in, Prometheus 3 and ours do not.
import { QUERIES as ANCHORS } from '../metrics/query.ts';

export interface BenchQuery {
  readonly name: string;
  readonly expression: string;
  /** Undefined: an instant query at the end of the data. */
  readonly range?: { readonly hours: number; readonly stepSeconds: number };
}

const DAY = { hours: 24, stepSeconds: 60 };
const QUARTER = { hours: 6, stepSeconds: 15 };
const HOUR = { hours: 1, stepSeconds: 15 };

const named = (
  expressions: Readonly<Record<string, string>>,
  range: BenchQuery['range'],
): readonly BenchQuery[] =>
  Object.entries(expressions).map(([name, expression]) => ({
    name,
    expression,
    ...(range === undefined ? {} : { range }),
  }));

/** The three of ../metrics, over 3,401 series. */
export const ANCHOR_QUERIES: readonly BenchQuery[] = named(
  { 'anchor-a': ANCHORS.a, 'anchor-b': ANCHORS.b, 'anchor-c': ANCHORS.c },
  DAY,
);

const BUCKETS = 'http_request_duration_seconds_bucket';
const requests = (matchers = ''): string => `sum(rate(http_requests_total${matchers}[5m]))`;

/** Panels of dashboards, 40 of them. */
export const PANEL_QUERIES: readonly BenchQuery[] = [
  ...named(
    {
      'cpu-busy': `100 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100`,
      'cpu-by-mode': 'sum by (mode) (rate(node_cpu_seconds_total[5m]))',
      'cpu-without': 'sum without (cpu, mode) (rate(node_cpu_seconds_total{mode!="idle"}[5m]))',
      'memory-used': '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes',
      'disk-fullest': 'topk(5, 1 - node_filesystem_avail_bytes / node_filesystem_size_bytes)',
      'network-irate': `sum by (instance) (irate(node_network_receive_bytes_total{device!="lo"}[5m])) * 8`,
      'requests-by-code': 'sum by (code) (rate(http_requests_total[5m]))',
      'error-ratio': `${requests('{code=~"5.."}')} / ${requests()}`,
      'errors-on-handler':
        'sum by (handler) (rate(http_requests_total{code=~"5.."}[5m])) / on (handler) sum by (handler) (rate(http_requests_total[5m]))',
      'latency-p95': `histogram_quantile(0.95, sum by (handler, le) (rate(${BUCKETS}[5m])))`,
      'latency-mean':
        'sum by (handler) (rate(http_request_duration_seconds_sum[5m])) / sum by (handler) (rate(http_request_duration_seconds_count[5m]))',
      apdex: `(sum(rate(${BUCKETS}{le="0.1"}[5m])) + sum(rate(${BUCKETS}{le="0.5"}[5m]))) / 2 / sum(rate(http_request_duration_seconds_count[5m]))`,
      'hour-before': `${requests()} - sum(rate(http_requests_total[5m] offset 1h))`,
      'by-version':
        'sum by (version) (sum by (instance) (rate(http_requests_total[5m])) * on (instance) group_left (version) app_build_info)',
      'load-per-core':
        'node_load1 / on (instance) count by (instance) (node_cpu_seconds_total{mode="idle"})',
      'targets-up': 'count by (job) (up == 1)',
      'load-hourly-mean': 'avg_over_time(node_load1[1h])',
      'memory-lowest': 'min_over_time(node_memory_MemAvailable_bytes[6h])',
      'memory-quantile': 'quantile by (job) (0.9, node_memory_MemAvailable_bytes)',
      'load-stddev': 'stddev by (region) (node_load1)',
      'regex-names':
        'sum by (instance) (rate({__name__=~"http_.*_total|node_network_.*_total",instance=~"node-000[01].*"}[5m]))',
      'regex-instances': 'sum(rate(bench_requests_total{instance=~"node-00[0-4].*"}[5m]))',
      'regions-max': 'max by (region) (rate(bench_requests_total[5m]))',
      'host-label':
        'sum by (host) (label_replace(rate(node_network_receive_bytes_total[5m]), "host", "$1", "instance", "([^.]+).*"))',
      'absent-job': 'absent(up{job="gateway"})',
      'no-such-errors': `${requests('{code="599"}')} or vector(0)`,
    },
    DAY,
  ),
  ...named(
    {
      'disk-full-soon': 'predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) < 0',
      'busiest-subquery':
        'max_over_time(sum by (instance) (rate(http_requests_total[5m]))[30m:1m])',
      'load-p95': 'quantile_over_time(0.95, node_load1[1h])',
      overloaded:
        '(node_load1 > 2) and on (instance) (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.5)',
    },
    QUARTER,
  ),
  ...named(
    {
      uptime: 'time() - process_start_time_seconds',
      'requests-per-target': 'rate(http_requests_total{code="200"}[1m])',
    },
    HOUR,
  ),
  ...named(
    { 'hourly-bars': 'sum by (code) (increase(http_requests_total[1h]))' },
    {
      hours: 24,
      stepSeconds: 3_600,
    },
  ),
  ...named(
    {
      'requests-of-day': 'sum by (handler) (increase(http_requests_total[1d]))',
      'availability-of-day': 'avg_over_time(up[1d]) * 100',
      'busiest-of-day': 'topk(10, sum by (instance, handler) (increase(http_requests_total[1d])))',
      'latency-of-day': `histogram_quantile(0.99, sum by (le) (rate(${BUCKETS}[1d])))`,
      'series-by-name': 'count by (__name__) ({__name__=~".+"})',
      'restarts-of-day': 'sum by (instance) (resets(http_requests_total{handler="/"}[1d])) > 0',
      'subquery-of-day': 'quantile_over_time(0.99, sum(rate(http_requests_total[5m]))[1d:5m])',
    },
    undefined,
  ),
];

export const ALL_QUERIES: readonly BenchQuery[] = [...ANCHOR_QUERIES, ...PANEL_QUERIES];
