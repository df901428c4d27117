import { join } from 'node:path';
import { type DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';

import {
  BackendError,
  type CallOptions,
  type Decision,
  type DecisionPage,
  type DecisionQuery,
  type DecisionRecord,
  type DecisionStore,
  type DecisionStoreStats,
  InvalidInputError,
} from '@dwcp/core';
import {
  asBackendError,
  checkLimit,
  encodeCursor,
  GroupCommit,
  openDatabase,
  type Position,
  shrink,
  sizeOnDisk,
  transact,
} from '@dwcp/sqlite';

import { cursorKindOf, matchingPositions } from './decision-search.ts';
import { SCHEMA, SCHEMA_VERSION } from './schema.ts';

export interface SqliteDecisionStoreOptions {
  /** A folder of its own; made when it is not there. */
  readonly dir: string;
  /** Above so many the oldest go. Default 2,000,000. */
  readonly maxRecords?: number;
  /** Above this size writes are refused. Default: as the disk allows. */
  readonly maxSizeBytes?: number;
}

interface Row {
  readonly subject: string;
  readonly topic: string;
  readonly time: bigint;
  readonly last: bigint;
  readonly count: bigint;
  readonly alert: string;
  readonly labels: string;
  readonly decision: string;
}

const BACKEND = 'decision-store';
const MAX_LIMIT = 10_000;
const DELETE_SLICE = 1_000;

/**
 * Decisions in one SQLite file, `decisions.db` in its folder. Puts that wait together are one
 * transaction. Searches run in slices of a few milliseconds.
 */
export class SqliteDecisionStore implements DecisionStore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #maxRecords: number;
  readonly #commits: GroupCommit<DecisionRecord>;
  readonly #known: StatementSync;
  readonly #put: StatementSync;
  readonly #putCount: StatementSync;
  readonly #dropOldest: StatementSync;
  readonly #row: StatementSync;
  readonly #standing: StatementSync;
  #recordCount: number;
  #droppedRecords = 0;
  #closed = false;

  private constructor(db: DatabaseSync, path: string, options: SqliteDecisionStoreOptions) {
    this.#db = db;
    this.#path = path;
    this.#maxRecords = options.maxRecords ?? 2_000_000;
    this.#commits = new GroupCommit({
      backend: BACKEND,
      write: (records) => this.#write(records),
      groupItems: 1_000,
      capacity: 100_000,
    });
    this.#known = db.prepare(
      'SELECT id FROM decisions WHERE subject = ? AND topic = ? AND time = ?',
    );
    this.#put = db.prepare(
      'INSERT INTO decisions (subject, topic, time, last, count, alert, kind, labels, decision) ' +
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (subject, topic, time) DO UPDATE SET ' +
        'last = excluded.last, count = excluded.count, alert = excluded.alert, ' +
        'kind = excluded.kind, labels = excluded.labels, decision = excluded.decision',
    );
    this.#putCount = db.prepare("UPDATE counts SET value = ? WHERE name = 'decisions'");
    this.#dropOldest = db.prepare(
      'DELETE FROM decisions WHERE id IN (SELECT id FROM decisions ORDER BY last, id LIMIT ?)',
    );
    this.#row = db.prepare('SELECT * FROM decisions WHERE id = ?');
    // The bare columns are those of the row with the greatest time.
    this.#standing = db.prepare(
      'SELECT *, max(time) FROM decisions WHERE subject = ? AND time <= ? GROUP BY topic ' +
        'ORDER BY topic',
    );
    const count = db.prepare("SELECT value FROM counts WHERE name = 'decisions'").get();
    this.#recordCount = Number(count?.['value'] ?? 0);
  }

  /**
   * @throws BackendError when the file cannot be opened or is of a newer version
   * @throws CorruptionError when it is damaged
   */
  static async open(options: SqliteDecisionStoreOptions): Promise<SqliteDecisionStore> {
    const path = join(options.dir, 'decisions.db');
    const db = await openDatabase({
      backend: BACKEND,
      path,
      version: SCHEMA_VERSION,
      schema: SCHEMA,
      maxSizeBytes: options.maxSizeBytes,
    });
    return new SqliteDecisionStore(db, path, options);
  }

  async put(records: readonly DecisionRecord[], options: CallOptions = {}): Promise<void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    for (const [i, { unixMs, lastUnixMs }] of records.entries()) {
      if (Number.isSafeInteger(unixMs) && Number.isSafeInteger(lastUnixMs)) continue;
      throw new InvalidInputError(
        `records[${i}].unixMs`,
        `${unixMs} or lastUnixMs ${lastUnixMs} is no whole number of milliseconds`,
      );
    }
    if (records.length > 0) await this.#commits.append(records);
  }

  async search(query: DecisionQuery, options: CallOptions = {}): Promise<DecisionPage> {
    this.#checkOpen();
    const { signal } = options;
    signal?.throwIfAborted();
    checkLimit(query.limit, MAX_LIMIT);
    const records: DecisionRecord[] = [];
    let last: Position | undefined;
    try {
      for await (const positions of matchingPositions(this.#db, query, signal)) {
        this.#checkOpen();
        for (const position of positions) {
          if (last !== undefined && records.length === query.limit) {
            return { records, nextCursor: encodeCursor(cursorKindOf(query), last) };
          }
          const row = this.#row.get(position.id) as unknown as Row | undefined;
          if (row === undefined) continue;
          records.push(recordOf(row));
          last = position;
        }
      }
    } catch (error) {
      if (signal?.aborted === true || error instanceof InvalidInputError) throw error;
      throw asBackendError(BACKEND, 'cannot search', error);
    }
    return { records, nextCursor: undefined };
  }

  async inForce(
    subject: string,
    unixMs: number,
    options: CallOptions = {},
  ): Promise<readonly DecisionRecord[]> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    try {
      const rows = this.#standing.all(subject, BigInt(Math.floor(unixMs)));
      return (rows as unknown as readonly Row[]).map(recordOf);
    } catch (error) {
      throw asBackendError(BACKEND, `cannot read what stood about ${subject}`, error);
    }
  }

  async deleteBefore(unixMs: number): Promise<number> {
    const remove = this.#db.prepare(
      'DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE last < ? LIMIT ?)',
    );
    let deleted = 0;
    try {
      for (;;) {
        this.#checkOpen();
        let count = 0;
        transact(this.#db, () => {
          count = Number(remove.run(BigInt(Math.ceil(unixMs)), DELETE_SLICE).changes);
          this.#putCount.run(this.#recordCount - count);
        });
        this.#recordCount -= count;
        deleted += count;
        if (count < DELETE_SLICE) break;
        await setImmediate();
      }
      while (!this.#closed && shrink(this.#db)) await setImmediate();
    } catch (error) {
      throw asBackendError(BACKEND, `cannot delete what is before ${unixMs}`, error);
    }
    return deleted;
  }

  stats(): DecisionStoreStats {
    return {
      recordCount: this.#recordCount,
      sizeBytes: sizeOnDisk(this.#path),
      droppedRecords: this.#droppedRecords,
    };
  }

  /** Writes what waits, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#commits.drain();
    this.#db.close();
  }

  #write(records: readonly DecisionRecord[]): void {
    let count = this.#recordCount;
    let dropped = 0;
    try {
      transact(this.#db, () => {
        for (const record of records) {
          const { subject, topic, decision, alertName, labels } = record;
          const time = BigInt(record.unixMs);
          if (this.#known.get(subject, topic, time) === undefined) count++;
          this.#put.run(
            subject,
            topic,
            time,
            BigInt(record.lastUnixMs),
            record.count,
            alertName,
            decision.kind,
            JSON.stringify(labels),
            JSON.stringify(decision),
          );
        }
        if (count > this.#maxRecords) {
          dropped = Number(this.#dropOldest.run(count - this.#maxRecords).changes);
          count -= dropped;
        }
        this.#putCount.run(count);
      });
    } catch (error) {
      throw asBackendError(BACKEND, `cannot put ${records.length} records`, error);
    }
    this.#recordCount = count;
    this.#droppedRecords += dropped;
  }

  #checkOpen(): void {
    if (this.#closed) throw new BackendError(BACKEND, 'is closed', { retryable: false });
  }
}

function recordOf(row: Row): DecisionRecord {
  return {
    subject: row.subject,
    topic: row.topic,
    unixMs: Number(row.time),
    lastUnixMs: Number(row.last),
    count: Number(row.count),
    alertName: row.alert,
    labels: JSON.parse(row.labels) as DecisionRecord['labels'],
    decision: JSON.parse(row.decision) as Decision,
  };
}
