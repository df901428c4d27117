// 10,000 firing alerts through routes, inhibition, silences and groups to the outbox, all durable.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  AlertPipeline,
  type NotificationOutbox,
  parseAlertmanagerConfig,
  type PipelineRecord,
  type PostableAlert,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';

import { forget, removeAtExit } from '../metrics/cleanup.ts';
import { openStore } from './product-store.ts';

export const ALERT_COUNT = 10_000;
const TEAMS = 20;
const SERVICES = 200;
const ALERT_NAMES = 25;
const SILENCES = 100;
/** What Prometheus 3 posts at a time; 2.42 posts 64. */
const POSTED_AT_ONCE = 256;
const GROUP_WAIT_MS = 30_000;

export interface NotifyFigures {
  /** From the first post until the last notification is taken, waits by the clock left out. */
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly putMs: number;
  readonly flushMs: number;
  readonly groups: number;
  readonly notifications: number;
  /** Alerts in the notifications: the others are inhibited or silenced. */
  readonly told: number;
}

function config(): string {
  return JSON.stringify({
    route: {
      receiver: 'default',
      group_by: ['alertname', 'service'],
      group_wait: `${GROUP_WAIT_MS / 1_000}s`,
      routes: Array.from({ length: TEAMS }, (_, team) => ({
        matchers: [`team="team-${team}"`],
        receiver: `team-${team}`,
        routes: [
          { matchers: ['severity="critical"'], receiver: 'pager', continue: true },
          { matchers: ['severity=~"critical|warning"', 'environment!="test"'] },
        ],
      })),
    },
    inhibit_rules: [
      {
        source_matchers: ['alertname="Alert0"', 'team=~"team-[12]"'],
        target_matchers: ['severity="warning"'],
        equal: ['service', 'instance'],
      },
    ],
    receivers: [
      'default',
      'pager',
      ...Array.from({ length: TEAMS }, (_, team) => `team-${team}`),
    ].map((name) => ({ name, webhook_configs: [{ url: `https://hooks.example.org/${name}` }] })),
  });
}

function alerts(startsAtUnixMs: number): readonly PostableAlert[] {
  return Array.from({ length: ALERT_COUNT }, (_, index) => {
    const service = index % SERVICES;
    const name = Math.floor(index / SERVICES) % ALERT_NAMES;
    return {
      labels: {
        alertname: `Alert${name}`,
        service: `service-${service}`,
        team: `team-${service % TEAMS}`,
        instance: `10.0.${service}.${Math.floor(index / SERVICES / ALERT_NAMES)}:9100`,
        severity: name % 5 === 0 ? 'critical' : 'warning',
        environment: service % 9 === 0 ? 'test' : 'production',
        region: `region-${index % 5}`,
      },
      annotations: {
        summary: `Alert ${name} of service ${service}`,
        description: 'Something has been over its limit for ten minutes and goes on.',
        runbook_url: `https://runbooks.example.org/Alert${name}`,
      },
      startsAtUnixMs,
      generatorUrl: 'http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
    };
  });
}

export async function notify(): Promise<NotifyFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'dwcp-bench-notify-'));
  removeAtExit(folder);
  const clock = new ManualClock(1_750_000_000_000);
  await using store = await openStore<PipelineRecord>(join(folder, 'pipeline'));
  await using taken = await openStore<unknown>(join(folder, 'outbox'));
  let notifications = 0;
  let told = 0;
  const outbox: NotificationOutbox = {
    async accept(offered) {
      await taken.append(offered);
      notifications += offered.length;
      for (const notification of offered) told += notification.alerts.length;
    },
  };
  await using pipeline = await AlertPipeline.open({
    config: parseAlertmanagerConfig(config(), 'bench.yml'),
    store,
    outbox,
    clock,
    externalUrl: 'https://monitoring.example.org',
  });
  for (let index = 0; index < SILENCES; index++) {
    await pipeline.setSilence({
      matchers: [
        { name: 'service', operator: '=', value: `service-${index}` },
        { name: 'alertname', operator: '=~', value: 'Alert[12]' },
      ],
      startsAtUnixMs: clock.nowUnixMs(),
      endsAtUnixMs: clock.nowUnixMs() + 3_600_000,
      createdBy: 'bench',
      comment: 'known',
    });
  }
  const posted = alerts(clock.nowUnixMs());

  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  for (let from = 0; from < posted.length; from += POSTED_AT_ONCE) {
    const { problems } = await pipeline.putAlerts(posted.slice(from, from + POSTED_AT_ONCE));
    if (problems.length > 0) throw new Error(`refused: ${problems[0]?.problem}`);
  }
  const putMs = performance.now() - startedMs;
  await clock.advance(GROUP_WAIT_MS);
  while (pipeline.stats().waitingIntents > 0 || pipeline.stats().notifications === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const wallMs = performance.now() - startedMs;
  const cpu = process.cpuUsage(cpuBefore);

  const stats = pipeline.stats();
  if (stats.alerts !== ALERT_COUNT || stats.notifications !== notifications) {
    throw new Error(`the pipeline counts otherwise: ${JSON.stringify(stats)}`);
  }
  rmSync(folder, { recursive: true });
  forget(folder);
  return {
    wallMs,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    putMs,
    flushMs: wallMs - putMs,
    groups: stats.groups,
    notifications,
    told,
  };
}
