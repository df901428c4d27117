import {
  type Clock,
  type Counter,
  type DecisionPage,
  type DecisionQuery,
  type DecisionRecord,
  type DecisionStore,
  type Instruments,
  type Log,
  silentLog,
} from '@dwcp/core';

import { keyOf, type NotedDecision, OpenDecision } from './open-decision.ts';

export interface DecisionLogOptions {
  /** The log does not close it. */
  readonly store: DecisionStore;
  readonly clock: Clock;
  readonly log?: Log;
  readonly instruments?: Instruments;
  /** Records that stood last so long ago are removed. Default 30 d. */
  readonly retentionMs?: number;
  /** A decision that is made again and again is written again so often at most. Default 10 min. */
  readonly confirmIntervalMs?: number;
  /** Decisions that are told from repeats; beyond, new ones are refused. Default 300,000. */
  readonly maxOpen?: number;
  /** Records that wait to be written; beyond, new ones are refused. Default 50,000. */
  readonly maxWaiting?: number;
}

export interface DecisionLogStats {
  readonly open: number;
  readonly waiting: number;
  /** Decisions that were made, repeats included. */
  readonly noted: number;
  /** Records written, those that were written again included. */
  readonly written: number;
  /** Not recorded, because too many stand or wait. */
  readonly refused: number;
  readonly writeFailures: number;
}

const WRITE_AFTER_MS = 1_000;
const RETRY_MS = 30_000;
const BATCH = 1_000;
const HOUSEKEEPING_MS = 600_000;
/** What was not made again for so long is forgotten; it then begins anew. */
const IDLE_MS = 3_600_000;

/**
 * Records what alerting decides: the first time, and when it changes. Repeats are counted in memory
 * and written now and then. Whoever notes a decision neither waits nor fails: what cannot be kept is
 * counted and lost.
 */
export class DecisionLog implements AsyncDisposable {
  readonly #options: DecisionLogOptions;
  readonly #log: Log;
  readonly #confirmIntervalMs: number;
  readonly #maxOpen: number;
  readonly #maxWaiting: number;
  readonly #refusals: Counter | undefined;
  readonly #failures: Counter | undefined;
  readonly #open = new Map<string, OpenDecision>();
  readonly #waiting = new Set<OpenDecision>();
  /** When each last came among those that wait, so that repeats are written seldom. */
  readonly #queuedAt = new WeakMap<OpenDecision, number>();
  #writing: Promise<void> | undefined;
  #writeTimer: Disposable | undefined;
  #housekeepingTimer: Disposable | undefined;
  #closed = false;
  #noted = 0;
  #written = 0;
  #refused = 0;
  #writeFailures = 0;

