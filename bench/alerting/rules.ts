// 1,000 rules as teams have them: 20 for each of 40 services, 40 for the hosts of each of 5 regions.
// Rates, ratios, quantiles, joins, aggregations by label, predictions; some fire, most do not.
import { REGIONS, SERVICES } from './data.ts';

export interface BenchRule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Wording {
  readonly severity: string;
  readonly summary: string;
  readonly description: string;
  readonly for?: string;
}

/** Of two rules with one name, this label differs: else they could give the same series. */
function withTeam(team: string, rules: readonly BenchRule[]): readonly BenchRule[] {
  return rules.map((rule) => ({ ...rule, labels: { ...rule.labels, team } }));
}

function alert(name: string, expr: string, wording: Wording): BenchRule {
  const { severity, summary, description } = wording;
  return {
    alert: name,
    expr,
    ...(wording.for === undefined ? {} : { for: wording.for }),
    labels: { severity, category: 'performance' },
    annotations: {
      summary,
      description,
      runbook_url: `{{ $externalURL }}/runbooks/${name}`,
    },
  };
}

function serviceRules(service: string): readonly BenchRule[] {
  const own = `service="${service}"`;
  const requests = `http_requests_total{${own}}`;
  const errors = `http_requests_total{${own}, code=~"5.."}`;
  const buckets = `http_request_duration_seconds_bucket{${own}}`;
  const ratio = (window: string): string =>
    `sum by (service) (rate(${errors}[${window}])) / sum by (service) (rate(${requests}[${window}]))`;
  const quantile = (q: number): string =>
    `histogram_quantile(${q}, sum by (service, le) (rate(${buckets}[5m])))`;
  const instance = '{{ $labels.instance }} of {{ $labels.service }}';
  const warning = (summary: string, description: string): Wording => ({
    severity: 'warning',
    summary,
    description,
    for: '4s',
  });
  const share = warning(
    '{{ $value | humanizePercentage }} of requests to {{ $labels.service }} fail',
    'More requests to {{ $labels.service }} than its budget allows were answered with 5xx.',
  );
  const slow = warning(
    'Requests to {{ $labels.service }} take over {{ $value | humanizeDuration }}',
    'The quantile of {{ $labels.service }} has been over its limit: {{ printf "%.3f" $value }} s.',
  );
  return [
    {
      record: 'service_instance:http_requests:rate5m',
      expr: `sum by (service, instance) (rate(${requests}[5m]))`,
      labels: {},
    },
    { record: 'service:http_errors:ratio_rate5m', expr: ratio('5m'), labels: {} },
    alert('HttpErrorsHigh', `${ratio('5m')} > 0.05`, share),
    alert('HttpErrorsCritical', `${ratio('5m')} > 0.5`, { ...share, severity: 'critical' }),
    alert('ErrorBudgetBurns', `${ratio('5m')} > 14.4 * 0.001 and ${ratio('10m')} > 14.4 * 0.001`, {
      ...share,
      severity: 'critical',
    }),
    { record: 'service:http_latency:p95', expr: quantile(0.95), labels: { quantile: '0.95' } },
    alert('HttpSlow', `${quantile(0.99)} > 1`, slow),
    alert('HttpMedianSlow', `${quantile(0.5)} > 5`, slow),
    alert(
      'HttpMeanSlow',
      `sum by (service, instance) (rate(http_request_duration_seconds_sum{${own}}[5m])) / sum by (service, instance) (rate(http_request_duration_seconds_count{${own}}[5m])) > 1`,
      slow,
    ),
    alert(
      'InstanceDown',
      `up{${own}} == 0`,
      warning(`${instance} is down`, `${instance} in {{ $labels.region }} could not be scraped.`),
    ),
    alert(
      'MostInstancesDown',
      `count by (service) (up{${own}} == 0) / count by (service) (up{${own}}) > 0.5`,
      warning('{{ $labels.service }} is down', '{{ $value | humanizePercentage }} are down.'),
    ),
    alert('ServiceAbsent', `absent(up{${own}})`, warning('{{ $labels.service }} is gone', '')),
    alert(
      'QueueLong',
      `avg_over_time(queue_length{${own}}[5m]) > 100`,
      warning(`{{ $value | humanize }} wait at ${instance}`, 'The queue does not get shorter.'),
    ),
    alert(
      'QueueGrows',
      `deriv(queue_length{${own}}[10m]) > 10`,
      warning(`The queue of ${instance} grows`, '{{ $value }} per second.'),
    ),
    alert(
      'ConnectionsNearLimit',
      `connections_open{${own}} / connections_limit{${own}} > 0.9`,
      warning(`${instance} uses {{ $value | humanizePercentage }} of its connections`, ''),
    ),
    alert(
      'MemoryHigh',
      `process_resident_memory_bytes{${own}} > 2e9`,
      warning(`${instance} uses {{ $value | humanize1024 }}B`, ''),
    ),
    alert(
      'MemoryWillBeHigh',
      `predict_linear(process_resident_memory_bytes{${own}}[10m], 3600) > 3e9`,
      warning(`${instance} will use {{ $value | humanize1024 }}B in an hour`, ''),
    ),
    alert(
      'NoTraffic',
      `sum by (service) (service_instance:http_requests:rate5m{${own}}) < 1`,
      warning('{{ $labels.service }} gets no requests', ''),
    ),
    alert(
      'TrafficHalved',
      `sum by (service) (rate(${requests}[5m])) < 0.5 * sum by (service) (rate(${requests}[5m] offset 5m))`,
      warning('{{ $labels.service }} gets half of what it got', ''),
    ),
    alert(
      'InstanceFlaps',
      `changes(up{${own}}[10m]) > 2`,
      warning(`${instance} comes and goes`, '{{ $value }} times.'),
    ),
  ];
}

