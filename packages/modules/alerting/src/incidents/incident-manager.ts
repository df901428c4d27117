import { randomUUID } from 'node:crypto';

import { Labels, type Log, silentLog } from '@dwcp/core';

import { DueQueue } from '../alertmanager/due-queue.ts';
import { type HandOver, startHandOver } from '../alertmanager/hand-over.ts';
import { fingerprintOf } from '../fnv.ts';
import { SerialQueue } from '../serial-queue.ts';
import { SteadyClock } from '../steady-clock.ts';
import {
  type Acknowledged,
  type AcknowledgedPlace,
  acknowledgedRecord,
  findAcknowledged,
  type GivenAcknowledgement,
  isInForce,
  withdrawnRecord,
} from './acknowledge.ts';
import { CorrelationIndex, Correlator } from './correlation.ts';
import { foldAlerts, type FoldedAlert, type Placement } from './fold.ts';
import { incidentConfig, type IncidentConfig } from './incident-config.ts';
import { type IncidentManagerOptions, type IncidentStats } from './incident-options.ts';
import { IncidentState } from './incident-state.ts';
import { type IncidentRecord, sentLabels } from './incident.ts';
import { lookAt } from './look.ts';
import { type AdvanceContext, nextLookMs, type Now } from './progress.ts';
import { clampTimes, tidyRecords } from './tidy.ts';
import { type Topology } from './topology.ts';

const MAINTENANCE_MS = 30_000;
const RETRY_MS = 1_000;
const COMPACT_AFTER_CHANGES = 50_000;

/**
 * Folds alerts that belong together into incidents, and escalates those that nobody acknowledges.
 * What it decided is durable before anybody hears of it.
 */
