import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type FileSystem, linkOrCopy, nodeFileSystem } from '@dwcp/segments';
import { expect, test } from 'vitest';

import { temporaryDirectory } from './temporary-directory.ts';

/** A file of more than one part of a copy. */
function prepared(): { readonly from: string; readonly to: string; readonly bytes: Buffer } {
  const dir = temporaryDirectory();
  const bytes = Buffer.from(Array.from({ length: 2_500_000 }, (_, i) => i % 251));
  writeFileSync(join(dir, 'from'), bytes);
  return { from: join(dir, 'from'), to: join(dir, 'to'), bytes };
}

function failing(code: string): FileSystem {
  const link = (): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }));
  return { ...nodeFileSystem, link };
}

test('one file has two names where the file system can do that', async () => {
  const { from, to } = prepared();
  expect(await linkOrCopy(nodeFileSystem, from, to)).toBe(false);
  expect(statSync(to).ino).toBe(statSync(from).ino);
});

test.each(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'])(
  'where it cannot (%s), the new name is a copy',
  async (code) => {
    const { from, to, bytes } = prepared();
    expect(await linkOrCopy(failing(code), from, to)).toBe(true);
    expect(readFileSync(to).equals(bytes)).toBe(true);
    expect(statSync(to).ino).not.toBe(statSync(from).ino);
  },
);

test('another failure is no reason to copy', async () => {
  const { from, to } = prepared();
  await expect(linkOrCopy(failing('ENOSPC'), from, to)).rejects.toMatchObject({ code: 'ENOSPC' });
  await expect(linkOrCopy(nodeFileSystem, `${from}2`, to)).rejects.toMatchObject({
    code: 'ENOENT',
  });
});
