import { Labels, type Log, silentLog } from '@dwcp/core';

import { alertProblem, isResolved, type PostableAlert } from '../alertmanager/alerts.ts';
import { DueQueue } from '../alertmanager/due-queue.ts';
import { type PutAlertsResult } from '../alertmanager/pipeline-options.ts';
import { type DedupSettings } from '../conditions/condition.ts';
import { fingerprintOf } from '../fnv.ts';
import { SerialQueue } from '../serial-queue.ts';
import { SteadyClock } from '../steady-clock.ts';
import { decide, endWindow, type IntakeDecision } from './decide.ts';
import { AlertIntakeFullError } from './errors.ts';
import { type AlertOrigin, type IntakeAlert, postable } from './intake-alert.ts';
import { type IntakeOptions, type IntakeStats } from './intake-options.ts';
import { type Episode, IntakeDraft, type IntakeRecord, IntakeState } from './intake-state.ts';
import {
  type ManualResolve,
  type ManualTrigger,
  resolvedByHand,
  triggeredAlert,
} from './manual.ts';

/** What is over is forgotten, and the log rewritten where it grew, so often. */
const MAINTENANCE_MS = 30_000;
/** What `next` or the store did not take is tried again after this. */
const RETRY_MS = 1_000;
/** An alert of which nothing is heard is remembered so much longer than it fires. */
const FORGET_AFTER_MS = 15 * 60_000;
const COMPACT_AFTER_CHANGES = 50_000;

/** An alert on its way: as its poster knows it, and by the fingerprint of its own labels. */
interface OnItsWay {
  readonly fingerprint: string;
  readonly alert: PostableAlert;
  /** Its place in what was posted. */
  readonly index?: number;
}

/**
 * The way into the pipeline: holds back repeats of what was told shortly before, keeps alerts that
 * were resolved by hand from coming back, and folds alerts into incidents. What it decided is durable
 * before the pipeline gets it, and handed on again after a crash.
 */
export class AlertIntake implements AsyncDisposable {
  readonly #options: IntakeOptions;
  readonly #log: Log;
  readonly #steady: SteadyClock;
  readonly #state = new IntakeState();
  readonly #due = new DueQueue();
  readonly #queue = new SerialQueue();
  #timer: Disposable | undefined;
  #nextMaintenanceMs: number;
  #retryAtMs = Number.POSITIVE_INFINITY;
  #changesSinceReplace = 0;
  #stopped = false;
  readonly #counts = { passed: 0, heldBack: 0, released: 0, untracked: 0, refused: 0, failures: 0 };

