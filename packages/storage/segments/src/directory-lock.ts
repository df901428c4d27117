import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BackendError } from '@dwcp/core';

import { explainDirectory, makeDirectory } from './make-directory.ts';

interface Owner {
  readonly pid: number;
  /** When the process started, in clock ticks since boot; '' where there is no /proc. */
  readonly startTicks: string;
}

/**
 * Makes one process the only user of a data directory, by a file `LOCK-<n>` that names it. The lock
 * of a process that is gone, or whose pid now belongs to another one, is taken over.
 */
export class DirectoryLock implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Creates the directory when it is missing.
   * @throws BackendError naming the pid when a living process (also this one) holds the lock, or
   *   the cause and what mends it when the directory cannot be made or written
   */
  static async acquire(dir: string): Promise<DirectoryLock> {
    const owner: Owner = {
      pid: process.pid,
      startTicks: (await startTicksOf(process.pid)) ?? '',
    };
    // A link appears with its content in it, so nobody ever reads half a lock.
    const draft = join(dir, `LOCK.${randomUUID()}`);
    try {
      await makeDirectory(dir);
      await writeFile(draft, `${JSON.stringify(owner)}\n`, { flag: 'wx' });
      return new DirectoryLock(await take(dir, draft));
    } catch (cause) {
      if (cause instanceof BackendError) throw cause;
      throw new BackendError(
        'data directory',
        `cannot use ${dir}: ${await explainDirectory(cause, dir)}`,
        {
          retryable: false,
          cause,
        },
      );
    } finally {
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }

  /** Gives the directory free. */
  async release(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/**
 * Of all who find the same stale lock, one succeeds in creating the next number. Having created it,
 * that one looks again, so that of two who saw different things none goes on.
 */
async function take(dir: string, draft: string): Promise<string> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const stale = await staleLocks(dir, undefined);
    const number = Math.max(0, ...stale) + 1;
    const path = lockPath(dir, number);
    try {
      await link(draft, path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue;
      throw error;
    }
    try {
      for (const old of await staleLocks(dir, number))
        await rm(lockPath(dir, old), { force: true });
      return path;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }
  throw new BackendError('data directory', `the lock of ${dir} keeps changing hands`, {
    retryable: true,
  });
}

/** @throws BackendError when the owner of one of the locks, other than `own`, lives */
async function staleLocks(dir: string, own: number | undefined): Promise<readonly number[]> {
  const stale: number[] = [];
  for (const name of await readdir(dir)) {
    const number = Number(/^LOCK-(\d{1,15})$/.exec(name)?.[1]);
    if (Number.isNaN(number) || number === own) continue;
    const text = await readIfThere(join(dir, name));
    if (text === undefined) continue;
    const owner = parseOwner(text);
    if (owner !== undefined && (await isAlive(owner))) {
      const who = owner.pid === process.pid ? 'this process' : 'another process';
      throw new BackendError('data directory', `${dir} is in use by ${who} (pid ${owner.pid})`, {
        retryable: true,
      });
    }
    stale.push(number);
  }
  return stale;
}

function lockPath(dir: string, number: number): string {
  return join(dir, `LOCK-${number}`);
}

async function isAlive(owner: Owner): Promise<boolean> {
  if (owner.startTicks !== '') {
    const now = await startTicksOf(owner.pid);
    if (now !== undefined) return now === owner.startTicks;
  }
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Field 22 of /proc/<pid>/stat, see proc_pid_stat(5); the name in field 2 may hold spaces. */
async function startTicksOf(pid: number): Promise<string | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`).catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, startTicks } = JSON.parse(text) as Partial<Owner>;
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined;
    return { pid, startTicks: String(startTicks ?? '') };
  } catch {
    return undefined;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
