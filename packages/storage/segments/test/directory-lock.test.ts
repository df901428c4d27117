import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { DirectoryLock } from '@dwcp/segments';
import { expect, test } from 'vitest';

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

test('a directory that cannot be written is named in the error', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, 'not a directory');
  await expect(DirectoryLock.acquire(join(file, 'data'))).rejects.toMatchObject({
    code: 'DWCP_BACKEND_UNAVAILABLE',
    message: expect.stringContaining(`cannot lock ${join(file, 'data')}`) as string,
  });
});
