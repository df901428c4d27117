import { type DatabaseSync } from 'node:sqlite';

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
