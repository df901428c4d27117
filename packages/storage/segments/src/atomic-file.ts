import { dirname } from 'node:path';

import { type FileSystem, type OpenFile } from './file-system.ts';

const TEMPORARY_SUFFIX = '.tmp';

/** Whether a file is what `writeFileAtomically` left when a crash cut it short: rubbish. */
export function isTemporaryFile(name: string): boolean {
  return name.endsWith(TEMPORARY_SUFFIX);
}

/**
 * Makes a file that is either there whole or not at all, also after a power cut: writes beside it,
 * syncs, renames, syncs the directory. An existing file of the name is replaced.
 * @throws what the file system or `write` threw; then the old file, if any, is untouched
 */
export async function writeFileAtomically(
  fileSystem: FileSystem,
  path: string,
  write: (file: OpenFile) => Promise<void>,
): Promise<void> {
  const temporary = path + TEMPORARY_SUFFIX;
  try {
    const file = await fileSystem.open(temporary, 'create');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await fileSystem.rename(temporary, path);
  } catch (error) {
    await fileSystem.remove(temporary).catch(() => undefined);
    throw error;
  }
  await fileSystem.syncDirectory(dirname(path));
}

/** Reads a whole file. */
export async function readWholeFile(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(await file.size());
    return bytes.subarray(0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}
