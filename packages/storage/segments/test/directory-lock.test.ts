import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { DirectoryLock } from '@dwcp/segments';
import { describe, expect, test } from 'vitest';

import { temporaryDirectory } from './temporary-directory.ts';

const startTicks = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

const writeLock = (dir: string, owner: object): void =>
  writeFileSync(join(dir, 'LOCK-1'), JSON.stringify(owner));

test('a directory is locked once, and again after its release', async () => {
  const dir = join(temporaryDirectory(), 'not', 'there', 'yet');
  const lock = await DirectoryLock.acquire(dir);
  await expect(DirectoryLock.acquire(dir)).rejects.toThrow(
    `in use by this process (pid ${process.pid})`,
  );
  await lock.release();
  expect(readdirSync(dir)).toEqual([]);
  await (await DirectoryLock.acquire(dir)).release();
});

test('the lock of another living process is respected and named', async () => {
  const dir = temporaryDirectory();
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  try {
    writeLock(dir, { pid, startTicks: startTicks(pid) });
    await expect(DirectoryLock.acquire(dir)).rejects.toMatchObject({
      code: 'DWCP_BACKEND_UNAVAILABLE',
      message: expect.stringContaining(`in use by another process (pid ${pid})`) as string,
    });
  } finally {
    child.kill('SIGKILL');
  }
});

test('the lock of a dead process is taken over', async () => {
  const dir = temporaryDirectory();
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  const ticks = startTicks(pid);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  writeLock(dir, { pid, startTicks: ticks });
  await using _ = await DirectoryLock.acquire(dir);
  expect(readdirSync(dir)).toEqual(['LOCK-2']);
  expect(JSON.parse(readFileSync(join(dir, 'LOCK-2'), 'utf8'))).toMatchObject({ pid: process.pid });
});

test('the lock of a process whose pid was given to another is taken over', async () => {
  const dir = temporaryDirectory();
  writeLock(dir, { pid: process.ppid, startTicks: '1' });
  await using _ = await DirectoryLock.acquire(dir);
  expect(readdirSync(dir)).toEqual(['LOCK-2']);
});

test('a lock file of rubbish is taken over', async () => {
  const dir = temporaryDirectory();
  writeFileSync(join(dir, 'LOCK-1'), 'no json');
  await using _ = await DirectoryLock.acquire(dir);
  expect(readdirSync(dir)).toEqual(['LOCK-2']);
});

test('of many who find a stale lock, one gets it', async () => {
  const dir = temporaryDirectory();
  writeLock(dir, { pid: process.ppid, startTicks: '1' });
  const tries = await Promise.allSettled(
    Array.from({ length: 20 }, () => DirectoryLock.acquire(dir)),
  );
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(readdirSync(dir)).toEqual(['LOCK-2']);
});

/** Whether this machine lets the test mount, and Linux tells of mounts. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const dir = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  }
}

describe('a directory that cannot be used is an error that says why and what mends it', () => {
  const acquire = (dir: string): Promise<string> =>
    DirectoryLock.acquire(dir).then(
      () => 'acquired',
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'DWCP_BACKEND_UNAVAILABLE', retryable: false });
        return String(error);
      },
    );

  test('a file where a directory should be', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, 'not a directory');
    expect(await acquire(join(file, 'data'))).toMatch(
      `cannot use ${join(file, 'data')}: a part of the path is a file; look with: namei ${file}; `,
    );
    expect(await acquire(file)).toMatch(`there is a file of that name; look with: ls -l ${file}; `);
  });

  test.skipIf(!existsSync('/proc/self'))('a place that takes no directories', async () => {
    expect(await acquire('/proc/dwcp-data/metrics')).toMatch(
      'cannot use /proc/dwcp-data/metrics: nothing can be made in /proc; choose another data directory (ENOENT',
    );
  });

  describe.skipIf(!canMount())('where mounting is permitted', () => {
    /** Sees a new small disk, which is gone afterwards. */
    async function withDisk(look: (disk: string) => Promise<void>): Promise<void> {
      const disk = join(temporaryDirectory(), 'my disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
      try {
        await look(disk);
      } finally {
        execFileSync('umount', [disk]);
      }
    }

    test('a read-only file system, whose command works', async () => {
      await withDisk(async (disk) => {
        execFileSync('mount', ['-o', 'remount,ro', disk]);
        const dir = join(disk, 'data', 'metrics');
        const message = await acquire(dir);
        expect(message).toMatch(`cannot use ${dir}: it is on a read-only file system; `);
        const command = /with: (mount .*?); or/.exec(message)?.[1] ?? 'false';
        execFileSync('sh', ['-c', command]);
        expect(await acquire(dir)).toBe('acquired');
      });
    });

    test('a full disk', async () => {
      await withDisk(async (disk) => {
        writeFileSync(join(disk, 'filler'), '');
        expect(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(100_000))).toThrow('ENOSPC');
        expect(await acquire(disk)).toMatch(
          `cannot use ${disk}: the disk is full; make space on the one that this shows: df -h '${disk}' (ENOSPC`,
        );
        expect(readdirSync(disk)).toEqual(['filler']);
      });
    });
  });
});