  private constructor(options: IntakeOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLog).child({ part: 'intake' });
    this.#steady = new SteadyClock(options.clock);
    this.#nextMaintenanceMs = options.clock.monotonicMs() + MAINTENANCE_MS;
  }

  /**
   * Goes on where the store ends: windows that ended meanwhile end now, and what was decided and
   * perhaps not taken is handed on.
   */
  static async open(options: IntakeOptions): Promise<AlertIntake> {
    const intake = new AlertIntake(options);
    const state = intake.#state;
    for (const record of await options.store.load()) {
      intake.#changesSinceReplace += changesOf(record);
      state.apply(record);
    }
    const nowUnixMs = intake.#steady.nowUnixMs();
    for (const window of state.windows.values()) {
      // A clock that was set back between two processes must not make a window longer.
      const endsUnixMs = Math.min(window.endsUnixMs, nowUnixMs + window.windowMs);
      if (endsUnixMs !== window.endsUnixMs) state.apply({ windows: [{ ...window, endsUnixMs }] });
      intake.#due.push({ unixMs: endsUnixMs, id: window.identity });
    }
    if (state.pending.size > 0) intake.#retryAtMs = options.clock.monotonicMs();
    intake.#arm();
    return intake;
  }

  nowUnixMs(): number {
    return this.#options.clock.nowUnixMs();
  }

  /** What it remembers, to read. */
  get state(): IntakeState {
    return this.#state;
  }

  stats(): IntakeStats {
    const { windows, heldCount, manualCount, pending } = this.#state;
    const sizes = { windows: windows.size, held: heldCount, manual: manualCount };
    return { ...sizes, pending: pending.size, ...this.#counts };
  }

  /**
   * Takes alerts; resolves once what is to go on is durable in `next`. Those that are wrong are
   * left out and named.
   * @throws what `next` throws, such as PipelineFullError; BackendError when the store cannot keep them
   */
  putAlerts(posted: readonly IntakeAlert[], from: AlertOrigin = 'api'): Promise<PutAlertsResult> {
    return this.#queue.run(async () => {
      const { config: { resolveTimeoutMs = 300_000 } = {}, maxIdentities = 100_000 } =
        this.#options;
      const wallUnixMs = this.nowUnixMs();
      const steadyUnixMs = this.#steady.nowUnixMs();
      const draft = new IntakeDraft(this.#state);
      const problems: { readonly index: number; readonly problem: string }[] = [];
      const decisions: IntakeDecision[] = [];
      const direct = new Map<string, OnItsWay>();
      let untracked = 0;
      for (const [index, alert] of posted.entries()) {
        const problem = alertProblem(alert);
        if (problem !== undefined) {
          problems.push({ index, problem });
          continue;
        }
        const labels = Labels.from(alert.labels);
        const fingerprint = fingerprintOf(labels);
        const times = { wallUnixMs, steadyUnixMs, resolveTimeoutMs };
        const dedup = alert.dedup ?? this.#throttleOf(labels);
        const full = draft.size >= maxIdentities;
        const firesBehind = (): boolean => this.#firesBehind(fingerprint, wallUnixMs);
        const about = { alert: { origin: from, ...alert }, labels, fingerprint, dedup, full };
        const verdict = decide(draft, { ...times, ...about, firesBehind });
        const { goesOn, untracked: lost, isRepeat, ...decision } = verdict;
        if (isRepeat !== true) decisions.push(decision);
        if (lost === true) untracked++;
        direct.delete(fingerprint);
        if (goesOn === 'directly')
          direct.set(fingerprint, { fingerprint, alert: postable(alert), index });
      }
      this.#counted('refused', problems.length);
      this.#counted('untracked', untracked);
      await this.#commit(draft.record());
      this.#told(decisions);
      const refused = await this.#handOn([...direct.values()]);
      problems.push(...refused);
      return { accepted: posted.length - problems.length, problems };
    });
  }

  /**
   * Raises an alert by hand. One with the same labels that fires is changed.
   * @returns the fingerprint under which receivers and the API know it
   * @throws InvalidInputError for what is no alert, AlertIntakeFullError, and as putAlerts
   */
  trigger(input: ManualTrigger): Promise<{ readonly fingerprint: string }> {
    return this.#queue.run(async () => {
      const nowUnixMs = this.nowUnixMs();
      const alert = triggeredAlert(this.#state, input, nowUnixMs);
      const fingerprint = fingerprintOf(Labels.from(alert.labels));
      this.#checkRoom(this.#state.episodes.get(fingerprint));
      const draft = new IntakeDraft(this.#state);
      const { startsAtUnixMs, endsAtUnixMs } = alert;
      const { by } = input;
      draft.put({ kind: 'manual', fingerprint, startsAtUnixMs, endsAtUnixMs, by, alert });
      draft.handOn(fingerprint, alert);
      await this.#commit(draft.record());
      const manual = { action: 'triggered', by } as const;
      const { labels } = alert;
      this.#told([{ fingerprint, labels, unixMs: nowUnixMs, outcome: 'passed', manual }]);
      await this.#handOn([]);
      return { fingerprint: this.#options.incidents?.sentFingerprint(fingerprint) ?? fingerprint };
    });
  }

  /**
   * Ends an alert by hand, by the fingerprint or the labels that its poster or that receivers know.
   * A rule's alert stays over until its condition ended and came again.
   * @throws AlertNotFoundError, InvalidInputError, AlertIntakeFullError, and as putAlerts
   */
  resolve(input: ManualResolve): Promise<void> {
    return this.#queue.run(async () => {
      const { incidents, lookUp } = this.#options;
      const named =
        'fingerprint' in input ? input.fingerprint : fingerprintOf(Labels.from(input.labels));
      const fingerprint = incidents?.sourceFingerprint(named) ?? named;
      const stored = lookUp?.(incidents?.sentFingerprint(fingerprint) ?? fingerprint);
      const sourceLabels = incidents?.sourceLabels(fingerprint) ?? stored?.labels;
      const nowUnixMs = this.nowUnixMs();
      const episode = this.#state.episodes.get(fingerprint);
      const about = { input, fingerprint, episode, stored, sourceLabels };
      const { mark, alert } = resolvedByHand({ ...about, unixMs: nowUnixMs });
      const draft = new IntakeDraft(this.#state);
      if (mark === undefined) draft.end(fingerprint);
      else {
        this.#checkRoom(episode);
        draft.put(mark);
      }
      if (alert !== undefined) draft.handOn(fingerprint, alert);
      await this.#commit(draft.record());
      const { by, comment } = input;
      const manual = { action: 'resolved', by, comment } as const;
      const held = episode?.kind === 'held' ? episode.alert.labels : undefined;
      const labels = alert?.labels ?? held ?? {};
      const outcome = 'resolved-by-hand';
      this.#told([{ fingerprint, labels, unixMs: nowUnixMs, outcome, manual }]);
      await this.#handOn([]);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    await this.#queue.idle();
  }

  /** Without `lookUp` nobody knows, and every end counts. */
  #firesBehind(fingerprint: string, unixMs: number): boolean {
    const { incidents, lookUp } = this.#options;
    if (lookUp === undefined) return true;
    const stored = lookUp(incidents?.sentFingerprint(fingerprint) ?? fingerprint);
    return stored !== undefined && !isResolved(stored, unixMs);
  }

  #throttleOf(labels: Labels): (DedupSettings & { readonly acrossNames: true }) | undefined {
    const throttle = this.#options.config?.throttle;
    if (throttle === undefined || !throttle.by.every((name) => labels.has(name))) return undefined;
    return { ...throttle, acrossNames: true };
  }

  #checkRoom(before: Episode | undefined): void {
    if (before?.kind === 'manual' || before?.kind === 'resolved') return;
    if (this.#state.manualCount < (this.#options.maxManual ?? 10_000)) return;
    this.#counted('refused', 1);
    throw new AlertIntakeFullError(this.#state.manualCount);
  }

  /** Durable first, then in memory. */
  async #commit(record: IntakeRecord | undefined): Promise<void> {
    if (record === undefined) return;
    await this.#options.store.append([record]);
    this.#changesSinceReplace += changesOf(record);
    this.#state.apply(record);
    for (const { identity, endsUnixMs } of record.windows ?? []) {
      this.#due.push({ unixMs: endsUnixMs, id: identity });
    }
    if (this.#state.pending.size > 0)
      this.#retryAtMs = this.#options.clock.monotonicMs() + RETRY_MS;
    this.#arm();
  }

  /** Gives `next` what waits for it and what goes on at once; the newest word of an alert is last. */
  async #handOn(
    direct: readonly OnItsWay[],
  ): Promise<readonly { readonly index: number; readonly problem: string }[]> {
    const pending = Array.from(this.#state.pending, ([fingerprint, alert]) => ({
      fingerprint,
      alert,
    }));
    const all: readonly OnItsWay[] = [...pending, ...direct];
    if (all.length === 0) return [];
    const { next } = this.#options;
    const { problems } = await next.putAlerts(await this.#withIncidents(all));
    if (pending.length > 0) {
      await this.#commit({ taken: pending.map(({ fingerprint }) => fingerprint) });
    }
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    this.#arm();
    return problems.flatMap(({ index, problem }) => {
      const posted = all[index]?.index;
      if (posted === undefined) this.#log.error({ problem }, 'an alert was not taken');
      return posted === undefined ? [] : [{ index: posted, problem }];
    });
  }

  async #withIncidents(all: readonly OnItsWay[]): Promise<readonly PostableAlert[]> {
    const { incidents, labelIncidents = () => false } = this.#options;
    if (incidents === undefined) return all.map(({ alert }) => alert);
    const labelled = labelIncidents();
    try {
      const members = await incidents.putAlerts(all, { labelled });
      return all.map(({ fingerprint, alert }) => {
        const member = members.get(fingerprint);
        if (member?.labelled !== true) return alert;
        return { ...alert, labels: { ...alert.labels, incident: member.incident } };
      });
    } catch (error) {
      // Where notifications do not name the incident, they need not wait for it.
      if (labelled || incidents.hasLabelled) throw error;
      this.#counted('failures', 1);
      this.#log.error({ err: error }, 'alerts were not folded into incidents');
      return all.map(({ alert }) => alert);
    }
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#stopped) return;
    const nowMs = this.#options.clock.monotonicMs();
    const windowInMs =
      (this.#due.peek()?.unixMs ?? Number.POSITIVE_INFINITY) - this.#steady.nowUnixMs();
    const delayMs = Math.min(windowInMs, this.#nextMaintenanceMs - nowMs, this.#retryAtMs - nowMs);
    this.#timer = this.#options.clock.schedule(delayMs, () => this.#tick());
  }

  #tick(): void {
    this.#queue
      .run(async () => {
        if (this.#stopped) return;
        await this.#endWindows();
        const nowMs = this.#options.clock.monotonicMs();
        if (nowMs >= this.#nextMaintenanceMs) await this.#maintain(nowMs);
        if (this.#state.pending.size > 0) await this.#handOn([]);
      })
      .catch((error: unknown) => {
        this.#counted('failures', 1);
        this.#retryAtMs = this.#options.clock.monotonicMs() + RETRY_MS;
        this.#log.error({ err: error }, 'alert intake could not hand on what it decided');
      })
      .finally(() => this.#arm());
  }

  /** Held alerts that fire when their window ends pass, and the next window begins. */
  async #endWindows(): Promise<void> {
    const steadyUnixMs = this.#steady.nowUnixMs();
    const unixMs = this.nowUnixMs();
    const state = this.#state;
    const draft = new IntakeDraft(state);
    const decisions: IntakeDecision[] = [];
    const ended: string[] = [];
    for (;;) {
      const next = this.#due.peek();
      if (next === undefined || next.unixMs > steadyUnixMs) break;
      this.#due.pop();
      const window = state.windows.get(next.id);
      // One that was opened again stands in the queue with its new end.
      if (window === undefined || window.endsUnixMs > steadyUnixMs) continue;
      ended.push(window.identity);
      decisions.push(...endWindow(state, draft, window, { unixMs, steadyUnixMs }));
    }
    try {
      await this.#commit(draft.record());
    } catch (error) {
      for (const id of ended) this.#due.push({ unixMs: steadyUnixMs + RETRY_MS, id });
      throw error;
    }
    this.#told(decisions);
  }

  async #maintain(nowMs: number): Promise<void> {
    this.#nextMaintenanceMs = nowMs + MAINTENANCE_MS;
    const forgotten = this.nowUnixMs() - FORGET_AFTER_MS;
    const draft = new IntakeDraft(this.#state);
    for (const { fingerprint, endsAtUnixMs, kind } of this.#state.episodes.values()) {
      if (kind !== 'held' && endsAtUnixMs < forgotten) draft.end(fingerprint);
    }
    await this.#commit(draft.record());
    const { episodes, windows, pending } = this.#state;
    const held = episodes.size + windows.size + pending.size;
    if (this.#changesSinceReplace < COMPACT_AFTER_CHANGES + 2 * held) return;
    await this.#options.store.replace(this.#state.snapshot());
    this.#changesSinceReplace = 0;
  }

  #told(decisions: readonly IntakeDecision[]): void {
    if (decisions.length === 0) return;
    for (const { outcome } of decisions) {
      if (outcome === 'passed') this.#counts.passed++;
      else if (outcome === 'released') this.#counts.released++;
      else this.#counts.heldBack++;
    }
    for (const outcome of new Set(decisions.map((decision) => decision.outcome))) {
      this.#count(outcome, decisions.filter((decision) => decision.outcome === outcome).length);
    }
    this.#options.onDecision?.(decisions);
  }

  #counted(what: 'refused' | 'untracked' | 'failures', count: number): void {
    if (count === 0) return;
    this.#counts[what] += count;
    this.#count(what, count);
  }

  #count(outcome: string, count: number): void {
    this.#options.instruments
      ?.counter({
        name: 'dwcp_alert_intake_alerts_total',
        help: 'Alerts that came to the intake, by what became of them.',
        labelNames: ['outcome'],
      })
      .labels({ outcome })
      .inc(count);
  }
}

function changesOf({ windows, episodes, ended, extended, pending }: IntakeRecord): number {
  const lists = [windows, episodes, ended].reduce((sum, list) => sum + (list?.length ?? 0), 0);
  return 1 + lists + Object.keys(extended ?? {}).length + Object.keys(pending ?? {}).length;
}
