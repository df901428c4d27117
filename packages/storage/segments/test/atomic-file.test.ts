import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  isTemporaryFile,
  nodeFileSystem,
  readWholeFile,
  writeFileAtomically,
} from '@dwcp/segments';
import { type Fate, FaultyFileSystem } from '@dwcp/segments/testing';
import { expect, test } from 'vitest';

import { temporaryDirectory } from './temporary-directory.ts';

test('a file is replaced and can be read whole', async () => {
  const path = join(temporaryDirectory(), 'file');
  await writeFileAtomically(nodeFileSystem, path, (file) => file.write(Buffer.from('old'), 0));
  await writeFileAtomically(nodeFileSystem, path, (file) => file.write(Buffer.from('newer'), 0));
  expect(Buffer.from(await readWholeFile(nodeFileSystem, path)).toString()).toBe('newer');
});

test.each<Fate>(['fail', 'half', 'crash'])(
  'whatever step fails (%s), the file is the old one or the new one, whole',
  async (fate) => {
    for (let step = 0; step < 5; step++) {
      const dir = temporaryDirectory();
      const path = join(dir, 'file');
      writeFileSync(path, 'old content');
      const faulty = new FaultyFileSystem(nodeFileSystem, (_op, _path, index) =>
        index === step ? fate : 'work',
      );
      const write = writeFileAtomically(faulty, path, (file) =>
        file.write(Buffer.from('new content'), 0),
      );
      await expect(write).rejects.toThrow('ENOSPC');
      expect(['old content', 'new content']).toContain(readFileSync(path, 'utf8'));
      const others = readdirSync(dir).filter((name) => name !== 'file');
      expect(others.every(isTemporaryFile)).toBe(true);
      expect(others.length).toBeLessThanOrEqual(fate === 'crash' ? 1 : 0);
    }
  },
);
