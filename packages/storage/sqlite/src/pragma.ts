import { type DatabaseSync } from 'node:sqlite';

/** A setting or counter of the database that is a number. */
export function readPragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