export class IncidentManager implements AsyncDisposable {
  readonly #options: IncidentManagerOptions;
  readonly #log: Log;
  readonly #steady: SteadyClock;
  readonly #state = new IncidentState();
  readonly #queue = new SerialQueue();
  readonly #handOver: HandOver;
  #config: IncidentConfig;
  #correlator: Correlator;
  #index = new CorrelationIndex();
  /** Incidents by when they are looked at next, on the monotonic clock. */
  readonly #due = new DueQueue();
  readonly #lookAtMs = new Map<string, number>();
  #timer: Disposable | undefined;
  #nextMaintenanceMs: number;
  #changesSinceReplace = 0;
  #started = false;
  #stopped = false;
  readonly #counts = {
    opened: 0,
    escalations: 0,
    unplaced: 0,
    postponed: 0,
    dropped: 0,
    failures: 0,
  };

  private constructor(options: IncidentManagerOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLog).child({ part: 'incidents' });
    this.#steady = new SteadyClock(options.clock);
    this.#config = incidentConfig(options.config ?? {});
    this.#correlator = new Correlator(this.#config);
    this.#nextMaintenanceMs = options.clock.monotonicMs() + MAINTENANCE_MS;
    this.#handOver = startHandOver({
      clock: options.clock,
      outbox: options.outbox,
      log: this.#log,
      waiting: () => [...this.#state.intents.values()],
      accepted: (keys) => this.#queue.run(() => this.#commit([{ kind: 'accepted', keys }])),
    });
  }

  /**
   * Reads what the store has. Time stands still until `start`, so that what `isSuppressed` asks can
   * be opened in between.
   * @throws InvalidInputError for a configuration that cannot be
   */
  static async open(options: IncidentManagerOptions): Promise<IncidentManager> {
    const manager = new IncidentManager(options);
    for (const record of await options.store.load()) {
      manager.#changesSinceReplace += changesOf(record);
      manager.#state.apply(record);
    }
    clampTimes(manager.#state, manager.now().steadyMs);
    manager.#rebuildIndex();
    return manager;
  }

  /** Looks at every incident now, and hands over what the outbox may not have. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const id of this.#state.open.keys()) this.#plan(id, 0);
    this.#handOver.wake();
    this.#arm();
  }

  get config(): IncidentConfig {
    return this.#config;
  }

  get topology(): Topology {
    return this.#correlator.topology;
  }

  /** What it knows, to read. */
  get state(): IncidentState {
    return this.#state;
  }

  nowUnixMs(): number {
    return this.#options.clock.nowUnixMs();
  }

  now(): Now {
    return { wallUnixMs: this.nowUnixMs(), steadyMs: this.#steady.nowUnixMs() };
  }

  stats(): IncidentStats {
    const { open, closed, placedCount, intents } = this.#state;
    const sizes = { open: open.size, closed: closed.size, alerts: placedCount };
    return { ...sizes, waitingIntents: intents.size, ...this.#counts };
  }

  /** Works by another configuration from now on; incidents stay as they are. */
  reload(config: Partial<IncidentConfig>): Promise<void> {
    const next = incidentConfig(config);
    return this.#queue.run(async () => {
      this.#config = next;
      this.#correlator = new Correlator(next);
      this.#rebuildIndex();
      for (const id of this.#state.open.keys()) this.#plan(id, 0);
      this.#arm();
    });
  }

  /**
   * Takes alerts in their present state; resolves once their places are durable.
   * @returns by fingerprint the place of each alert that has one
   * @throws BackendError when the store cannot keep them
   */
  putAlerts(
    alerts: readonly FoldedAlert[],
    options: { readonly labelled: boolean },
  ): Promise<ReadonlyMap<string, Placement>> {
    return this.#queue.run(async () => {
      const now = this.now();
      const { newId = newIncidentId, resolveTimeoutMs = 300_000 } = this.#options;
      const { record, placements, touched, unplaced } = foldAlerts(this.#state, alerts, {
        config: this.#config,
        correlator: this.#correlator,
        index: this.#index,
        now,
        labelled: options.labelled,
        resolveTimeoutMs,
        newId,
      });
      const { opened, joined, updated } = record;
      this.#count('unplaced', unplaced);
      if (joined.length === 0 && Object.keys(updated).length === 0) return placements;
      await this.#commit([record]);
      this.#count('opened', opened.length);
      for (const { incident, member } of joined) {
        const found = this.#state.open.get(incident);
        if (found !== undefined) this.#correlator.note(this.#index, found, member, now.steadyMs);
      }
      await this.#lookSafely([...touched]);
      return placements;
    });
  }

  /** Under which fingerprint receivers know an alert; undefined without a place. */
  sentFingerprint(fingerprint: string): string | undefined {
    const place = this.#state.placeOf(fingerprint);
    if (place === undefined) return undefined;
    const { incident, member } = place;
    return member.labelled
      ? fingerprintOf(Labels.from(sentLabels(incident.id, member)))
      : fingerprint;
  }

  /** The fingerprint of an alert's own labels, from that or from the one that receivers know. */
  sourceFingerprint(fingerprint: string): string {
    return this.#state.sourceOf(fingerprint);
  }

  /** An alert's own labels, by their fingerprint. */
  sourceLabels(fingerprint: string): Labels | undefined {
    const place = this.#state.placeOf(fingerprint);
    return place === undefined ? undefined : Labels.from(place.member.labels);
  }

  /** Whether any alert goes by the label of its incident. */
  get hasLabelled(): boolean {
    return this.#state.hasLabelled;
  }

  /**
   * Somebody sees to it: its escalation stops, and so do repeats of the alerts' notifications. Takes
   * the place of an acknowledgement there is.
   * @throws IncidentNotFoundError, InvalidInputError, BackendError when the store cannot keep it
   */
  acknowledge(what: Acknowledged & GivenAcknowledgement): Promise<void> {
    return this.#queue.run(async () => {
      const place = this.#find(what);
      await this.#commit([acknowledgedRecord(place, what, this.now())]);
      await this.#lookSafely([place.incident.id]);
    });
  }

  /** Takes an acknowledgement back; none there is no error. @throws IncidentNotFoundError, and as acknowledge */
  unacknowledge(what: Acknowledged & { readonly by: string }): Promise<void> {
    return this.#queue.run(async () => {
      const place = this.#find(what);
      const record = withdrawnRecord(this.#state, place, { by: what.by, unixMs: this.nowUnixMs() });
      if (record === undefined) return;
      await this.#commit([record]);
      await this.#lookSafely([place.incident.id]);
    });
  }

  /** Whether somebody sees to an alert now, by its own fingerprint or the one that receivers know. */
  isAcknowledged(fingerprint: string): boolean {
    const source = this.#state.sourceOf(fingerprint);
    const place = this.#state.placeOf(source);
    if (place === undefined || place.incident.closedAtUnixMs !== undefined) return false;
    const nowMs = this.#steady.nowUnixMs();
    return (
      isInForce(place.incident.acknowledgement, nowMs) ||
      isInForce(this.#state.alertAcknowledgements.get(source), nowMs)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#handOver[Symbol.dispose]();
    await this.#queue.idle();
  }

  #find(what: Acknowledged): AcknowledgedPlace {
    return findAcknowledged(this.#state, what, this.nowUnixMs());
  }

  /** Durable first, then in memory. */
  async #commit(records: readonly IncidentRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#options.store.append(records);
    for (const record of records) {
      this.#changesSinceReplace += changesOf(record);
      this.#state.apply(record);
    }
    this.#options.onCommit?.(records, this.#state);
  }

  /** What followed from a change is found again by the next look when it cannot be stored now. */
  async #lookSafely(ids: readonly string[]): Promise<void> {
    try {
      if (this.#started) await this.#look(ids);
    } catch (error) {
      this.#failed(error, ids);
    }
    this.#arm();
  }

  async #look(ids: readonly string[]): Promise<void> {
    const now = this.now();
    const context = this.#context();
    const { maxIntents = 10_000, externalUrl, integrationsOf } = this.#options;
    const { changes, postponed, escalations, missing } = lookAt(this.#state, ids, {
      now,
      context,
      maxIntents,
      externalUrl,
      integrationsOf,
    });
    await this.#commit(changes);
    this.#count('postponed', postponed.size);
    this.#count('escalations', escalations);
    for (const receiver of missing) {
      this.#log.error({ receiver }, 'the receiver of an escalation level is not there');
    }
    for (const id of ids) {
      const incident = this.#state.open.get(id);
      if (incident === undefined) continue;
      this.#plan(id, postponed.has(id) ? RETRY_MS : nextLookMs(incident, now, context));
    }
    if (changes.some(({ intents }) => intents.length > 0)) this.#handOver.wake();
  }

  #context(): AdvanceContext {
    const { isSuppressed = () => false } = this.#options;
    return {
      config: this.#config,
      acknowledgements: this.#state.alertAcknowledgements,
      isSuppressed: (member) => {
        const incident = this.#state.placeOf(member.fingerprint)?.incident.id ?? '';
        return isSuppressed(Labels.from(sentLabels(incident, member)));
      },
    };
  }

  #plan(id: string, delayMs: number): void {
    const atMs = this.#options.clock.monotonicMs() + delayMs;
    const known = this.#lookAtMs.get(id);
    // An earlier look plans the next one.
    if (known !== undefined && known <= atMs) return;
    this.#lookAtMs.set(id, atMs);
    this.#due.push({ unixMs: atMs, id });
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#stopped || !this.#started) return;
    const nowMs = this.#options.clock.monotonicMs();
    const dueMs = this.#due.peek()?.unixMs ?? Number.POSITIVE_INFINITY;
    const delayMs = Math.min(dueMs, this.#nextMaintenanceMs) - nowMs;
    this.#timer = this.#options.clock.schedule(delayMs, () => this.#tick());
  }

  #tick(): void {
    let ids: readonly string[] = [];
    this.#queue
      .run(async () => {
        if (this.#stopped) return;
        const nowMs = this.#options.clock.monotonicMs();
        ids = this.#takeDue(nowMs);
        await this.#look(ids);
        if (nowMs >= this.#nextMaintenanceMs) await this.#maintain(nowMs);
      })
      .catch((error: unknown) => this.#failed(error, ids))
      .finally(() => this.#arm());
  }

  #takeDue(nowMs: number): readonly string[] {
    const ids: string[] = [];
    for (;;) {
      const next = this.#due.peek();
      if (next === undefined || next.unixMs > nowMs) return ids;
      this.#due.pop();
      if (this.#lookAtMs.get(next.id) !== next.unixMs) continue;
      this.#lookAtMs.delete(next.id);
      ids.push(next.id);
    }
  }

  #failed(error: unknown, ids: readonly string[]): void {
    this.#count('failures', 1);
    for (const id of ids) this.#plan(id, RETRY_MS);
    this.#log.error({ err: error }, 'incidents could not store what became of them');
  }

  async #maintain(nowMs: number): Promise<void> {
    this.#nextMaintenanceMs = nowMs + MAINTENANCE_MS;
    const { wallUnixMs, steadyMs } = this.now();
    const { windowMs, maxAlerts, maxSpanMs } = this.#config;
    const { open, closed } = this.#state;
    this.#index.sweep(steadyMs - windowMs, (id) => {
      const incident = open.get(id);
      return (
        incident !== undefined &&
        incident.alertCount < maxAlerts &&
        steadyMs - incident.openedAtMs <= maxSpanMs
      );
    });
    const { records, early } = tidyRecords(this.#state, this.#config, wallUnixMs);
    await this.#commit(records);
    this.#count('dropped', early);
    const held = this.#state.placedCount + open.size + closed.size;
    if (this.#changesSinceReplace < COMPACT_AFTER_CHANGES + 2 * held) return;
    await this.#options.store.replace(this.#state.snapshot());
    this.#changesSinceReplace = 0;
  }

  #rebuildIndex(): void {
    this.#index = new CorrelationIndex();
    const { wallUnixMs, steadyMs } = this.now();
    for (const incident of this.#state.open.values()) {
      for (const member of incident.members.values()) {
        const atMs = steadyMs - Math.max(0, wallUnixMs - member.joinedAtUnixMs);
        this.#correlator.note(this.#index, incident, member, atMs);
      }
    }
  }

  #count(
    what: 'opened' | 'escalations' | 'unplaced' | 'postponed' | 'dropped' | 'failures',
    by: number,
  ): void {
    if (by === 0) return;
    this.#counts[what] += by;
    this.#options.instruments
      ?.counter({
        name: 'dwcp_alert_incident_events_total',
        help: 'What became of incidents and of alerts that could be in none.',
        labelNames: ['event'],
      })
      .labels({ event: what })
      .inc(by);
  }
}

function newIncidentId(): string {
  return `inc-${randomUUID().replaceAll('-', '').slice(0, 10)}`;
}

function changesOf(record: IncidentRecord): number {
  if (record.kind === 'incident') return record.incident.members.length;
  if (record.kind !== 'alerts') return 1;
  return 1 + record.joined.length + Object.keys(record.updated).length;
}
