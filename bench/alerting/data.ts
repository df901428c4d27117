// 10,000 series as hosts and services give them, from 11 minutes before a moment to 4.5 minutes after it:
// servers evaluate by their own clock, and while they are measured nothing has to be sent.
import { type Batch, type LabelPair, randomNumbers } from '../metrics/workload.ts';

export const REGIONS = ['eu-west-1', 'eu-central-1', 'us-east-1', 'us-west-2', 'ap-south-1'];
export const SERVICES = Array.from(
  { length: 40 },
  (_, index) => `service-${String(index).padStart(2, '0')}`,
);
export const SERIES_COUNT = 10_000;

const HOST_COUNT = 200;
const INSTANCES_PER_SERVICE = 5;
const CPUS = ['0', '1', '2', '3'];
const BUCKETS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'];
const SCRAPE_MS = 15_000;
const BEFORE_MS = 11 * 60_000;
/** Both servers take samples up to 10 minutes ahead. */
export const AHEAD_MS = 4.5 * 60_000;
const SERIES_PER_REQUEST = 2_000;

/** How the values of a series go on, a second at a time. */
type Shape =
  | { readonly kind: 'counter'; readonly perSecond: number }
  | { readonly kind: 'gauge'; readonly value: number; readonly growth?: number };

interface DataSeries {
  readonly labels: readonly LabelPair[];
  readonly shape: Shape;
  /** Series of one target are scraped at one moment. */
  readonly target: number;
}

const counter = (perSecond: number): Shape => ({ kind: 'counter', perSecond });
const gauge = (value: number, growth = 0): Shape => ({ kind: 'gauge', value, growth });

