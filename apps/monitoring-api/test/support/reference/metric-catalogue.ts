import { join } from 'node:path';

import { type Status } from '@dwcp/api-schema';
import { type LabelValues, systemClock } from '@dwcp/core';
import { HostCollector, type MetricCollector, ProcessCollector } from '@dwcp/metrics-collector';

import { alertingCollector, type AlertingStats } from '#src/runtime/alerting/alerting-collector.ts';
import { platformCollector } from '#src/runtime/platform-collector.ts';

import { type CatalogueEntry, instrumentsOfSources, ROOT } from './instruments-of-sources.ts';

/** A Linux machine that has everything the host collector reads. */
const PROC = join(ROOT, 'packages/modules/metrics-collector/test/fixtures/proc');

/** A status in which everything that makes a series occurs. */
const STATUS: Status = {
  version: '0.0.0',
  service: 'shop',
  region: 'eu-west',
  instance: 'shop-1',
  dataDir: '/var/lib/dwcp',
  startedAt: '2026-01-02T03:04:05.000Z',
  uptimeSeconds: 1,
  listening: '',
  stores: { metrics: {}, logs: {}, traces: {} },
  queues: [{ name: 'logs', waiting: 0, capacity: 1, written: 0, dropped: 0, failedWrites: 0 }],
  rejectedSamples: { duplicate: 1 },
  recordErrors: 0,
  backends: [],
  scrape: { up: 0, down: 0 },
  rules: { groups: 0, alertsFiring: 0, alertsPending: 0 },
};

const ALERTING: AlertingStats = {
  cluster: { peers: 0, failedPeers: 0, sent: 0, received: 0, dropped: 0, refused: 0 },
  pipeline: {
    alerts: 0,
    groups: 0,
    silences: 0,
    waitingIntents: 0,
    flushes: 0,
    notifications: 0,
    postponedFlushes: 0,
    refusedAlerts: 0,
    storeFailures: 0,
  },
  intake: {
    windows: 0,
    held: 0,
    manual: 0,
    pending: 0,
    passed: 0,
    heldBack: 0,
    released: 0,
    untracked: 0,
    refused: 0,
    failures: 0,
  },
  incidents: {
    open: 0,
    closed: 0,
    alerts: 0,
    waitingIntents: 0,
    opened: 0,
    escalations: 0,
    unplaced: 0,
    postponed: 0,
    dropped: 0,
    failures: 0,
  },
  decisions: { open: 0, waiting: 0, noted: 0, written: 0, refused: 0, writeFailures: 0 },
};

/** Metrics a kernel may have more of than the machine the catalogue was made with. */
export const OPEN_FAMILIES: readonly (readonly [pattern: RegExp, text: string])[] = [
  [
    /^node_memory_\w+$/,
    '`node_memory_<Field>` and `node_memory_<Field>_bytes`: every field of `/proc/meminfo`',
  ],
  [
    /^node_vmstat_(oom_kill|pgpg|pswp|pg.*fault)\w*$/,
    '`node_vmstat_<field>`: the fields `oom_kill`, `pgpg…`, `pswp…` and `pg…fault…` of `/proc/vmstat`',
  ],
  [
    /^node_netstat_\w+$/,
    '`node_netstat_<Protocol>_<Field>`: errors, datagrams, connections and octets of `/proc/net/netstat`, `snmp` and `snmp6`, the ones node_exporter takes',
  ],
  [
    /^node_sockstat_\w+$/,
    '`node_sockstat_<protocol>_<state>`: every field of `/proc/net/sockstat` and `sockstat6`',
  ],
  [
    /^node_network_(receive|transmit)_\w+_total$/,
    '`node_network_<direction>_<column>_total`: every column of `/proc/net/dev`',
  ],
];

export interface MetricCatalogue {
  /** Of `/metrics`, by name. */
  readonly platform: readonly CatalogueEntry[];
  /** Of `/metrics/host`, by name. */
  readonly host: readonly CatalogueEntry[];
}

/** Every metric the platform exposes of itself. The same on every machine. */
export async function metricCatalogue(): Promise<MetricCatalogue> {
  const clock = systemClock;
  using processCollector = new ProcessCollector({ clock });
  const host = new HostCollector({
    clock,
    procPath: PROC,
    platform: 'linux',
    statfs: async () => ({ bsize: 1, blocks: 1, bfree: 1, bavail: 1, files: 1, ffree: 1 }),
  });
  const platform = [
    REJECTED,
    ...instrumentsOfSources(),
    ...(await entriesOf(platformCollector(() => STATUS))),
    ...(await entriesOf(alertingCollector(() => ALERTING))),
    ...(await entriesOf(processCollector)),
  ];
  return { platform: sorted(platform), host: sorted(await entriesOf(host)) };
}

/** Made by the registry itself, by no call that could be read. */
const REJECTED: CatalogueEntry = {
  name: 'dwcp_instrument_rejected_total',
  type: 'counter',
  help: 'Observations that an instrument refused, by reason.',
  unit: '',
  labels: ['instrument', 'reason'],
};

async function entriesOf(collector: MetricCollector): Promise<readonly CatalogueEntry[]> {
  const labels = new Map<string, Set<string>>();
  const add = (name: string, values: LabelValues | undefined): void => {
    const known = labels.get(name) ?? new Set();
    labels.set(name, known);
    for (const label of Object.keys(values ?? {})) known.add(label);
  };
  // Something has to be active for the metrics of active resources to have a series.
  const active = setTimeout(() => undefined, 60_000);
  await collector.collect({ add }, systemClock.nowUnixMs());
  clearTimeout(active);
  return collector.describe().map((metadata) => ({
    ...metadata,
    labels: [...(labels.get(metadata.name) ?? labels.get(`${metadata.name}_bucket`) ?? [])].filter(
      (label) => label !== 'le' && label !== 'quantile',
    ),
  }));
}

function sorted(entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
