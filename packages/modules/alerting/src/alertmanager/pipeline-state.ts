import { Labels } from '@dwcp/core';

import { slicesOf } from '../record-store.ts';
import { type StoredAlert } from './alerts.ts';
import { type AlertmanagerConfig } from './config/config.ts';
import { type IntegrationConfig } from './config/receivers.ts';
import { Inhibitor } from './inhibitor.ts';
import { NotificationLog } from './notification-log.ts';
import { type NotificationRecord } from './outbox.ts';
import { type AlertRecord, type GroupRecord, type PipelineRecord } from './pipeline-store.ts';
import {
  buildRoute,
  groupKeyOf,
  groupLabelsOf,
  matchRoutes,
  type Route,
  walkRoutes,
} from './route.ts';
import { Silences } from './silences.ts';

/** Alerts that go out together. */
export interface AlertGroup {
  readonly id: string;
  readonly key: string;
  readonly route: Route;
  readonly labels: Labels;
  /** Fingerprints of its alerts. */
  readonly members: Set<string>;
  nextFlushUnixMs: number;
  /** Whether the first wait is over. */
  flushed: boolean;
}

/** An alert and the ids of the groups that hold it. */
export interface HeldAlert {
  readonly alert: StoredAlert;
  readonly groups: Set<string>;
}

/**
 * Everything the pipeline knows under one configuration. Changes only by records, so that reading
 * them again gives the same.
 */
export class PipelineState {
  readonly config: AlertmanagerConfig;
  readonly root: Route;
  readonly alerts = new Map<string, HeldAlert>();
  readonly groups = new Map<string, AlertGroup>();
  readonly silences = new Silences();
  readonly inhibitor: Inhibitor;
  readonly log = new NotificationLog();
  /** Of the log, what receivers were told by any of several instances; empty where there is but one. */
  readonly told = new NotificationLog();
  /** What was decided and the outbox may not have, by idempotency key, oldest first. */
  readonly intents = new Map<string, NotificationRecord>();
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #integrations: ReadonlyMap<string, readonly IntegrationConfig[]>;

  constructor(config: AlertmanagerConfig) {
    this.config = config;
    this.root = buildRoute(config.route);
    this.inhibitor = new Inhibitor(config.inhibitRules);
    this.#routes = new Map(Array.from(walkRoutes(this.root), (route) => [route.id, route]));
    this.#integrations = new Map(config.receivers.map((found) => [found.name, found.integrations]));
  }

  integrationsOf(receiver: string): readonly IntegrationConfig[] {
    return this.#integrations.get(receiver) ?? [];
  }