  constructor(options: DecisionLogOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLog).child({ module: 'decision-log' });
    this.#confirmIntervalMs = options.confirmIntervalMs ?? 600_000;
    this.#maxOpen = options.maxOpen ?? 300_000;
    this.#maxWaiting = options.maxWaiting ?? 50_000;
    this.#failures = options.instruments?.counter({
      name: 'dwcp_decision_write_failures_total',
      help: 'Writes of alerting decisions that failed; what waits is tried again.',
    });
    this.#refusals = options.instruments?.counter({
      name: 'dwcp_decisions_refused_total',
      help: 'Alerting decisions that were not recorded because too many stand or wait.',
    });
    this.#planHousekeeping();
  }

  /** Takes a decision down; one that is the same as the last of its topic counts as a repeat. */
  note(noted: NotedDecision): void {
    const same =
      noted.same ??
      JSON.stringify(typeof noted.decision === 'function' ? noted.decision() : noted.decision);
    if (this.repeat({ ...noted, same })) return;
    this.#noted++;
    const key = keyOf(noted.subject, noted.topic);
    const before = this.#open.get(key);
    if (before === undefined && this.#open.size >= this.#maxOpen) {
      this.#refuse();
      return;
    }
    if (this.#waiting.size >= this.#maxWaiting) {
      // Standing as it was, so that the next one that is made is tried again.
      this.#refuse();
      return;
    }
    if (before?.isUnwritten === true) this.#queue(before);
    const roundedMs = Math.round(noted.unixMs);
    // A clock that was set back must not make the new one older than what it replaces.
    const unixMs = before === undefined ? roundedMs : Math.max(roundedMs, before.unixMs + 1);
    const decision = new OpenDecision(noted, { same, unixMs });
    this.#open.set(key, decision);
    this.#queue(decision);
  }

  /**
   * Takes down that the last decision of the topic was made again.
   * @returns false when it was another, or none: then it has to be noted
   */
  repeat(
    noted: Pick<NotedDecision, 'subject' | 'topic' | 'unixMs'> & {
      readonly same: string;
      readonly decision?: NotedDecision['decision'];
    },
  ): boolean {
    const open = this.#open.get(keyOf(noted.subject, noted.topic));
    if (open === undefined || open.same !== noted.same) return false;
    this.#noted++;
    open.again(noted.unixMs, noted.decision);
    const queuedAtUnixMs = this.#queuedAt.get(open) ?? 0;
    if (Math.abs(noted.unixMs - queuedAtUnixMs) >= this.#confirmIntervalMs) this.#queue(open);
    return true;
  }

  /** The topic came to its end: the next decision begins anew, also when it is the same. */
  forget(subject: string, topic: string): void {
    const key = keyOf(subject, topic);
    const open = this.#open.get(key);
    if (open?.isUnwritten === true) this.#queue(open);
    this.#open.delete(key);
  }

  /** As the store's, with what waits to be written. */
  async search(query: DecisionQuery): Promise<DecisionPage> {
    await this.flush();
    const page = await this.#options.store.search(query);
    return { ...page, records: page.records.map((record) => this.#current(record)) };
  }

  /** As the store's, with what waits to be written. */
  async inForce(subject: string, unixMs: number): Promise<readonly DecisionRecord[]> {
    await this.flush();
    const records = await this.#options.store.inForce(subject, unixMs);
    return records.map((record) => this.#current(record));
  }

  /** Writes what waits; resolves also when that failed. */
  async flush(): Promise<void> {
    // What was noted while a write is under way waits for the next.
    await this.#writing;
    if (this.#waiting.size > 0) await this.#write();
  }

  stats(): DecisionLogStats {
    return {
      open: this.#open.size,
      waiting: this.#waiting.size,
      noted: this.#noted,
      written: this.#written,
      refused: this.#refused,
      writeFailures: this.#writeFailures,
    };
  }

  /** Writes what waits and when each standing decision was last made. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#writeTimer?.[Symbol.dispose]();
    this.#housekeepingTimer?.[Symbol.dispose]();
    for (const open of this.#open.values()) if (open.isUnwritten) this.#waiting.add(open);
    await this.flush();
  }

  #refuse(): void {
    this.#refused++;
    this.#refusals?.inc();
  }

  /** The stored record, with the repeats that are not written yet. */
  #current(record: DecisionRecord): DecisionRecord {
    const open = this.#open.get(keyOf(record.subject, record.topic));
    return open?.unixMs === record.unixMs ? open.record() : record;
  }

  #queue(decision: OpenDecision): void {
    if (this.#waiting.size >= this.#maxWaiting && !this.#waiting.has(decision)) {
      this.#refuse();
      return;
    }
    this.#waiting.add(decision);
    this.#queuedAt.set(decision, decision.lastUnixMs);
    if (!this.#closed) this.#writeIn(WRITE_AFTER_MS);
  }

  #writeIn(delayMs: number): void {
    this.#writeTimer ??= this.#options.clock.schedule(delayMs, () => {
      this.#writeTimer = undefined;
      void this.#write();
    });
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, BATCH);
      const records = batch.map((decision) => decision.record());
      try {
        await this.#options.store.put(records);
      } catch (err) {
        this.#writeFailures++;
        this.#failures?.inc();
        this.#log.error({ err, waiting: this.#waiting.size }, 'decisions could not be written');
        if (!this.#closed) this.#writeIn(RETRY_MS);
        return;
      }
      for (const [i, decision] of batch.entries()) {
        const record = records[i];
        if (record === undefined) continue;
        decision.written(record);
        if (decision.count === record.count) this.#waiting.delete(decision);
      }
      this.#written += records.length;
    }
  }

  #planHousekeeping(): void {
    this.#housekeepingTimer = this.#options.clock.schedule(HOUSEKEEPING_MS, () => {
      void this.#keepHouse().finally(() => {
        if (!this.#closed) this.#planHousekeeping();
      });
    });
  }

  async #keepHouse(): Promise<void> {
    const { clock, store, retentionMs = 30 * 86_400_000 } = this.#options;
    const nowUnixMs = clock.nowUnixMs();
    for (const [key, open] of this.#open) {
      if (Math.abs(nowUnixMs - open.lastUnixMs) < IDLE_MS) continue;
      if (open.isUnwritten) this.#queue(open);
      this.#open.delete(key);
    }
    try {
      await store.deleteBefore(nowUnixMs - retentionMs);
    } catch (err) {
      this.#log.error({ err }, 'old decisions could not be removed');
    }
  }
}
