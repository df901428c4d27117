import { statSync } from 'node:fs';
import { type DatabaseSync } from 'node:sqlite';

import { readPragma } from './pragma.ts';

/** Free pages that stay for what comes next, and pages given back per call. */
const SPARE_PAGES = 256;

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
  if (readPragma(db, 'freelist_count') <= SPARE_PAGES) return false;
  db.exec(`PRAGMA incremental_vacuum(${SPARE_PAGES})`);
  return readPragma(db, 'freelist_count') > SPARE_PAGES;
}
