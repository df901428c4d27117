import { type FileSystem } from './file-system.ts';

const COPY_BYTES = 1024 * 1024;
/** Another device; a file system or a user without hard links; too many of them; not supported. */
const NO_LINKS = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Gives a file that never changes a second name, or copies it where links cannot be. The directory
 * of the new name is not synced.
 * @returns whether it was copied
 * @throws what the file system threw; then the new name may exist, with a part of the content
 */
export async function linkOrCopy(
  fileSystem: FileSystem,
  from: string,
  to: string,
): Promise<boolean> {
  try {
    await fileSystem.link(from, to);
    return false;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!NO_LINKS.has(code)) throw error;
  }
  const source = await fileSystem.open(from, 'read');
  try {
    const target = await fileSystem.open(to, 'create');
    try {
      const part = new Uint8Array(COPY_BYTES);
      for (let position = 0; ;) {
        const count = await source.read(part, position);
        if (count === 0) break;
        await target.write(part.subarray(0, count), position);
        position += count;
      }
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  return true;
}
