import { randomUUID } from 'node:crypto';

import { type Log, silentLog } from '@dwcp/core';

import { SerialQueue } from '../serial-queue.ts';
import { alertProblem, isResolved, mergeAlert, type PostableAlert, storedAlert } from './alerts.ts';
import { type AlertmanagerConfig } from './config/config.ts';
import { DueQueue } from './due-queue.ts';
import { alertsOf, type Flush, flushGroup } from './flush.ts';
import { type HandOver, startHandOver } from './hand-over.ts';
import { type HeldFlush, HeldFlushes } from './held-flushes.ts';
import {
  PipelineFullError,
  type PipelineOptions,
  type PipelineStats,
  type PutAlertsResult,
} from './pipeline-options.ts';
import { type AlertGroup, PipelineState, toRecord } from './pipeline-state.ts';
import { type PipelineRecord, weightOf } from './pipeline-store.ts';
import { PipelineSharing } from './sharing.ts';
import {
  changedSilences,
  expired,
  type PostableSilence,
  SilenceNotFoundError,
  silenceState,
} from './silences.ts';
import { toldByFlushes } from './told.ts';

/** Empty groups end, and what expired is dropped, so often. */
const MAINTENANCE_MS = 30_000;
const MAX_ALERTS = 100_000;
const MAX_SILENCES = 10_000;
/** What could not be stored is tried again after this. */
const RETRY_MS = 1_000;
/** The store is rewritten when it is so much heavier than what it holds. */
const COMPACT_AFTER_WEIGHT = 20_000;

/**
 * Alertmanager's way from an alert to a notification: routes, groups, inhibition, time intervals,
 * silences, and the log of what was told. What it decided is durable before the outbox hears of
 * it, and handed over again after a crash.
 */
