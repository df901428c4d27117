import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseSync } from 'node:sqlite';

import { BackendError, CorruptionError } from '@dwcp/core';
import { openDatabase } from '@dwcp/sqlite';
import { expect, test } from 'vitest';

interface Folder extends AsyncDisposable {
  readonly dir: string;
}

async function folder(): Promise<Folder> {
  const dir = await mkdtemp(join(tmpdir(), 'dwcp-sqlite-'));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

function open(path: string, version = 1): Promise<DatabaseSync> {
  return openDatabase({
    backend: 'notes',
    path,
    version,
    schema: 'CREATE TABLE notes (n INTEGER)',
  });
}

test('the folder and the tables are made once, and what was written is there at the next opening', async () => {
  await using data = await folder();
  const path = join(data.dir, 'a', 'b', 'notes.db');
  const first = await open(path);
  first.exec(`INSERT INTO notes VALUES (${2n ** 63n - 1n})`);
  first.close();
  const second = await open(path);
  expect(second.prepare('SELECT n FROM notes').all()).toEqual([{ n: 2n ** 63n - 1n }]);
  second.close();
});

test('a schema that fails leaves an empty file, which the next opening fills', async () => {
  await using data = await folder();
  const path = join(data.dir, 'notes.db');
  const schema = 'CREATE TABLE notes (n INTEGER); CREATE TABLE notes (n INTEGER)';
  const failed = openDatabase({ backend: 'notes', path, version: 1, schema });
  await expect(failed).rejects.toThrow(/notes: cannot open .*already exists/);
  const db = await open(path);
  expect(db.prepare('SELECT n FROM notes').all()).toEqual([]);
  db.close();
});

test('commits go to a write-ahead log, and its sync is left to the checkpoint', async () => {
  await using data = await folder();
  const db = await open(join(data.dir, 'notes.db'));
  expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 1n });
  db.close();
});

test('a file of a newer version is refused and stays as it is', async () => {
  await using data = await folder();
  const path = join(data.dir, 'notes.db');
  (await open(path, 3)).close();
  const older = open(path, 2);
  await expect(older).rejects.toThrow(/has format 3, but this program knows formats up to 2/);
  await expect(older).rejects.toMatchObject({
    code: 'DWCP_BACKEND_UNAVAILABLE',
    backend: 'notes',
    retryable: false,
  });
  (await open(path, 3)).close();
});

test('a file that is no database is a CorruptionError that names it', async () => {
  await using data = await folder();
  const path = join(data.dir, 'notes.db');
  await writeFile(path, 'no database at all, but long enough'.repeat(200));
  const opening = open(path);
  await expect(opening).rejects.toThrow(CorruptionError);
  await expect(opening).rejects.toThrow(path);
});

test('a folder that cannot be made and a file that cannot be opened are BackendErrors', async () => {
  await using data = await folder();
  await writeFile(join(data.dir, 'file'), '');
  const inFile = open(join(data.dir, 'file', 'notes.db'));
  await expect(inFile).rejects.toThrow(BackendError);
  await expect(inFile).rejects.toThrow(`cannot make the folder ${join(data.dir, 'file')}`);
  const folderAsFile = open(data.dir);
  await expect(folderAsFile).rejects.toThrow(BackendError);
  await expect(folderAsFile).rejects.toThrow(`cannot open ${data.dir}`);
});
