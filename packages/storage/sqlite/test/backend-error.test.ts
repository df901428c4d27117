import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { BackendError } from '@dwcp/core';
import { asBackendError, openDatabase, transact } from '@dwcp/sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';

let dir: string;
let db: DatabaseSync;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dwcp-sqlite-'));
  path = join(dir, 'notes.db');
  const schema = 'CREATE TABLE notes (n TEXT UNIQUE)';
  db = await openDatabase({ backend: 'notes', path, version: 1, schema, maxSizeBytes: 64 * 1024 });
});

afterEach(async () => {
  db.close();
  await rm(dir, { recursive: true, force: true });
});

/** What the work threw, as the store would hand it on. */
function failureOf(work: () => void): Error {
  try {
    work();
  } catch (error) {
    return asBackendError('notes', 'cannot write', error);
  }
  throw new Error('nothing was thrown');
}

test('a full disk is retryable', () => {
  const failure = failureOf(() =>
    transact(db, () => db.exec(`INSERT INTO notes VALUES ('${'x'.repeat(100_000)}')`)),
  );
  expect(failure).toBeInstanceOf(BackendError);
  expect(failure).toMatchObject({ backend: 'notes', retryable: true });
  expect(failure.message).toBe('notes: cannot write: database or disk is full');
});

test('a file that another program holds is retryable', () => {
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  const failure = failureOf(() => transact(db, () => undefined));
  other.close();
  expect(failure).toMatchObject({ retryable: true });
});

test('an extended result code counts as its primary one', () => {
  const other = new DatabaseSync(path);
  db.exec('BEGIN');
  db.prepare('SELECT n FROM notes').all();
  other.exec("INSERT INTO notes VALUES ('newer than what was read')");
  other.close();
  const failure = failureOf(() => db.exec("INSERT INTO notes VALUES ('a')"));
  expect(failure.cause).toMatchObject({ errcode: 517 }); // SQLITE_BUSY_SNAPSHOT
  expect(failure).toMatchObject({ retryable: true });
});

test('a broken rule of the tables is not retryable and keeps its cause', () => {
  db.exec("INSERT INTO notes VALUES ('a')");
  const failure = failureOf(() => db.exec("INSERT INTO notes VALUES ('a')"));
  expect(failure).toMatchObject({ retryable: false });
  expect(failure.cause).toMatchObject({ errstr: 'constraint failed' });
});

test('errors of ours pass unchanged, what is no error gets a message', () => {
  const ours = new BackendError('other', 'is closed', { retryable: true });
  expect(asBackendError('notes', 'cannot write', ours)).toBe(ours);
  const odd = asBackendError('notes', 'cannot write', 'odd');
  expect(odd.message).toBe('notes: cannot write: odd');
  expect(odd).toMatchObject({ retryable: false });
});
