import {
  type AppendResult,
  type Exemplar,
  InvalidInputError,
  type Labels,
  type MetricTransaction,
  type NativeHistogram,
  NO_SERIES,
  type RejectReason,
  type SeriesRef,
} from '@dwcp/core';
import { crc32c } from '@dwcp/segments';

import { ORDINARY_NAN_HIGH } from './columns.ts';
import { type ExemplarTable } from './exemplar-table.ts';
import { encodedHistogram } from './histogram-codec.ts';
import { type SeriesNames } from './series-names.ts';
import { type SeriesState } from './series-state.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';
import { type ExemplarRow, SampleRecord } from './wal-record.ts';

export interface AdmissionLimits {
  /** A sample may lie this far in the future. */
  readonly maxAheadMs: number;
  readonly maxAgeMs: number;
  /** How much older than the newest of its series a sample may be. */
  readonly outOfOrderMs: number;
  readonly maxSeries: number;
  readonly maxLabels: number;
  /** Characters of all names and values of a label set together. */
  readonly maxLabelsLength: number;
}

const MAX_RECORD_BYTES = 8 * 1024 * 1024;
const MAX_RECORD_SAMPLES = 65_536;
/** About 35,000 years around 1970: differences of differences stay exact in the chunk encoding. */
const MAX_UNIX_MS = 2 ** 50;

/** What a transaction works on. */
export interface TransactionContext {
  readonly table: SeriesTable;
  readonly names: SeriesNames;
  readonly exemplars: ExemplarTable;
  readonly limits: AdmissionLimits;
  readonly nowUnixMs: number;
  /** The log segment that the next record will be in. */
  readonly segment: () => number;
  /** Whether a sample is in memory already, just so. */
  readonly isHeld: (id: number, unixMs: number, low: number, high: number) => boolean;
  /** Takes records as they become full and, at the end, what is left. */
  readonly write: (record: SampleRecord) => void;
  readonly writeExemplars: (rows: readonly ExemplarRow[]) => void;
  /** Resolves when all that was written is durable, and what it repeats too. */
  readonly finish: (outcome: TransactionOutcome) => Promise<void>;
}

export interface TransactionOutcome {
  readonly accepted: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** A row repeats a sample that is still on its way to the log. */
  readonly repeatsPending: boolean;
}

/**
 * Sorts samples into those to store and those to refuse. A sample that is taken claims its place in
 * the series at once, so that appends may overlap; SampleRecord.rollBack undoes that.
 */
export class Transaction implements MetricTransaction {
  readonly #context: TransactionContext;
  readonly #state: SeriesState;
  readonly #oldestUnixMs: number;
  readonly #newestUnixMs: number;
  readonly #rejected: Partial<Record<RejectReason, number>> = {};
  readonly #exemplars: ExemplarRow[] = [];
  #record: SampleRecord;
  #lateRecord: SampleRecord | undefined;
  #accepted = 0;
  #acceptedHistograms = 0;
  #repeatsPending = false;
  #hasExemplars = false;
  /** Why there is no series under NO_SERIES. */
  #refusal: RejectReason = 'invalid';
  #ended = false;
  #hasExpired = false;
  /** Series that are there since this transaction, and go again when nothing of them is kept. */
  readonly #created: SeriesEntry[] = [];

