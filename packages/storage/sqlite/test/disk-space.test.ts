import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openDatabase, shrink, sizeOnDisk } from '@dwcp/sqlite';
import { expect, test } from 'vitest';

test('deleted pages go back to the disk in steps, and the size counts the log as well', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dwcp-sqlite-'));
  const path = join(dir, 'notes.db');
  expect(sizeOnDisk(path)).toBe(0);
  const schema = 'CREATE TABLE notes (n TEXT)';
  const db = await openDatabase({ backend: 'notes', path, version: 1, schema });
  try {
    const insert = db.prepare('INSERT INTO notes VALUES (?)');
    db.exec('BEGIN');
    for (let i = 0; i < 1_000; i++) insert.run('x'.repeat(4_000));
    db.exec('COMMIT');
    expect(sizeOnDisk(path)).toBe((await stat(path)).size + (await stat(`${path}-wal`)).size);
    expect(sizeOnDisk(path)).toBeGreaterThan(4_000_000);

    expect(shrink(db)).toBe(false);
    db.exec('DELETE FROM notes');
    let steps = 1;
    while (steps < 100 && shrink(db)) steps++;
    expect(steps).toBeGreaterThan(1);
    expect(shrink(db)).toBe(false);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    // The 256 pages that stay, and the few of the tables themselves.
    expect(sizeOnDisk(path)).toBeLessThan(300 * 4_096);
  } finally {
    db.close();
    await rm(dir, { recursive: true, force: true });
  }
});
