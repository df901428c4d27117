// What dashboards usually look at: hosts, their disks and networks, and services behind them. As the
// sets of ../metrics, a pure function of its name.
import {
  instanceName,
  type LabelPair,
  randomNumbers,
  regionOf,
  START_UNIX_MS,
  type Workload,
} from '../metrics/workload.ts';

const INTERVAL_MS = 15_000;
const HOSTS = 20;
const SERVICES = 10;
const CORES = 4;
const MODES = 'idle user system iowait irq nice softirq steal'.split(' ');
const MOUNTPOINTS = ['/', '/var', '/home'];
const DEVICES = ['lo', 'eth0', 'eth1'];
const HANDLERS = '/ /cart /checkout /login /logout /orders /products /search /static /users'.split(
  ' ',
);
const TIMED_HANDLERS = HANDLERS.slice(0, 5);
const CODES = ['200', '404', '500', '503'];
const BOUNDS = '0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf'.split(' ');
/** Counters begin here: near zero Prometheus 2 and 3 extrapolate in different ways. */
const FIRST_COUNT = 1e6;

/** The value of a series, tick by tick. */
type Values = (tick: number, isRestarted: boolean) => number;

interface Column {
  readonly labels: readonly LabelPair[];
  readonly target: number;
  readonly values: Values;
}

/** A moment within the interval of its own for each target; never a whole or a half second. */
const scrapeOffsetMs = (target: number): number => ((target * 700) % INTERVAL_MS) + 137;

/** @param name what `npm run bench:promql` calls the set: `dashboard-<hours>h` */
export function dashboardSet(hours: number): Workload {
  const name = `dashboard-${hours}h`;
  const ticks = (hours * 3_600_000) / INTERVAL_MS;
  const series = columns().map(({ labels }) => labels);
  return {
    name,
    series,
    sampleCount: ticks * series.length,
    *batches() {
      const all = columns();
      const random = randomNumbers(4_711);
      for (let tick = 0; tick < ticks; tick++) {
        // A service that starts again begins to count afresh, about twice a day.
        const restarted = new Set<number>();
        for (let target = HOSTS; target < HOSTS + SERVICES; target++) {
          if (random() < 1 / 2_880) restarted.add(target);
        }
        const tickUnixMs = START_UNIX_MS + tick * INTERVAL_MS;
        yield {
          lane: 0,
          series: all.map((_, index) => index),
          unixMs: all.map(({ target }) => tickUnixMs + scrapeOffsetMs(target)),
          values: all.map(({ target, values }) => values(tick, restarted.has(target))),
        };
      }
    },
  };
}

/** Made anew for each pass over the set, since they count. */
function columns(): readonly Column[] {
  const random = randomNumbers(90_210);
  const made: Column[] = [];
  const counter = (speed: number): Values => {
    let total = FIRST_COUNT + Math.floor(random() * 1e5);
    return (_, isRestarted) => {
      total = (isRestarted ? 0 : total) + Math.floor(random() * 2 * speed);
      return total;
    };
  };
  const seconds = (speed: number): Values => {
    const count = counter(speed * 100);
    return (tick, isRestarted) => count(tick, isRestarted) / 100;
  };
  const walk = (first: number, width: number, decimals: number): Values => {
    let value = first;
    return () => {
      // Pulled back to where it began, so that thresholds stay meaningful for a day.
      value += (random() - 0.5) * width + (first - value) * 0.01;
      return Number(Math.max(0, value).toFixed(decimals));
    };
  };
  const add = (target: number, metric: string, labels: readonly LabelPair[], values: Values) =>
    made.push({
      target,
      values,
      labels: [
        ['__name__', metric] as const,
        ...[...labels, ...ofTarget(target)].toSorted(([x], [y]) => (x < y ? -1 : 1)),
      ],
    });

  for (let target = 0; target < HOSTS + SERVICES; target++) {
    add(target, 'up', [], () => (random() < 0.002 ? 0 : 1));
    if (target < HOSTS) addHost(target);
    else addService(target);
  }
  return made;

  function addHost(target: number): void {
    for (let core = 0; core < CORES; core++) {
      for (const [index, mode] of MODES.entries()) {
        const labels = [['cpu', String(core)] as const, ['mode', mode] as const];
        add(target, 'node_cpu_seconds_total', labels, seconds(10 / 2 ** index));
      }
    }
    add(target, 'node_load1', [], walk(1 + (target % 5), 0.6, 2));
    add(target, 'node_memory_MemTotal_bytes', [], () => 16 * 2 ** 30);
    const free = walk((2 + (target % 10)) * 2 ** 18, 2 ** 15, 0);
    add(target, 'node_memory_MemAvailable_bytes', [], (...at) => free(...at) * 4_096);
    for (const [index, mountpoint] of MOUNTPOINTS.entries()) {
      const labels = [['device', `/dev/vd${'abc'[index]}`] as const];
      const at = [...labels, ['mountpoint', mountpoint] as const];
      const sizeBytes = 100 * 2 ** 30;
      add(target, 'node_filesystem_size_bytes', at, () => sizeBytes);
      // Fills up in the course of hours, then is cleared.
      const hoursToFill = 3 + random() * 20;
      add(target, 'node_filesystem_avail_bytes', at, (tick) => {
        const filled = ((tick / 240 / hoursToFill) % 1) * 0.98 + random() * 0.005;
        return Math.floor((sizeBytes * (1 - filled)) / 4_096) * 4_096;
      });
    }
    for (const device of DEVICES) {
      add(target, 'node_network_receive_bytes_total', [['device', device]], counter(1.5e7));
    }
  }

  function addService(target: number): void {
    let startSeconds = START_UNIX_MS / 1_000 - 86_400;
    add(target, 'process_start_time_seconds', [], (tick, isRestarted) => {
      if (isRestarted) startSeconds = START_UNIX_MS / 1_000 + tick * 15;
      return startSeconds;
    });
    add(target, 'app_build_info', [['version', `1.${target % 3}.0`]], () => 1);
    for (const handler of HANDLERS) {
      for (const [index, code] of CODES.entries()) {
        const labels = [['code', code] as const, ['handler', handler] as const];
        add(target, 'http_requests_total', labels, counter(300 / 10 ** index));
      }
    }
    for (const handler of TIMED_HANDLERS) {
      const labels = [['handler', handler] as const];
      const counts = BOUNDS.map(() => FIRST_COUNT);
      let countedTick = -1;
      /** The buckets of a scrape belong together: whoever asks first counts. */
      const scrape: Values = (tick, isRestarted) => {
        if (tick === countedTick) return counts.at(-1) ?? 0;
        countedTick = tick;
        if (isRestarted) counts.fill(0);
        let observed = 0;
        for (const [index] of BOUNDS.entries()) {
          observed += index === BOUNDS.length - 1 ? 0 : Math.floor(random() * 20);
          counts[index] = (counts[index] ?? 0) + observed;
        }
        return counts.at(-1) ?? 0;
      };
      for (const [index, le] of BOUNDS.entries()) {
        const at = [...labels, ['le', le] as const];
        add(target, 'http_request_duration_seconds_bucket', at, (tick, isRestarted) => {
          scrape(tick, isRestarted);
          return counts[index] ?? 0;
        });
      }
      add(target, 'http_request_duration_seconds_count', labels, scrape);
      add(target, 'http_request_duration_seconds_sum', labels, seconds(15));
    }
  }
}

function ofTarget(target: number): readonly LabelPair[] {
  return [
    ['env', 'production'],
    ['instance', instanceName(target)],
    ['job', target < HOSTS ? 'node' : 'shop'],
    ['region', regionOf(target)],
  ];
}