const SEVERITIES = ['info', 'warning', 'critical', 'page'];

function regionRules(region: string): readonly BenchRule[] {
  const own = `region="${region}", job="node"`;
  const idle = `rate(node_cpu_seconds_total{${own}, mode="idle"}[5m])`;
  // The lowest threshold of each is passed by some hosts, the others by none.
  const kinds: readonly (readonly [name: string, limits: readonly number[], expr: string])[] = [
    ['HostCpuBusy', [0.9, 0.97, 0.98, 0.99], `1 - avg by (region, instance) (${idle})`],
    [
      'HostWaitsForDisk',
      [0.09, 0.3, 0.4, 0.5],
      `avg by (region, instance) (rate(node_cpu_seconds_total{${own}, mode="iowait"}[5m]))`,
    ],
    [
      'HostMemoryLow',
      [0.9, 0.97, 0.98, 0.99],
      `1 - node_memory_MemAvailable_bytes{${own}} / node_memory_MemTotal_bytes{${own}}`,
    ],
    [
      'HostDiskFull',
      [0.95, 0.97, 0.98, 0.99],
      `1 - node_filesystem_avail_bytes{${own}} / node_filesystem_size_bytes{${own}}`,
    ],
    [
      'HostDiskWillBeFull',
      [1.2e10, 1e13, 1e14, 1e15],
      `-predict_linear(node_filesystem_avail_bytes{${own}}[10m], 4 * 3600)`,
    ],
    ['HostDiskBusy', [0.8, 1.2, 1.3, 1.4], `rate(node_disk_io_time_seconds_total{${own}}[5m])`],
    [
      'RegionTraffic',
      [1e8, 1e12, 1e13, 1e14],
      `sum by (region) (rate(node_network_receive_bytes_total{${own}}[5m]) + rate(node_network_transmit_bytes_total{${own}}[5m]))`,
    ],
    [
      'HostLoadPerCpu',
      [2, 4, 6, 8],
      `node_load1{${own}} / on (instance, region) count by (instance, region) (node_cpu_seconds_total{${own}, mode="idle"})`,
    ],
    ['RegionLoad', [1, 10, 20, 40], `quantile by (region) (0.9, node_load1{${own}})`],
    ['HostsDown', [0, 5, 10, 20], `count by (region) (up{${own}} == 0)`],
  ];
  return kinds.flatMap(([name, limits, expr]) =>
    limits.map((limit, index) =>
      alert(name, `${expr} > ${limit}`, {
        severity: SEVERITIES[index] ?? '',
        summary: `${name} on {{ $labels.instance }} in {{ $labels.region }}: {{ $value | humanize }}`,
        description: `{{ with $labels.instance }}{{ . }}{{ else }}all of {{ $labels.region }}{{ end }} has been over ${limit}.`,
        for: index === 1 ? '1h' : '4s',
      }),
    ),
  );
}

/** @param count up to 1,000; fewer are of all kinds too */
export function benchRules(count: number): readonly BenchRule[] {
  const all = [
    ...SERVICES.flatMap((service) => withTeam(service, serviceRules(service))),
    ...REGIONS.flatMap((region) => withTeam(region, regionRules(region))),
  ];
  // A step that has no divisor in common with 20 and 40 meets every kind.
  const step = Math.floor(all.length / count);
  const kept = Array.from({ length: count }, (_, index) => {
    const from = index * step;
    return all[from + (Math.floor(from / 20) % step)];
  });
  return kept.filter((rule) => rule !== undefined);
}

export const GROUP_NAME = 'bench';

/** JSON is YAML too. */
export function ruleFileText(rules: readonly BenchRule[], intervalMs: number): string {
  return JSON.stringify({
    groups: [{ name: GROUP_NAME, interval: `${intervalMs}ms`, rules }],
  });
}