export class AlertPipeline implements AsyncDisposable {
  readonly startedAtUnixMs: number;
  /** For instances that tell each notification once. */
  readonly sharing: PipelineSharing;
  readonly #options: PipelineOptions;
  readonly #log: Log;
  readonly #due = new DueQueue();
  readonly #held = new HeldFlushes();
  readonly #handOver: HandOver;
  #state: PipelineState;
  #timer: Disposable | undefined;
  /** On the monotonic clock: a wall clock that is set does not put it off. */
  #nextMaintenanceMs: number;
  readonly #queue = new SerialQueue();
  #weightSinceReplace = 0;
  #stopped = false;
  readonly #counts = {
    flushes: 0,
    notifications: 0,
    postponedFlushes: 0,
    refusedAlerts: 0,
    storeFailures: 0,
  };

  private constructor(options: PipelineOptions, state: PipelineState) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#state = state;
    this.startedAtUnixMs = options.clock.nowUnixMs();
    this.#nextMaintenanceMs = options.clock.monotonicMs() + MAINTENANCE_MS;
    const { maxSilences = MAX_SILENCES, maxAlerts = MAX_ALERTS } = options;
    this.sharing = new PipelineSharing({
      queue: this.#queue,
      log: this.#log,
      state: () => this.#state,
      nowUnixMs: () => this.nowUnixMs(),
      maxSilences,
      maxEntries: 2 * maxAlerts,
      commit: (records) => this.#commit(records),
      commitInMemory: (records) => {
        this.#counts.storeFailures++;
        this.#apply(records);
      },
    });
    this.#handOver = startHandOver({
      clock: options.clock,
      outbox: options.outbox,
      log: this.#log,
      waiting: () => [...this.#state.intents.values()],
      accepted: (keys) => this.#queue.run(() => this.#commit([{ kind: 'accepted', keys }])),
    });
  }

  /** Goes on where the store ends: overdue groups are flushed at once, intents handed over. */
  static async open(options: PipelineOptions): Promise<AlertPipeline> {
    const state = new PipelineState(options.config);
    const records = await options.store.load();
    for (const record of records) state.apply(record);
    state.log.dropExpired(options.clock.nowUnixMs());
    state.told.dropExpired(options.clock.nowUnixMs());
    const pipeline = new AlertPipeline(options, state);
    pipeline.#weightSinceReplace = sumOfWeights(records);
    pipeline.#plan(state.groups.values());
    pipeline.#handOver.wake();
    pipeline.#arm();
    return pipeline;
  }

  /** What it knows now, to read. */
  get state(): PipelineState {
    return this.#state;
  }

  nowUnixMs(): number {
    return this.#options.clock.nowUnixMs();
  }

  stats(): PipelineStats {
    return {
      alerts: this.#state.alerts.size,
      groups: this.#state.groups.size,
      silences: this.#state.silences.size,
      waitingIntents: this.#state.intents.size,
      ...this.#counts,
    };
  }

  /**
   * Takes alerts; resolves once they are durable. Those that are wrong are left out and named.
   * @throws PipelineFullError when they are too many, and new ones were left out: those that are known
   * were taken, or they would be told as over; BackendError when the store cannot keep them
   */
  putAlerts(posted: readonly PostableAlert[]): Promise<PutAlertsResult> {
    return this.#queue.run(async () => {
      const { maxAlerts = MAX_ALERTS } = this.#options;
      const unixMs = this.nowUnixMs();
      const { resolveTimeoutMs } = this.#state.config;
      const problems: { readonly index: number; readonly problem: string }[] = [];
      const taken = new Map<string, ReturnType<typeof storedAlert>>();
      let [added, refused] = [0, 0];
      for (const [index, alert] of posted.entries()) {
        const problem = alertProblem(alert);
        if (problem !== undefined) {
          problems.push({ index, problem });
          continue;
        }
        const next = storedAlert(alert, { unixMs, resolveTimeoutMs });
        const old = taken.get(next.fingerprint) ?? this.#state.alerts.get(next.fingerprint)?.alert;
        // Over and unknown: it was told already, or there was nothing to tell.
        if (old === undefined && isResolved(next, unixMs)) continue;
        if (old === undefined && this.#state.alerts.size + added >= maxAlerts) {
          refused++;
          continue;
        }
        if (old === undefined) added++;
        taken.set(next.fingerprint, mergeAlert(old, next));
      }
      this.#counts.refusedAlerts += problems.length + refused;
      if (taken.size > 0) {
        const alerts = Array.from(taken.values(), toRecord);
        this.#plan(await this.#commit([{ kind: 'alerts', alerts }]));
      }
      if (refused > 0) {
        throw new PipelineFullError(
          `${this.#state.alerts.size} alerts are kept and ${refused} more would be over ${maxAlerts}`,
        );
      }
      return { accepted: posted.length - problems.length, problems };
    });
  }

  /** @returns the id of the silence, which may be a new one @throws InvalidInputError, SilenceNotFoundError */
  setSilence(posted: PostableSilence): Promise<string> {
    return this.#queue.run(async () => {
      const { maxSilences = MAX_SILENCES, newId = randomUUID } = this.#options;
      const { silences } = this.#state;
      const unixMs = this.nowUnixMs();
      const { id, changes } = changedSilences(posted, silences, { unixMs, newId });
      if (silences.get(id) === undefined && silences.size >= maxSilences) {
        throw new PipelineFullError(`there are ${silences.size} silences, which is the limit`);
      }
      await this.#commit([{ kind: 'silences', silences: changes }]);
      return id;
    });
  }

  /** Ends a silence now; one that is over stays as it is. @throws SilenceNotFoundError */
  expireSilence(id: string): Promise<void> {
    return this.#queue.run(async () => {
      const silence = this.#state.silences.get(id);
      if (silence === undefined) throw new SilenceNotFoundError(id);
      const unixMs = this.nowUnixMs();
      if (silenceState(silence, unixMs) === 'expired') return;
      await this.#commit([{ kind: 'silences', silences: [expired(silence, unixMs)] }]);
    });
  }

  /** Works by another configuration from now on; groups that are in both go on undisturbed. */
  reload(config: AlertmanagerConfig): Promise<void> {
    return this.#queue.run(async () => {
      const next = this.#state.under(config, this.nowUnixMs());
      await this.#replace(next);
      this.#state = next;
      this.#due.clear();
      this.#held.clear();
      this.#plan(next.groups.values());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#handOver[Symbol.dispose]();
    await this.#queue.idle();
  }

  /** Durable first, then in memory. */
  async #commit(records: readonly PipelineRecord[]): Promise<readonly AlertGroup[]> {
    try {
      await this.#options.store.append(records);
    } catch (error) {
      // Some may be stored all the same, and what they say did not happen.
      this.#weightSinceReplace = Number.POSITIVE_INFINITY;
      throw error;
    }
    this.#weightSinceReplace += sumOfWeights(records);
    return this.#apply(records);
  }

  #apply(records: readonly PipelineRecord[]): readonly AlertGroup[] {
    const changed = records.flatMap((record) => this.#state.apply(record));
    this.#options.onCommit?.(records, this.#state);
    return changed;
  }

  async #replace(state: PipelineState): Promise<void> {
    await this.#options.store.replace(state.snapshot());
    this.#weightSinceReplace = 0;
  }

  #plan(groups: Iterable<AlertGroup>): void {
    for (const { id, nextFlushUnixMs } of groups) this.#due.push({ unixMs: nextFlushUnixMs, id });
    this.#arm();
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#stopped) return;
    const { clock } = this.#options;
    const dueUnixMs = this.#due.peek()?.unixMs ?? Number.POSITIVE_INFINITY;
    const delayMs = Math.min(
      dueUnixMs - clock.nowUnixMs(),
      (this.#held.nextMs ?? Number.POSITIVE_INFINITY) - clock.monotonicMs(),
      this.#nextMaintenanceMs - clock.monotonicMs(),
    );
    this.#timer = clock.schedule(delayMs, () => this.#tick());
  }

  #tick(): void {
    this.#queue
      .run(async () => {
        if (this.#stopped) return;
        const nowUnixMs = this.nowUnixMs();
        await this.#flushDue(nowUnixMs);
        if (this.#options.clock.monotonicMs() >= this.#nextMaintenanceMs) {
          await this.#maintain(nowUnixMs);
        }
      })
      .catch((error: unknown) => {
        this.#counts.storeFailures++;
        this.#log.error({ err: error }, 'alert pipeline could not store what it decided');
      })
      .finally(() => this.#arm());
  }

  async #flushDue(nowUnixMs: number): Promise<void> {
    const { maxIntents = 10_000, onFlush, peers } = this.#options;
    const headStartMs = peers === undefined ? 0 : peers.headStartMs();
    const due = this.#takeDue(nowUnixMs);
    const held = this.#takeHeld();
    const groups = [...held.map(({ group }) => group), ...due];
    if (groups.length === 0) return;
    const postpone = (): void => {
      for (const group of groups) group.nextFlushUnixMs = nowUnixMs + RETRY_MS;
      for (const { id } of groups) this.#due.push({ unixMs: nowUnixMs + RETRY_MS, id });
    };
    const isFull = this.#state.intents.size >= maxIntents;
    if (isFull) this.#counts.postponedFlushes += groups.length;
    if (isFull || headStartMs === undefined) {
      postpone();
      return;
    }
    const flushes = held.map((flush) => this.#flush(flush));
    for (const group of due) {
      const { nextFlushUnixMs: planned, route } = group;
      // Ticks that were slept through are one.
      const missed = Math.floor((nowUnixMs - planned) / route.groupIntervalMs);
      const tickUnixMs = planned + missed * route.groupIntervalMs;
      const flush = { group, alerts: alertsOf(this.#state, group), tickUnixMs, nowUnixMs };
      const made = this.#flush(flush);
      if (headStartMs === 0 || made.record.log.length === 0) flushes.push(made);
      else this.#held.put(flush, this.#options.clock.monotonicMs() + headStartMs);
    }
    if (flushes.length === 0) return;
    const records = flushes.filter(({ changes }) => changes).map(({ record }) => record);
    const quiet = flushes.filter(({ changes, group }) => !changes && group.members.size > 0);
    const nextUnixMs = Object.fromEntries(
      quiet.map(({ group, record }) => [group.id, record.group.nextFlushUnixMs]),
    );
    try {
      // Without a trace of quiet flushes, a start could not tell them from those it missed.
      const ticks = quiet.length > 0 ? [{ kind: 'ticks', nextUnixMs } as const] : [];
      const told = peers === undefined ? [] : toldByFlushes(records, this.#state);
      const known = told.length > 0 ? [{ kind: 'told', entries: told } as const] : [];
      const all = [...records, ...ticks, ...known];
      if (all.length > 0) await this.#commit(all);
    } catch (error) {
      postpone();
      throw error;
    }
    for (const { group, record, decision } of flushes) {
      group.nextFlushUnixMs = record.group.nextFlushUnixMs;
      this.#counts.notifications += record.intents.length;
      onFlush?.(decision);
    }
    this.#counts.flushes += flushes.length;
    this.#plan(flushes.map(({ group }) => group));
    if (records.some(({ intents }) => intents.length > 0)) this.#handOver.wake();
  }

  #flush({ group, ...at }: HeldFlush): Flush & { readonly group: AlertGroup } {
    const { externalUrl, isAcknowledged, peers } = this.#options;
    const acknowledged = isAcknowledged === undefined ? {} : { isAcknowledged };
    const options = { ...at, externalUrl, hasPeers: peers !== undefined, ...acknowledged };
    return { group, ...flushGroup(this.#state, group, options) };
  }

  /** The flushes that left other instances their time. */
  #takeHeld(): readonly HeldFlush[] {
    const { clock } = this.#options;
    const found = this.#held.size === 0 ? [] : this.#held.take(clock.monotonicMs());
    return found.filter(({ group }) => this.#state.groups.get(group.id) === group);
  }

  /** The groups whose time has come, each once. */
  #takeDue(nowUnixMs: number): readonly AlertGroup[] {
    const found = new Map<string, AlertGroup>();
    for (;;) {
      const next = this.#due.peek();
      if (next === undefined || next.unixMs > nowUnixMs) return [...found.values()];
      this.#due.pop();
      const group = this.#state.groups.get(next.id);
      // A moment that was moved is passed over; the group stands in the queue with its new one.
      if (group === undefined || group.nextFlushUnixMs !== next.unixMs) continue;
      // One that leaves others time to tell is planned again once it was made.
      if (!this.#held.has(next.id)) found.set(next.id, group);
    }
  }

  async #maintain(nowUnixMs: number): Promise<void> {
    this.#nextMaintenanceMs = this.#options.clock.monotonicMs() + MAINTENANCE_MS;
    const state = this.#state;
    const empty = [...state.groups.values()].filter(({ members }) => members.size === 0);
    const silences = state.silences.outdated(nowUnixMs);
    const records: PipelineRecord[] = [];
    if (empty.length > 0) {
      records.push({ kind: 'groups-removed', ids: empty.map(({ id }) => id) });
    }
    if (silences.length > 0) records.push({ kind: 'silences-removed', ids: silences });
    if (records.length > 0) await this.#commit(records);
    state.log.dropExpired(nowUnixMs);
    state.told.dropExpired(nowUnixMs);
    this.#wakeSleepers(nowUnixMs);
    const held = state.alerts.size + state.groups.size + state.log.size + state.silences.size;
    if (this.#weightSinceReplace < COMPACT_AFTER_WEIGHT + 2 * held) return;
    await this.#replace(state);
  }

  /** A wall clock that was set back would let groups wait for a time that was. */
  #wakeSleepers(nowUnixMs: number): void {
    for (const group of this.#state.groups.values()) {
      const { groupWaitMs, groupIntervalMs } = group.route;
      const latest = nowUnixMs + Math.max(groupWaitMs, groupIntervalMs);
      if (group.nextFlushUnixMs <= latest) continue;
      group.nextFlushUnixMs = latest;
      this.#due.push({ unixMs: latest, id: group.id });
    }
  }
}

function sumOfWeights(records: readonly PipelineRecord[]): number {
  return records.reduce((sum, record) => sum + weightOf(record), 0);
}
