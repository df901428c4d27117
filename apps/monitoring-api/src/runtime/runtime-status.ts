import { type QueueStatus, type Status } from '@dwcp/api-schema';
import { type ForwarderStatus } from '@dwcp/metrics-forwarder';

import { version } from '../version.ts';
import { NO_RULES } from './alerting/alerting.ts';
import { backendStatus } from './backends.ts';
// Types only: the runtime asks for its own status.
import type { Runtime } from './runtime.ts';

/** How the platform is doing, as `/api/v1/status` shows it. */
export function statusOf(
  runtime: Runtime,
  counts: {
    readonly queues: readonly QueueStatus[];
    readonly listening: string;
    readonly rejectedSamples: ReadonlyMap<string, number>;
    readonly recordErrors: number;
  },
): Omit<Status, 'alerting'> {
  const { config, metricStore, logStore, traceStore } = runtime;
  const rules = runtime.rules?.stats() ?? NO_RULES;
  const targets = runtime.scraper?.targets() ?? [];
  return {
    version,
    service: config.service,
    region: config.region,
    instance: config.instance,
    dataDir: config.dataDir,
    startedAt: new Date(runtime.startedUnixMs).toISOString(),
    uptimeSeconds: runtime.uptimeSeconds(),
    listening: counts.listening,
    stores: {
      metrics: plain(metricStore.stats()),
      logs: plain(logStore.stats()),
      traces: plain(traceStore.stats()),
    },
    queues: counts.queues.map(({ name, waiting, capacity, written, dropped, failedWrites }) => ({
      name,
      waiting,
      capacity,
      written,
      dropped,
      failedWrites,
    })),
    rejectedSamples: Object.fromEntries(counts.rejectedSamples),
    recordErrors: counts.recordErrors,
    backends: backendStatus(config.backends),
    scrape: {
      up: targets.filter(({ health }) => health === 'up').length,
      down: targets.filter(({ health }) => health === 'down').length,
    },
    rules: {
      groups: rules.groups,
      alertsFiring: rules.alertsFiring,
      alertsPending: rules.alertsPending,
    },
  };
}

/** The queues of remote write. */
export function forwardingQueues(forwarding: readonly ForwarderStatus[]): readonly QueueStatus[] {
  return forwarding.map((one) => ({
    name: `remote write ${one.name}`,
    waiting: one.pending,
    capacity: one.capacity * one.shards.max,
    written: one.sent,
    dropped: Object.values(one.droppedByReason).reduce((sum, count) => sum + count, 0),
    failedWrites: one.retried,
  }));
}

/** Counts by reason become their total, and undefined, which has no JSON, null. */
function plain(stats: object): Record<string, number | string | null> {
  return Object.fromEntries(
    Object.entries(stats).map(([key, value]: [string, unknown]) => [key, plainValue(value)]),
  );
}

function plainValue(value: unknown): number | string | null {
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return null;
  return Object.values(value).reduce<number>((sum, count) => sum + Number(count), 0);
}
