import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory and its parents; nothing happens when it exists. Node's own `recursive` never
 * ends where a parent is there and making something in it says ENOENT all the same, as in /proc, and
 * says ENOENT for a read-only file system.
 * @throws what the first directory that cannot be made said
 */
export async function makeDirectory(dir: string): Promise<void> {
  for (;;) {
    try {
      await mkdir(dir);
      return;
    } catch (error) {
      if (await isDirectory(dir)) return;
      const parent = dirname(dir);
      if (codeOf(error) !== 'ENOENT' || (await isDirectory(parent))) throw error;
      await makeDirectory(parent);
    }
  }
}

/** Why a directory cannot be made or written, what to do about it, and what the system said. */
export async function explainDirectory(cause: unknown, dir: string): Promise<string> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const explain = EXPLANATIONS[codeOf(cause) ?? ''];
  if (explain === undefined) return reason;
  // What is told to be typed has to work, also where a part of the path is missing.
  let there = dir;
  while (!(await isThere(there)) && dirname(there) !== there) there = dirname(there);
  return `${explain(quoted(there))} (${reason})`;
}

const ELSEWHERE = 'or choose another data directory';

const EXPLANATIONS: Readonly<Record<string, (there: string) => string>> = {
  EROFS: (there) =>
    'it is on a read-only file system; mount it writable with: ' +
    `mount -o remount,rw "$(findmnt -n -o TARGET -T ${there})"; ${ELSEWHERE}`,
  ENOSPC: (there) => `the disk is full; make space on the one that this shows: df -h ${there}`,
  EDQUOT: (there) => `the disk quota is used up; look with: quota -s; and with: du -sh ${there}`,
  EACCES: (there) =>
    'this user may not write there; give it the directory with: ' +
    `chown ${process.getuid?.() ?? '$(id -u)'} ${there}; ${ELSEWHERE}`,
  ENOTDIR: (there) => `a part of the path is a file; look with: namei ${there}; ${ELSEWHERE}`,
  EEXIST: (there) => `there is a file of that name; look with: ls -l ${there}; ${ELSEWHERE}`,
  ENOENT: (there) => `nothing can be made in ${there}; choose another data directory`,
};

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** As a shell wants a path. */
function quoted(path: string): string {
  return /^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
