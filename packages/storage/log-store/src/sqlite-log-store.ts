import { join } from 'node:path';
import { type DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';

import {
  BackendError,
  type CallOptions,
  type Clock,
  InvalidInputError,
  type Log,
  type LogPage,
  type LogQuery,
  type LogRecord,
  type LogStore,
  type LogStoreStats,
  silentLog,
} from '@dwcp/core';
import {
  asBackendError,
  clampInt64,
  GroupCommit,
  hasAttribute,
  isInt64,
  openDatabase,
  shrink,
  sizeOnDisk,
  transact,
} from '@dwcp/sqlite';

import { compactWords } from './compact-words.ts';
import { encodeOrigin, encodeRow, type LogRow, RecordReader } from './log-row.ts';
import { matchingPositions } from './log-search.ts';
import { SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { planSearch } from './search-plan.ts';

export interface SqliteLogStoreOptions {
  /** A folder of its own; made when it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** Above this size appends are refused. Default: as the disk allows. */
  readonly maxSizeBytes?: number;
}

const BACKEND = 'log-store';
/** A page ends early when its bodies and attributes have so many characters. */
const PAGE_CHARACTERS = 16 * 1024 * 1024;
const DELETE_SLICE = 1_000;
const SLOW_COMMIT_MS = 500;

/**
 * Log records in one SQLite file, `logs.db` in its folder, with an index of the words of bodies.
 * Appends that wait together are one transaction. Searches run in slices of a few milliseconds.
 */
export class SqliteLogStore implements LogStore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #commits: GroupCommit<LogRecord>;
  readonly #insert: StatementSync;
  readonly #index: StatementSync;
  readonly #putOrigin: StatementSync;
  readonly #putCount: StatementSync;
  readonly #row: StatementSync;
  #recordCount: number;
  #closed = false;

  private constructor(db: DatabaseSync, path: string, options: SqliteLogStoreOptions) {
    this.#db = db;
    this.#path = path;
    this.#clock = options.clock;
    this.#log = (options.log ?? silentLog).child({ module: BACKEND });
    this.#commits = new GroupCommit({
      backend: BACKEND,
      write: (records) => this.#write(records),
      groupItems: 1_000,
      capacity: 100_000,
    });
    this.#insert = db.prepare(
      'INSERT INTO logs (time, severity, origin, service, region, trace_id, span_id, observed, ' +
        'severity_text, attributes, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#index = db.prepare('INSERT INTO body_words (rowid, words) VALUES (?, ?)');
    this.#putOrigin = db.prepare(
      'INSERT INTO origins (json, newest) VALUES (?, ?) ON CONFLICT (json) ' +
        'DO UPDATE SET newest = max(newest, excluded.newest) RETURNING id',
    );
    this.#putCount = db.prepare("UPDATE counts SET value = ? WHERE name = 'logs'");
    this.#row = db.prepare('SELECT * FROM logs WHERE id = ?');
    const count = db.prepare("SELECT value FROM counts WHERE name = 'logs'").get();
    this.#recordCount = Number(count?.['value'] ?? 0);
  }

  /**
   * @throws BackendError when the file cannot be opened or is of a newer version
   * @throws CorruptionError when it is damaged
   */
  static async open(options: SqliteLogStoreOptions): Promise<SqliteLogStore> {
    const path = join(options.dir, 'logs.db');
    const db = await openDatabase({
      backend: BACKEND,
      path,
      version: SCHEMA_VERSION,
      schema: SCHEMA,
      maxSizeBytes: options.maxSizeBytes,
    });
    return new SqliteLogStore(db, path, options);
  }

  /**
   * The records of one call are one transaction, so hand in some thousand at once at most.
   * @throws BackendError when it failed or too much waits; then none is kept
   * @throws InvalidInputError for a time that does not fit 64 bits
   */
  async append(records: readonly LogRecord[], options: CallOptions = {}): Promise<void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    if (records.length === 0) return;
    for (const [i, { timeUnixNano, observedTimeUnixNano }] of records.entries()) {
      if (isInt64(timeUnixNano) && isInt64(observedTimeUnixNano)) continue;
      throw new InvalidInputError(
        `records[${i}].timeUnixNano`,
        `${timeUnixNano} or the observed time ${observedTimeUnixNano} does not fit 64 bits`,
      );
    }
    await this.#commits.append(records);
  }

  /**
   * A page may hold fewer records than asked for and still have a next one: when the rest of what was
   * looked at did not match, or when its text got long (16 Mi characters).
   * @throws InvalidInputError for a limit, cursor or filter that is wrong
   */
  async search(query: LogQuery, options: CallOptions = {}): Promise<LogPage> {
    this.#checkOpen();
    const { signal } = options;
    signal?.throwIfAborted();
    const plan = planSearch(query);
    const wanted = Object.entries(query.attributes ?? {});
    const reader = new RecordReader(this.#db);
    const records: LogRecord[] = [];
    let characters = 0;
    let last = plan.after;
    try {
      const slices = matchingPositions(this.#db, plan, query.limit + 1, signal);
      for await (const { positions, more } of slices) {
        for (const position of positions) {
          if (
            last !== undefined &&
            (records.length === query.limit || characters > PAGE_CHARACTERS)
          )
            return { records, nextCursor: plan.cursorAt(last) };
          const row = this.#row.get(position.id) as unknown as LogRow | undefined;
          if (row === undefined) continue;
          const record = reader.read(row);
          if (!wanted.every(([name, text]) => hasAttribute(record.attributes, name, text)))
            continue;
          records.push(record);
          characters += row.body.length + row.attributes.length;
          last = position;
        }
        if (more && last !== undefined && records.length === query.limit)
          return { records, nextCursor: plan.cursorAt(last) };
        this.#checkOpen();
      }
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw asBackendError(BACKEND, 'cannot search', error);
    }
    return { records, nextCursor: undefined };
  }

  async deleteBefore(unixNano: bigint): Promise<number> {
    const doomed = this.#db.prepare(
      'SELECT id FROM logs INDEXED BY logs_time WHERE time < ? ORDER BY time LIMIT ?',
    );
    const deleteRow = this.#db.prepare('DELETE FROM logs WHERE id = ?');
    const deleteWords = this.#db.prepare('DELETE FROM body_words WHERE rowid = ?');
    const deleteOrigins = this.#db.prepare('DELETE FROM origins WHERE newest < ?');
    const before = clampInt64(unixNano);
    let deleted = 0;
    try {
      for (;;) {
        this.#checkOpen();
        const ids = doomed.all(before, DELETE_SLICE).map((row) => row['id'] as bigint);
        // In the same turn in which no older record is left, so that none can still name them.
        if (ids.length === 0) {
          deleteOrigins.run(before);
          break;
        }
        transact(this.#db, () => {
          for (const id of ids) {
            deleteWords.run(id);
            deleteRow.run(id);
          }
          this.#putCount.run(this.#recordCount - ids.length);
        });
        this.#recordCount -= ids.length;
        deleted += ids.length;
        await setImmediate();
      }
      if (deleted > 0) {
        while (!this.#closed && compactWords(this.#db)) await setImmediate();
      }
      while (!this.#closed && shrink(this.#db)) await setImmediate();
    } catch (error) {
      throw asBackendError(BACKEND, `cannot delete what is before ${unixNano}`, error);
    }
    return deleted;
  }

  stats(): LogStoreStats {
    return { recordCount: this.#recordCount, sizeBytes: sizeOnDisk(this.#path) };
  }

  /** Writes what waits, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#commits.drain();
    this.#db.close();
  }

  #write(records: readonly LogRecord[]): void {
    const startMs = this.#clock.monotonicMs();
    try {
      transact(this.#db, () => {
        const originOf = this.#originIds(records);
        for (const record of records) {
          const { values, words } = encodeRow(record, originOf(record));
          const { lastInsertRowid } = this.#insert.run(...values);
          this.#index.run(lastInsertRowid, words);
        }
        this.#putCount.run(this.#recordCount + records.length);
      });
    } catch (error) {
      throw asBackendError(BACKEND, `cannot append ${records.length} records`, error);
    }
    this.#recordCount += records.length;
    const durationMs = this.#clock.monotonicMs() - startMs;
    if (durationMs > SLOW_COMMIT_MS) {
      this.#log.warn({ durationMs, recordCount: records.length }, 'slow append');
    }
  }

  /** Puts every different resource and scope of a batch once, and gives their ids. */
  #originIds(records: readonly LogRecord[]): (record: LogRecord) => bigint {
    const newest = new Map<string, bigint>();
    const jsonOf = originEncoder();
    for (const record of records) {
      const json = jsonOf(record);
      const known = newest.get(json);
      if (known === undefined || known < record.timeUnixNano) newest.set(json, record.timeUnixNano);
    }
    const ids = new Map<string, bigint>();
    for (const [json, time] of newest) {
      ids.set(json, this.#putOrigin.get(json, time)?.['id'] as bigint);
    }
    return (record) => ids.get(jsonOf(record)) ?? 0n;
  }

  #checkOpen(): void {
    if (this.#closed) throw new BackendError(BACKEND, 'is closed', { retryable: false });
  }
}

/** Records of one batch mostly share their resource and scope objects: encodes each pair once. */
function originEncoder(): (record: LogRecord) => string {
  const byResource = new Map<object, Map<object, string>>();
  return ({ resource, scope }) => {
    let byScope = byResource.get(resource);
    if (byScope === undefined) byResource.set(resource, (byScope = new Map()));
    let json = byScope.get(scope);
    if (json === undefined) byScope.set(scope, (json = encodeOrigin(resource, scope)));
    return json;
  };
}