  /** @returns the groups whose next flush changed */
  apply(record: PipelineRecord): readonly AlertGroup[] {
    switch (record.kind) {
      case 'alerts':
        return record.alerts.flatMap((alert) => this.#putAlert(fromRecord(alert)));
      case 'groups':
        return record.groups.flatMap((group) => this.#putGroup(group));
      case 'groups-removed':
        for (const id of record.ids) this.#removeGroup(id);
        return [];
      case 'flush': {
        for (const entry of record.log) this.log.put(entry);
        for (const intent of record.intents) this.intents.set(intent.idempotencyKey, intent);
        for (const released of record.released) this.#release(record.group.id, released);
        return this.#putGroup(record.group);
      }
      case 'ticks':
        return Object.entries(record.nextUnixMs).flatMap(([id, nextFlushUnixMs]) => {
          const group = this.groups.get(id);
          if (group === undefined) return [];
          group.nextFlushUnixMs = nextFlushUnixMs;
          return [group];
        });
      case 'accepted':
        for (const key of record.keys) this.intents.delete(key);
        return [];
      case 'log':
        for (const entry of record.entries) this.log.put(entry);
        return [];
      case 'told':
        for (const entry of record.entries) {
          this.told.join(entry);
          this.log.join(entry);
        }
        return [];
      case 'intents':
        for (const intent of record.intents) this.intents.set(intent.idempotencyKey, intent);
        return [];
      case 'silences':
        for (const silence of record.silences) this.silences.put(silence);
        return [];
      case 'silences-removed':
        for (const id of record.ids) this.silences.remove(id);
        return [];
    }
  }

  /** Records that give this state when they are applied to an empty one. */
  snapshot(): readonly PipelineRecord[] {
    const alerts = [...this.alerts.values()];
    // An alert that is over may have left one of its groups and not yet the others.
    const leftBehind = this.#leftBehind();
    return [
      ...slicesOf(this.silences.all()).map((silences) => ({ kind: 'silences', silences }) as const),
      ...slicesOf(this.log.entries(), 100).map((entries) => ({ kind: 'log', entries }) as const),
      ...slicesOf(this.told.entries(), 100).map((entries) => ({ kind: 'told', entries }) as const),
      // Each may have every alert.
      ...Array.from(
        this.intents.values(),
        (found) => ({ kind: 'intents', intents: [found] }) as const,
      ),
      ...slicesOf(alerts).map(
        (slice) => ({ kind: 'alerts', alerts: slice.map(({ alert }) => toRecord(alert)) }) as const,
      ),
      ...[...this.groups.values()].map((group): PipelineRecord => {
        const released = leftBehind.get(group.id) ?? [];
        return { kind: 'flush', group: groupRecord(group), released, log: [], intents: [] };
      }),
    ];
  }

  /** The same under another configuration; a group that is in both goes on where it was. */
  under(config: AlertmanagerConfig, unixMs: number): PipelineState {
    const next = new PipelineState(config);
    for (const record of this.snapshot()) {
      if (record.kind !== 'flush') next.apply(record);
    }
    const leftBehind = this.#leftBehind();
    for (const group of next.groups.values()) {
      const before = this.groups.get(group.id);
      if (before === undefined) continue;
      const { groupWaitMs, groupIntervalMs } = group.route;
      const latest = unixMs + (before.flushed ? groupIntervalMs : groupWaitMs);
      group.flushed = before.flushed;
      group.nextFlushUnixMs = Math.min(before.nextFlushUnixMs, latest);
      for (const released of leftBehind.get(group.id) ?? []) next.#release(group.id, released);
    }
    return next;
  }

  /** By group, the alerts that are kept for another group and left this one. */
  #leftBehind(): ReadonlyMap<
    string,
    { readonly fingerprint: string; readonly updatedAtUnixMs: number }[]
  > {
    const found = new Map<string, { fingerprint: string; updatedAtUnixMs: number }[]>();
    for (const { alert, groups } of this.alerts.values()) {
      const { fingerprint, updatedAtUnixMs } = alert;
      for (const route of matchRoutes(this.root, alert.labels)) {
        const id = groupIdOf(route, groupLabelsOf(route, alert.labels));
        if (groups.has(id)) continue;
        const others = found.get(id);
        if (others === undefined) found.set(id, [{ fingerprint, updatedAtUnixMs }]);
        else others.push({ fingerprint, updatedAtUnixMs });
      }
    }
    return found;
  }

  #putAlert(alert: StoredAlert): readonly AlertGroup[] {
    const before = this.alerts.get(alert.fingerprint);
    const held: HeldAlert = { alert, groups: before?.groups ?? new Set() };
    this.alerts.set(alert.fingerprint, held);
    this.inhibitor.put(alert);
    const changed: AlertGroup[] = [];
    for (const route of matchRoutes(this.root, alert.labels)) {
      const labels = groupLabelsOf(route, alert.labels);
      const id = groupIdOf(route, labels);
      const now = alert.updatedAtUnixMs;
      const waited = alert.startsAtUnixMs + route.groupWaitMs < now;
      let group = this.groups.get(id);
      if (group === undefined) {
        group = {
          id,
          key: groupKeyOf(route, labels),
          route,
          labels,
          members: new Set(),
          nextFlushUnixMs: waited ? now : now + route.groupWaitMs,
          flushed: false,
        };
        this.groups.set(id, group);
        changed.push(group);
      } else if (!group.flushed && waited && group.nextFlushUnixMs > now) {
        group.nextFlushUnixMs = now;
        changed.push(group);
      }
      group.members.add(alert.fingerprint);
      held.groups.add(id);
    }
    return changed;
  }

  #putGroup(record: GroupRecord): readonly AlertGroup[] {
    const group = this.groups.get(record.id) ?? this.#emptyGroup(record);
    if (group === undefined) return [];
    group.nextFlushUnixMs = record.nextFlushUnixMs;
    group.flushed = record.flushed;
    return [group];
  }

  #emptyGroup({ id, routeId, labels: found }: GroupRecord): AlertGroup | undefined {
    const route = this.#routes.get(routeId);
    if (route === undefined) return undefined;
    const labels = Labels.from(found);
    const group: AlertGroup = {
      id,
      key: groupKeyOf(route, labels),
      route,
      labels,
      members: new Set(),
      nextFlushUnixMs: 0,
      flushed: false,
    };
    this.groups.set(id, group);
    return group;
  }

  #removeGroup(id: string): void {
    if (this.groups.get(id)?.members.size === 0) this.groups.delete(id);
  }

  /** Unless the alert came again since. */
  #release(
    groupId: string,
    seen: { readonly fingerprint: string; readonly updatedAtUnixMs: number },
  ): void {
    const held = this.alerts.get(seen.fingerprint);
    if (held === undefined || held.alert.updatedAtUnixMs !== seen.updatedAtUnixMs) return;
    this.groups.get(groupId)?.members.delete(seen.fingerprint);
    held.groups.delete(groupId);
    if (held.groups.size > 0) return;
    this.alerts.delete(seen.fingerprint);
    this.inhibitor.remove(held.alert);
  }
}

export function groupIdOf(route: Route, labels: Labels): string {
  return `${route.id}:${JSON.stringify(labels.flat)}`;
}

export function groupRecord(group: AlertGroup): GroupRecord {
  const { id, route, labels, nextFlushUnixMs, flushed } = group;
  return { id, routeId: route.id, labels: labels.toObject(), nextFlushUnixMs, flushed };
}

/** Of the records made in this process, the alerts: they need not be read back. */
const alertOfRecord = new WeakMap<AlertRecord, StoredAlert>();

export function toRecord(alert: StoredAlert): AlertRecord {
  const record = { ...alert, labels: alert.labels.toObject() };
  alertOfRecord.set(record, alert);
  return record;
}

function fromRecord(record: AlertRecord): StoredAlert {
  return alertOfRecord.get(record) ?? { ...record, labels: Labels.from(record.labels) };
}
