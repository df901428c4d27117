import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { BackendError, CorruptionError } from '@dwcp/core';

import { asBackendError, meansDamage } from './backend-error.ts';
import { readPragma } from './pragma.ts';
import { transact } from './transact.ts';

export interface DatabaseOptions {
  /** Names the store in errors. */
  readonly backend: string;
  /** The file; its folder is made when it is not there. */
  readonly path: string;
  /** From 1 on. What `PRAGMA user_version` is set to; a file with a higher one is refused. */
  readonly version: number;
  /** SQL that lays the tables of an empty file. */
  readonly schema: string;
  /** Above this size writes fail as on a full disk. Default: as the disk allows. */
  readonly maxSizeBytes?: number | undefined;
}

const PAGE_BYTES = 4_096;

/**
 * Opens or creates a database file; its integers are read as `bigint`. Commits go to the write-ahead
 * log without a sync: they survive the end of the process, however it comes, but the last ones may be
 * lost when the power fails.
 * @throws BackendError when it cannot be opened or is of a newer version
 * @throws CorruptionError when it is no database or a damaged one
 */
export async function openDatabase(options: DatabaseOptions): Promise<DatabaseSync> {
  const { backend, path } = options;
  const dir = dirname(path);
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw asBackendError(backend, `cannot make the folder ${dir}`, error);
  }
  let db: DatabaseSync | undefined;
  try {
    // The timeout stops the event loop, so it covers a colliding commit and no more.
    db = new DatabaseSync(path, { timeout: 250, readBigInts: true });
    prepareFile(db, options);
    return db;
  } catch (error) {
    db?.close();
    if (meansDamage(error)) throw new CorruptionError(path, 0, error.message);
    throw asBackendError(backend, `cannot open ${path}`, error);
  }
}

function prepareFile(db: DatabaseSync, options: DatabaseOptions): void {
  const { backend, path, version, schema, maxSizeBytes } = options;
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
    transact(db, () => db.exec(`${schema}; PRAGMA user_version = ${version}`));
  }
  if (maxSizeBytes !== undefined) {
    db.exec(`PRAGMA max_page_count = ${Math.ceil(maxSizeBytes / PAGE_BYTES)}`);
  }
}
