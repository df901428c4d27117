import { DatabaseSync } from 'node:sqlite';

import { transact } from '@dwcp/sqlite';
import { expect, test } from 'vitest';

function notes(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE notes (n INTEGER)');
  return db;
}

const all = (db: DatabaseSync): unknown => db.prepare('SELECT n FROM notes ORDER BY n').all();

test('what the work wrote is committed', () => {
  using db = notes();
  transact(db, () => db.exec('INSERT INTO notes VALUES (1); INSERT INTO notes VALUES (2)'));
  expect(db.isTransaction).toBe(false);
  expect(all(db)).toEqual([{ n: 1 }, { n: 2 }]);
});

test('when the work throws nothing is kept, and the next transaction runs', () => {
  using db = notes();
  const work = (): void => {
    db.exec('INSERT INTO notes VALUES (1)');
    throw new Error('no more');
  };
  expect(() => transact(db, work)).toThrow('no more');
  transact(db, () => db.exec('INSERT INTO notes VALUES (2)'));
  expect(all(db)).toEqual([{ n: 2 }]);
});

test('a failure after which SQLite rolled back by itself comes out as it was', () => {
  using db = notes();
  db.exec('CREATE UNIQUE INDEX notes_n ON notes (n); INSERT INTO notes VALUES (1)');
  expect(() => transact(db, () => db.exec('INSERT OR ROLLBACK INTO notes VALUES (1)'))).toThrow(
    'UNIQUE constraint failed',
  );
  expect(db.isTransaction).toBe(false);
  expect(all(db)).toEqual([{ n: 1 }]);
});