  constructor(context: TransactionContext) {
    const { table, limits, nowUnixMs } = context;
    this.#context = context;
    this.#state = table.state;
    this.#oldestUnixMs = Math.max(nowUnixMs - limits.maxAgeMs, -MAX_UNIX_MS);
    this.#newestUnixMs = Math.min(nowUnixMs + limits.maxAheadMs, MAX_UNIX_MS);
    this.#record = new SampleRecord(table, context.segment(), false);
    queueMicrotask(() => this.#expire());
  }

  find(bytes: Uint8Array, start: number, end: number): SeriesRef {
    return this.#context.names.find(bytes, start, end);
  }

  define(bytes: Uint8Array, start: number, end: number, labels: Labels): SeriesRef {
    const id = this.series(labels);
    if (id !== NO_SERIES) this.#context.names.add(bytes, start, end, id);
    return id;
  }

  invalid(): SeriesRef {
    this.#refusal = 'invalid';
    return NO_SERIES;
  }

  /** The series of the labels; NO_SERIES when a limit forbids it. */
  series(labels: Labels): SeriesRef {
    const { table, limits } = this.#context;
    const found = table.find(labels);
    if (found !== undefined) return found.id;
    if (labels.size > limits.maxLabels || labels.key.length > limits.maxLabelsLength) {
      this.#refusal = 'label-limit';
      return NO_SERIES;
    }
    if (table.size >= limits.maxSeries) {
      this.#refusal = 'series-limit';
      return NO_SERIES;
    }
    this.#assertOpen();
    const entry = table.ensure(labels);
    this.#created.push(entry);
    return entry.id;
  }

  sample(id: SeriesRef, unixMs: number, low: number, high: number): void {
    // Halves may come with a sign; the columns have none, and are compared with them.
    this.#admit(id, unixMs, low >>> 0, high >>> 0, undefined);
  }

  histogram(id: SeriesRef, unixMs: number, histogram: NativeHistogram): void {
    let bytes: Uint8Array;
    try {
      bytes = encodedHistogram(histogram);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      this.#reject('invalid');
      return;
    }
    this.encodedHistogram(id, unixMs, bytes);
  }

  encodedHistogram(id: SeriesRef, unixMs: number, bytes: Uint8Array): void {
    const before = this.#accepted;
    this.#admit(id, unixMs, crc32c(bytes), bytes.length, bytes);
    this.#acceptedHistograms += this.#accepted - before;
  }

  exemplar(id: SeriesRef, exemplar: Exemplar): void {
    this.#hasExemplars = true;
    const timed = { ...exemplar, unixMs: exemplar.unixMs ?? this.#context.nowUnixMs };
    if (id === NO_SERIES || !this.#context.exemplars.accepts(id, timed)) {
      this.#reject('exemplar');
      return;
    }
    this.#exemplars.push({ id, exemplar: timed });
  }

  /** Of a request of very many samples what filled whole records is on its way already. */
  abandon(): void {
    if (this.#hasExpired) return;
    this.#end();
    this.#record.rollBack();
    this.#lateRecord?.rollBack();
    this.#removeUnused();
  }

  async commit(): Promise<AppendResult> {
    this.#end();
    const { write, writeExemplars, finish } = this.#context;
    if (this.#record.count > 0) write(this.#record);
    if (this.#lateRecord !== undefined) write(this.#lateRecord);
    this.#removeUnused();
    const { table } = this.#context;
    const exemplars = this.#exemplars.filter(({ id }) => table.entryOf(id) !== undefined);
    for (let lost = this.#exemplars.length - exemplars.length; lost > 0; lost--) {
      this.#reject('exemplar');
    }
    if (exemplars.length > 0) writeExemplars(exemplars);
    const rejected = this.#rejected;
    await finish({ accepted: this.#accepted, rejected, repeatsPending: this.#repeatsPending });
    return {
      appended: this.#accepted,
      rejected,
      ...(this.#acceptedHistograms === 0 ? {} : { appendedHistograms: this.#acceptedHistograms }),
      ...(this.#hasExemplars ? { appendedExemplars: exemplars.length } : {}),
    };
  }

  #end(): void {
    this.#assertOpen();
    this.#ended = true;
  }

  #assertOpen(): void {
    if (this.#hasExpired) {
      throw new Error('a transaction ends without waiting: commit it in the turn it began in');
    }
    if (this.#ended) throw new Error('a transaction ends once');
  }

  /**
   * Who waits in the middle of a transaction is overtaken: by newer samples of the same series, by the
   * next log segment, by the end of a series. A restart would then not find all that was acknowledged.
   */
  #expire(): void {
    if (this.#ended) return;
    this.abandon();
    this.#hasExpired = true;
  }

  /** New series of which nothing was kept. */
  #removeUnused(): void {
    this.#context.table.remove(
      this.#created.filter(
        (entry) => !entry.isPending && entry.newestUnixMs === Number.NEGATIVE_INFINITY,
      ),
    );
  }

  #admit(
    id: SeriesRef,
    unixMs: number,
    low: number,
    high: number,
    histogram: Uint8Array | undefined,
  ): void {
    this.#assertOpen();
    if (id === NO_SERIES) {
      this.#reject(this.#refusal);
    } else if (unixMs > this.#newestUnixMs) {
      this.#reject('too-far-ahead');
    } else if (unixMs < this.#oldestUnixMs) {
      this.#reject('too-old');
    } else {
      const state = this.#state;
      const claimedUnixMs = state.claimedUnixMs[id] ?? 0;
      if (unixMs > claimedUnixMs) {
        state.claim(id, unixMs, low, high, histogram !== undefined);
        this.#take(this.#record, id, unixMs, low, high, histogram);
        if (isFull(this.#record)) this.#record = this.#flush(this.#record);
      } else if (unixMs < claimedUnixMs) {
        this.#admitLate(id, unixMs, low, high, histogram);
      } else if (state.isClaimed(id, low, high, histogram !== undefined)) {
        this.#accepted++;
        this.#repeatsPending ||= (state.pending[id] ?? 0) > 0;
      } else {
        this.#reject('duplicate');
      }
    }
  }

  #admitLate(
    id: SeriesRef,
    unixMs: number,
    low: number,
    high: number,
    histogram: Uint8Array | undefined,
  ): void {
    const { table, limits, segment, isHeld } = this.#context;
    // Who had no answer sends again what was stored: that is no error.
    if (histogram === undefined && isHeld(id, unixMs, low, high)) {
      this.#accepted++;
      return;
    }
    if (unixMs < (this.#state.claimedUnixMs[id] ?? 0) - limits.outOfOrderMs) {
      this.#reject('out-of-order');
      return;
    }
    this.#lateRecord ??= new SampleRecord(table, segment(), true);
    this.#take(this.#lateRecord, id, unixMs, low, high, histogram);
    if (isFull(this.#lateRecord)) this.#lateRecord = this.#flush(this.#lateRecord);
  }

  #take(
    record: SampleRecord,
    id: SeriesRef,
    unixMs: number,
    low: number,
    high: number,
    histogram: Uint8Array | undefined,
  ): void {
    const { pending } = this.#state;
    pending[id] = (pending[id] ?? 0) + 1;
    this.#accepted++;
    if (histogram === undefined) record.add(id, unixMs, low, high, undefined);
    else record.add(id, unixMs, 0, ORDINARY_NAN_HIGH, histogram);
  }

  #flush(record: SampleRecord): SampleRecord {
    const { table, write, segment } = this.#context;
    write(record);
    return new SampleRecord(table, segment(), record.isLate);
  }

  #reject(reason: RejectReason): void {
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
  }
}

function isFull(record: SampleRecord): boolean {
  return record.sizeBytes >= MAX_RECORD_BYTES || record.count >= MAX_RECORD_SAMPLES;
}