function labelsOf(pairs: Readonly<Record<string, string>>): readonly LabelPair[] {
  return Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Every tenth host is busy, every 20th has a disk that is nearly full, one in each region is down. */
function* hostSeries(index: number): Generator<DataSeries> {
  const target = index;
  const region = REGIONS[index % REGIONS.length] ?? '';
  const common = { instance: `host-${String(index).padStart(3, '0')}:9100`, job: 'node', region };
  const of = (name: string, shape: Shape, more: Readonly<Record<string, string>> = {}) => ({
    labels: labelsOf({ __name__: name, ...common, ...more }),
    shape,
    target,
  });
  const busy = index % 10 === 3;
  yield of('up', gauge(index < REGIONS.length ? 0 : 1));
  for (const cpu of CPUS) {
    const idle = busy ? 0.04 : 0.6;
    for (const [mode, share] of Object.entries({
      idle,
      user: (1 - idle) * 0.7,
      system: (1 - idle) * 0.2,
      iowait: (1 - idle) * 0.1,
    })) {
      yield of('node_cpu_seconds_total', counter(share), { cpu, mode });
    }
  }
  yield of('node_memory_MemTotal_bytes', gauge(16e9));
  yield of('node_memory_MemAvailable_bytes', gauge(busy ? 0.5e9 : 9e9));
  for (const mountpoint of ['/', '/data']) {
    const full = index % 20 === 7 && mountpoint === '/data';
    yield of('node_filesystem_size_bytes', gauge(500e9), { mountpoint });
    yield of('node_filesystem_avail_bytes', gauge(full ? 20e9 : 300e9, full ? -2e6 : 0), {
      mountpoint,
    });
  }
  yield of('node_disk_io_time_seconds_total', counter(busy ? 0.95 : 0.2));
  yield of('node_network_receive_bytes_total', counter(4e6));
  yield of('node_network_transmit_bytes_total', counter(3e6));
  yield of('node_load1', gauge(busy ? 9 : 1.5));
}

/** Every fifth service has errors, every seventh is slow, every eighth has an instance that is down. */
function* instanceSeries(index: number): Generator<DataSeries> {
  const target = HOST_COUNT + index;
  const service = Math.floor(index / INSTANCES_PER_SERVICE);
  const within = index % INSTANCES_PER_SERVICE;
  const common = {
    instance: `${SERVICES[service] ?? ''}-${within}:8080`,
    job: 'services',
    region: REGIONS[within] ?? '',
    service: SERVICES[service] ?? '',
  };
  const of = (name: string, shape: Shape, more: Readonly<Record<string, string>> = {}) => ({
    labels: labelsOf({ __name__: name, ...common, ...more }),
    shape,
    target,
  });
  const [failing, slow] = [service % 5 === 0, service % 7 === 0];
  yield of('up', gauge(service % 8 === 3 && within === 0 ? 0 : 1));
  for (const [code, perSecond] of Object.entries({ 200: 50, 404: 2, 500: failing ? 6 : 0.01 })) {
    yield of('http_requests_total', counter(perSecond), { code });
  }
  // Of slow ones half the requests take over a second; the share below each bound grows evenly.
  for (const [place, le] of BUCKETS.entries()) {
    const share = Math.min(1, (place + 1) / (slow ? 14 : 8));
    yield of('http_request_duration_seconds_bucket', counter(52 * share), { le });
  }
  yield of('http_request_duration_seconds_bucket', counter(52), { le: '+Inf' });
  yield of('http_request_duration_seconds_count', counter(52));
  yield of('http_request_duration_seconds_sum', counter(slow ? 80 : 6));
  yield of('queue_length', gauge(failing ? 300 : 5));
  yield of('connections_open', gauge(slow ? 95 : 20));
  yield of('connections_limit', gauge(100));
  yield of('process_resident_memory_bytes', gauge(4e8, index % 40 === 9 ? 1e6 : 0));
}

function allSeries(): readonly DataSeries[] {
  const found: DataSeries[] = [];
  for (let index = 0; index < HOST_COUNT; index++) found.push(...hostSeries(index));
  for (let index = 0; index < SERVICES.length * INSTANCES_PER_SERVICE; index++) {
    found.push(...instanceSeries(index));
  }
  // The rest is what no rule asks for.
  for (let index = 0; found.length < SERIES_COUNT; index++) {
    const labels = {
      __name__: `other_metric_${index % 20}`,
      instance: `other-${index}`,
      job: 'other',
    };
    found.push({ labels: labelsOf(labels), shape: counter(1), target: index % HOST_COUNT });
  }
  if (found.length !== SERIES_COUNT) throw new Error(`there are ${found.length} series`);
  return found;
}

export interface RuleData {
  readonly labels: readonly (readonly LabelPair[])[];
  readonly sampleCount: number;
  readonly batches: () => Generator<Batch>;
}

/** The same for the same moment. */
export function ruleData(nowUnixMs: number): RuleData {
  const series = allSeries();
  const scrapes = Math.floor((BEFORE_MS + AHEAD_MS) / SCRAPE_MS);
  return {
    labels: series.map(({ labels }) => labels),
    sampleCount: series.length * scrapes,
    *batches() {
      const random = randomNumbers(5);
      const values = series.map(({ shape }) =>
        shape.kind === 'counter' ? 1e5 + Math.floor(random() * 1e6) : shape.value,
      );
      for (let scrape = 0; scrape < scrapes; scrape++) {
        const baseUnixMs = nowUnixMs - BEFORE_MS + scrape * SCRAPE_MS;
        for (let from = 0; from < series.length; from += SERIES_PER_REQUEST) {
          const part = series.slice(from, from + SERIES_PER_REQUEST);
          yield {
            lane: 0,
            series: part.map((_, index) => from + index),
            unixMs: part.map(({ target }) => baseUnixMs + ((target * 7_919) % SCRAPE_MS)),
            values: part.map(({ shape }, index) => {
              const before = values[from + index] ?? 0;
              const seconds = SCRAPE_MS / 1_000;
              const next =
                shape.kind === 'counter'
                  ? before + shape.perSecond * seconds * (0.9 + 0.2 * random())
                  : before + (shape.growth ?? 0) * seconds;
              values[from + index] = next;
              return next;
            }),
          };
        }
      }
    },
  };
}
