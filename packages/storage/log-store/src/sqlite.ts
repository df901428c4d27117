import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { BackendError, CorruptionError } from '@dwcp/core';

export interface DatabaseOptions {
  /** Names the store in errors. */
  readonly backend: string;
  readonly path: string;
  /** What `PRAGMA user_version` is set to; a file with a higher one is refused. */
  readonly version: number;
  /** SQL that lays the tables of an empty file. */
  readonly schema: string;
  /** Above this size appends are refused. Default: as the disk allows. */
  readonly maxSizeBytes?: number;
}

const PAGE_BYTES = 4_096;
/** SQLite's primary result codes that pass by themselves or once somebody made room. */
const RETRYABLE = new Set([5, 6, 10, 13]); // BUSY, LOCKED, IOERR, FULL
const DAMAGED = new Set([11, 26]); // CORRUPT, NOTADB

/**
 * Opens or creates a database file. Commits go to the write-ahead log without a sync: they survive
 * the end of the process, however it comes, but the last ones may be lost when the power fails.
 * @throws BackendError when it cannot be opened or is of a newer version
 * @throws CorruptionError when it is no database or a damaged one
 */
export function openDatabase(options: DatabaseOptions): DatabaseSync {
  const { backend, path, version } = options;
  let db: DatabaseSync | undefined;
  try {
    // The timeout stops the event loop, so it covers a colliding commit and no more.
    db = new DatabaseSync(path, { timeout: 250, readBigInts: true });
    // Before the first table: it decides the file's layout.
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -2048');
    db.exec('PRAGMA journal_size_limit = 16777216');
    const found = readPragma(db, 'user_version');
    if (found > version) {
      throw new BackendError(
        backend,
        `${path} has format ${found}, but this program knows formats up to ${version}; ` +
          'open it with a newer program or move it away',
        { retryable: false },
      );
    }
    if (found === 0) {
      const empty = db;
      transact(db, () => empty.exec(`${options.schema}; PRAGMA user_version = ${version}`));
    }
    if (options.maxSizeBytes !== undefined) {
      db.exec(`PRAGMA max_page_count = ${Math.ceil(options.maxSizeBytes / PAGE_BYTES)}`);
    }
    return db;
  } catch (error) {
    db?.close();
    const code = resultCode(error);
    if (DAMAGED.has(code)) throw new CorruptionError(path, 0, (error as Error).message);
    throw asBackendError(backend, `cannot open ${path}`, error);
  }
}

/** Runs the work in one transaction: all of it is kept, or nothing when it throws. */
export function transact(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    // After some failures, a full disk among them, SQLite has already rolled back.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** What SQLite or its driver threw, in the port's terms; errors of ours pass unchanged. */
export function asBackendError(backend: string, attempted: string, cause: unknown): Error {
  if (cause instanceof BackendError) return cause;
  const code = resultCode(cause);
  const found = cause instanceof Error ? cause.message : String(cause);
  return new BackendError(backend, `${attempted}: ${found}`, {
    cause,
    retryable: RETRYABLE.has(code),
  });
}

/** Bytes the database takes on the disk, its log included. */
export function sizeOnDisk(path: string): number {
  let bytes = 0;
  for (const file of [path, `${path}-wal`]) {
    bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/**
 * Gives pages that deletions left free back to the disk, a little per call.
 * @returns whether there are more of them
 */
export function shrink(db: DatabaseSync): boolean {
  const spare = 256;
  if (readPragma(db, 'freelist_count') <= spare) return false;
  db.exec('PRAGMA incremental_vacuum(256)');
  return readPragma(db, 'freelist_count') > spare;
}

function readPragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

/** The primary result code: an extended one has it in its low byte. */
function resultCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : 0;
}
