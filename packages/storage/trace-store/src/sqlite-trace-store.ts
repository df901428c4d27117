import { join } from 'node:path';
import { type DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';

import {
  BackendError,
  type CallOptions,
  type Clock,
  compareUtf8,
  InvalidInputError,
  type Log,
  silentLog,
  type Span,
  type TracePage,
  type TraceQuery,
  type TraceStore,
  type TraceStoreStats,
  type TraceSummary,
} from '@dwcp/core';
import {
  asBackendError,
  clampInt64,
  GroupCommit,
  isInt64,
  openDatabase,
  shrink,
  sizeOnDisk,
  transact,
} from '@dwcp/sqlite';

import { SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { planSearch } from './search-plan.ts';
import { SpanReader, type SpanRow } from './span-row.ts';
import { AttributeFilter, matchingPositions } from './trace-search.ts';
import { TraceWriter } from './trace-writer.ts';

export interface SqliteTraceStoreOptions {
  /** A folder of its own; made when it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** Above this size appends are refused. Default: as the disk allows. */
  readonly maxSizeBytes?: number;
}

const BACKEND = 'trace-store';
const READ_SLICE = 1_000;
const DELETE_SLICE = 1_000;
/** Services, operations of a service, and names in a summary at most; the first in order are kept. */
const MAX_NAMES = 10_000;
const SLOW_COMMIT_MS = 500;

/**
 * Spans in one SQLite file, `traces.db` in its folder, with a summary per trace that every append
 * keeps right. Appends that wait together are one transaction. Reads run in slices of a few
 * milliseconds.
 */
export class SqliteTraceStore implements TraceStore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #commits: GroupCommit<Span>;
  readonly #writer: TraceWriter;
  readonly #putCount: StatementSync;
  readonly #summary: StatementSync;
  readonly #names: StatementSync;
  #spanCount: number;
  #closed = false;

  private constructor(db: DatabaseSync, path: string, options: SqliteTraceStoreOptions) {
    this.#db = db;
    this.#path = path;
    this.#clock = options.clock;
    this.#log = (options.log ?? silentLog).child({ module: BACKEND });
    this.#commits = new GroupCommit({
      backend: BACKEND,
      write: (spans) => this.#write(spans),
      groupItems: 1_000,
      capacity: 50_000,
    });
    this.#writer = new TraceWriter(db);
    this.#putCount = db.prepare("UPDATE counts SET value = ? WHERE name = 'spans'");
    this.#summary = db.prepare('SELECT * FROM traces WHERE id = ?');
    this.#names = db.prepare(
      'SELECT DISTINCT service, region FROM facets WHERE trace = ? ORDER BY service LIMIT ?',
    );
    const count = db.prepare("SELECT value FROM counts WHERE name = 'spans'").get();
    this.#spanCount = Number(count?.['value'] ?? 0);
  }

  /**
   * @throws BackendError when the file cannot be opened or is of a newer version
   * @throws CorruptionError when it is damaged
   */
  static async open(options: SqliteTraceStoreOptions): Promise<SqliteTraceStore> {
    const path = join(options.dir, 'traces.db');
    const db = await openDatabase({
      backend: BACKEND,
      path,
      version: SCHEMA_VERSION,
      schema: SCHEMA,
      maxSizeBytes: options.maxSizeBytes,
    });
    return new SqliteTraceStore(db, path, options);
  }

  /**
   * The spans of one call are one transaction, so hand in some thousand at once at most.
   * @throws BackendError when it failed or too much waits; then none is kept
   * @throws InvalidInputError for a time that does not fit 64 bits
   */
  async append(spans: readonly Span[], options: CallOptions = {}): Promise<void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    if (spans.length === 0) return;
    for (const [i, { startUnixNano, endUnixNano }] of spans.entries()) {
      if (isInt64(startUnixNano) && isInt64(endUnixNano)) continue;
      throw new InvalidInputError(
        `spans[${i}].startUnixNano`,
        `${startUnixNano} or the end ${endUnixNano} does not fit 64 bits`,
      );
    }
    await this.#commits.append(spans);
  }

  async trace(traceId: string, options: CallOptions = {}): Promise<readonly Span[]> {
    const { signal } = options;
    this.#checkOpen();
    signal?.throwIfAborted();
    return this.#reading('read a trace', signal, async () => {
      const found = this.#db.prepare('SELECT id FROM traces WHERE trace_id = ?').get(traceId);
      const statement = this.#db.prepare(
        'SELECT * FROM spans INDEXED BY spans_trace WHERE trace = ? AND span_id > ? ' +
          'ORDER BY span_id LIMIT ?',
      );
      const reader = new SpanReader(this.#db);
      const spans: Span[] = [];
      for (let after = ''; found !== undefined;) {
        const rows = statement.all(found['id'] ?? null, after, READ_SLICE);
        for (const row of rows) spans.push(reader.read(traceId, row as unknown as SpanRow));
        if (rows.length < READ_SLICE) break;
        after = spans.at(-1)?.spanId ?? '';
        await setImmediate();
        signal?.throwIfAborted();
        this.#checkOpen();
      }
      return spans.sort((a, b) => Number(a.startUnixNano - b.startUnixNano));
    });
  }

  /**
   * A page may hold fewer traces than asked for and still have a next one. A late span can move a
   * trace back in time, and so onto a later page as well.
   * @throws InvalidInputError for a limit or cursor that is wrong
   */
  async search(query: TraceQuery, options: CallOptions = {}): Promise<TracePage> {
    const { signal } = options;
    this.#checkOpen();
    signal?.throwIfAborted();
    const plan = planSearch(query);
    return this.#reading('search', signal, async () => {
      const filter = new AttributeFilter(this.#db, new SpanReader(this.#db), plan.attributes);
      const traces: TraceSummary[] = [];
      let last = plan.after;
      const slices = matchingPositions(this.#db, plan, query.limit + 1, signal);
      for await (const { positions, more } of slices) {
        for (const position of positions) {
          if (traces.length === query.limit && last !== undefined)
            return { traces, nextCursor: plan.cursorAt(last) };
          const passes = await filter.passes(position.id, signal);
          this.#checkOpen();
          const summary = passes ? this.#readSummary(position.id) : undefined;
          if (summary === undefined) continue;
          traces.push(summary);
          last = position;
        }
        if (more && traces.length === query.limit && last !== undefined)
          return { traces, nextCursor: plan.cursorAt(last) };
        this.#checkOpen();
      }
      return { traces, nextCursor: undefined };
    });
  }

  /** The first 10,000. */
  async services(): Promise<readonly string[]> {
    this.#checkOpen();
    return this.#distinct('SELECT min(service) AS name FROM facets WHERE service > ?', []);
  }

  /** The first 10,000. */
  async operations(service: string): Promise<readonly string[]> {
    this.#checkOpen();
    return this.#distinct(
      'SELECT min(operation) AS name FROM facets WHERE service = ? AND operation > ?',
      [service],
    );
  }

  async deleteBefore(unixNano: bigint): Promise<number> {
    const deleteOrigins = this.#db.prepare('DELETE FROM origins WHERE newest < ?');
    const before = clampInt64(unixNano);
    let total = 0;
    return this.#reading(`delete what is before ${unixNano}`, undefined, async () => {
      for (;;) {
        this.#checkOpen();
        let deleted = 0;
        transact(this.#db, () => {
          deleted = this.#writer.deleteEndedBefore(before, DELETE_SLICE);
          // Only once no older span is left, so that none can still name them.
          if (deleted === 0) deleteOrigins.run(before);
          else this.#putCount.run(this.#spanCount - deleted);
        });
        if (deleted === 0) break;
        this.#spanCount -= deleted;
        total += deleted;
        await setImmediate();
      }
      while (!this.#closed && shrink(this.#db)) await setImmediate();
      return total;
    });
  }

  stats(): TraceStoreStats {
    return { spanCount: this.#spanCount, sizeBytes: sizeOnDisk(this.#path) };
  }

  /** Writes what waits, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#commits.drain();
    this.#db.close();
  }

  #write(spans: readonly Span[]): void {
    const startMs = this.#clock.monotonicMs();
    let added = 0;
    try {
      transact(this.#db, () => {
        added = this.#writer.write(spans);
        this.#putCount.run(this.#spanCount + added);
      });
    } catch (error) {
      throw asBackendError(BACKEND, `cannot append ${spans.length} spans`, error);
    }
    this.#spanCount += added;
    const durationMs = this.#clock.monotonicMs() - startMs;
    if (durationMs > SLOW_COMMIT_MS) {
      this.#log.warn({ durationMs, spanCount: spans.length }, 'slow append');
    }
  }

  #readSummary(id: bigint): TraceSummary | undefined {
    const row = this.#summary.get(id);
    if (row === undefined) return undefined;
    const names = this.#names.all(id, MAX_NAMES);
    const distinct = (column: string): readonly string[] =>
      [...new Set(names.map((name) => name[column] as string))]
        .filter((name) => name !== '')
        .sort(compareUtf8);
    return {
      traceId: row['trace_id'] as string,
      rootName: row['root_name'] as string,
      rootService: row['root_service'] as string,
      startUnixNano: row['start'] as bigint,
      endUnixNano: row['end'] as bigint,
      spanCount: Number(row['span_count']),
      errorCount: Number(row['error_count']),
      services: distinct('service'),
      regions: distinct('region'),
    };
  }

  /** Different names in order, '' not among them, each found by one step into an index. */
  async #distinct(sql: string, parameters: readonly string[]): Promise<readonly string[]> {
    return this.#reading('list names', undefined, async () => {
      const statement = this.#db.prepare(sql);
      const names: string[] = [];
      while (names.length < MAX_NAMES) {
        const name = statement.get(...parameters, names.at(-1) ?? '')?.['name'];
        if (typeof name !== 'string') break;
        names.push(name);
      }
      return names;
    });
  }

  async #reading<T>(
    attempted: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw asBackendError(BACKEND, `cannot ${attempted}`, error);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new BackendError(BACKEND, 'is closed', { retryable: false });
  }
}
