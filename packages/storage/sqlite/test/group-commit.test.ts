import { setImmediate } from 'node:timers/promises';

import { BackendError } from '@dwcp/core';
import { GroupCommit } from '@dwcp/sqlite';
import { expect, test } from 'vitest';

interface Written {
  readonly groups: number[][];
  readonly commits: GroupCommit<number>;
}

/** Groups of numbers as they are written; a group for which `failure` gives an error fails. */
function collecting(failure: (items: readonly number[]) => Error | undefined): Written {
  const groups: number[][] = [];
  const commits = new GroupCommit<number>({
    backend: 'notes',
    groupItems: 5,
    capacity: 10,
    write: (items) => {
      groups.push([...items]);
      const error = failure(items);
      if (error !== undefined) throw error;
    },
  });
  return { groups, commits };
}

const never = (): undefined => undefined;

test('appends that wait together are written as one, in order, up to the size of a group', async () => {
  const { groups, commits } = collecting(never);
  await Promise.all([[1, 2], [3], [4, 5], [6]].map((items) => commits.append(items)));
  expect(groups).toEqual([[1, 2, 3, 4, 5], [6]]);
});

test('an append larger than a group, even than the capacity, is written whole', async () => {
  const { groups, commits } = collecting(never);
  const items = Array.from({ length: 12 }, (_, i) => i);
  await commits.append(items);
  expect(groups).toEqual([items]);
});

test('between two groups other work gets its turn', async () => {
  const { groups, commits } = collecting(never);
  const both = Promise.all([commits.append([1, 2, 3, 4, 5]), commits.append([6])]);
  await setImmediate();
  expect(groups).toEqual([[1, 2, 3, 4, 5]]);
  await both;
  expect(groups).toHaveLength(2);
});

test('an append above the capacity is refused as retryable, and fits once others are written', async () => {
  const { groups, commits } = collecting(never);
  const waiting = [commits.append([1, 2, 3, 4, 5]), commits.append([6, 7, 8, 9, 10])];
  const refused = commits.append([11]);
  await expect(refused).rejects.toThrow(BackendError);
  await expect(refused).rejects.toMatchObject({
    message: 'notes: 10 items wait to be written, the limit is 10',
    retryable: true,
  });
  await Promise.all(waiting);
  await Promise.all([commits.append([11]), commits.append([12])]);
  expect(groups.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('an append that cannot be written takes no other one with it', async () => {
  const broken = new Error('two is no note');
  const { groups, commits } = collecting((items) => (items.includes(2) ? broken : undefined));
  const results = await Promise.allSettled([[1], [2], [3]].map((items) => commits.append(items)));
  expect(results).toEqual([
    { status: 'fulfilled', value: undefined },
    { status: 'rejected', reason: broken },
    { status: 'fulfilled', value: undefined },
  ]);
  expect(groups).toEqual([[1, 2, 3], [1], [2], [3]]);
});

test('what may pass by itself fails the group at once, and is not tried for each append', async () => {
  const full = new BackendError('notes', 'disk is full', { retryable: true });
  const { groups, commits } = collecting(() => full);
  const results = await Promise.allSettled([[1], [2]].map((items) => commits.append(items)));
  expect(results.map((result) => 'reason' in result && result.reason)).toEqual([full, full]);
  expect(groups).toEqual([[1, 2]]);
});

test('draining writes all that waits before it returns', async () => {
  const { groups, commits } = collecting(never);
  const waiting = [commits.append([1, 2, 3, 4, 5]), commits.append([6])];
  commits.drain();
  expect(groups).toEqual([[1, 2, 3, 4, 5], [6]]);
  await Promise.all(waiting);
  await setImmediate();
  expect(groups).toHaveLength(2);
});
