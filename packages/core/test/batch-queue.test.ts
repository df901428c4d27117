import { BackendError, BatchQueue, InvalidInputError } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

interface Setup {
  readonly clock: ManualClock;
  readonly queue: BatchQueue<number>;
  readonly batches: number[][];
  failures: number;
}

function setup(options: { readonly capacity?: number } = {}): Setup {
  const clock = new ManualClock();
  const batches: number[][] = [];
  const state: Setup = {
    clock,
    batches,
    failures: 0,
    queue: new BatchQueue<number>({
      clock,
      capacity: options.capacity ?? 100,
      batchSize: 3,
      delayMs: 50,
      retryDelayMs: 200,
      write: (items) => {
        if (state.failures > 0) {
          state.failures--;
          return Promise.reject(new Error('down'));
        }
        batches.push([...items]);
        return Promise.resolve();
      },
    }),
  };
  return state;
}

test('items wait for company, but no longer than the delay', async () => {
  const { clock, queue, batches } = setup();
  queue.push(1);
  await clock.advance(49);
  expect(batches).toEqual([]);
  await clock.advance(1);
  expect(batches).toEqual([[1]]);
});

test('a full batch is written at once and the rest follows in order', async () => {
  const { clock, queue, batches } = setup();
  for (let i = 1; i <= 7; i++) queue.push(i);
  await clock.advance(0);
  expect(batches).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  await clock.advance(50);
  expect(batches.flat()).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('a failed batch is written again, in order, after the retry delay', async () => {
  const state = setup();
  state.failures = 2;
  for (let i = 1; i <= 4; i++) state.queue.push(i);
  await state.clock.advance(199);
  expect(state.batches).toEqual([]);
  await state.clock.advance(300);
  expect(state.batches.flat()).toEqual([1, 2, 3, 4]);
  expect(state.queue.stats()).toEqual({ waiting: 0, written: 4, dropped: 0, failedWrites: 2 });
});

test('a full queue refuses the newest and counts it', () => {
  const { queue } = setup({ capacity: 2 });
  expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false]);
  expect(queue.stats()).toMatchObject({ waiting: 2, dropped: 1 });
});

test('flush resolves when everything is written and rejects when a write failed', async () => {
  const state = setup();
  for (let i = 1; i <= 4; i++) state.queue.push(i);
  await state.queue.flush();
  expect(state.batches.flat()).toEqual([1, 2, 3, 4]);
  state.failures = 1;
  state.queue.push(5);
  await expect(state.queue.flush()).rejects.toThrow('down');
  await state.queue.flush();
  expect(state.batches.flat()).toEqual([1, 2, 3, 4, 5]);
});

test('close writes what waits, then refuses', async () => {
  const { queue, batches } = setup();
  queue.push(1);
  await queue.close({ timeoutMs: 1_000 });
  expect(batches).toEqual([[1]]);
  expect(queue.push(2)).toBe(false);
});

test('close gives up after its time and counts what is left', async () => {
  const clock = new ManualClock();
  const queue = new BatchQueue<number>({
    clock,
    capacity: 10,
    batchSize: 1,
    delayMs: 0,
    write: () => new Promise(() => undefined),
  });
  queue.push(1);
  queue.push(2);
  const closed = queue.close({ timeoutMs: 500 });
  await clock.advance(500);
  await closed;
  expect(queue.stats().dropped).toBe(1);
});

test('a batch that never can be written is given up and counted, and the rest goes on', async () => {
  const clock = new ManualClock();
  const batches: number[][] = [];
  const faults = [
    new InvalidInputError('time', 'is beyond 2262'),
    new BackendError('test', 'refused', { retryable: false }),
  ];
  const queue = new BatchQueue<number>({
    clock,
    capacity: 10,
    batchSize: 2,
    delayMs: 50,
    write: (items) => {
      const fault = faults.shift();
      if (fault !== undefined) return Promise.reject(fault);
      batches.push([...items]);
      return Promise.resolve();
    },
  });
  for (let i = 1; i <= 5; i++) queue.push(i);
  await clock.advance(5_000);
  expect(batches).toEqual([[5]]);
  expect(queue.stats()).toEqual({ waiting: 0, written: 1, dropped: 4, failedWrites: 2 });
  await queue.flush();
});

/** A queue whose writes end when the test says so. */
function heldWrites(): {
  readonly clock: ManualClock;
  readonly queue: BatchQueue<number>;
  readonly writes: { readonly items: readonly number[]; readonly end: (error?: Error) => void }[];
} {
  const clock = new ManualClock();
  const writes: { readonly items: readonly number[]; readonly end: (error?: Error) => void }[] = [];
  const queue = new BatchQueue<number>({
    clock,
    capacity: 100,
    batchSize: 3,
    delayMs: 50,
    retryDelayMs: 200,
    write: (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => {
          if (error === undefined) resolve();
          else reject(error);
        };
        writes.push({ items: [...items], end });
      }),
  });
  return { clock, queue, writes };
}

test('what is pushed while a flush writes is written after its delay, with no further push', async () => {
  const { clock, queue, writes } = heldWrites();
  queue.push(1);
  const flushed = queue.flush();
  queue.push(2);
  await clock.advance(60);
  writes[0]?.end();
  await flushed;
  await clock.advance(50);
  expect(writes.map(({ items }) => items)).toEqual([[1], [2]]);
});

test('what a flush could not write is tried again after the retry delay', async () => {
  const { clock, queue, writes } = heldWrites();
  queue.push(1);
  const flushed = queue.flush();
  await clock.advance(60);
  writes[0]?.end(new Error('down'));
  await expect(flushed).rejects.toThrow('down');
  await clock.advance(200);
  expect(writes.map(({ items }) => items)).toEqual([[1], [1]]);
});

test('a write that ends after close gave up is counted, and nothing is written after it', async () => {
  for (const error of [undefined, new Error('down')]) {
    const { clock, queue, writes } = heldWrites();
    for (let i = 1; i <= 4; i++) queue.push(i);
    const closed = queue.close({ timeoutMs: 500 });
    await clock.advance(500);
    await closed;
    writes[0]?.end(error);
    await clock.advance(1_000);
    expect(writes).toHaveLength(1);
    expect(queue.stats()).toMatchObject({
      waiting: 0,
      written: error === undefined ? 3 : 0,
      dropped: error === undefined ? 1 : 4,
    });
  }
});

test('a batch that never can be written does not cost the others their write at close', async () => {
  const { clock, queue, writes } = heldWrites();
  for (let i = 1; i <= 4; i++) queue.push(i);
  const closed = queue.close({ timeoutMs: 500 });
  writes[0]?.end(new InvalidInputError('time', 'is beyond 2262'));
  await clock.advance(10);
  writes[1]?.end();
  await closed;
  expect(queue.stats()).toMatchObject({ waiting: 0, written: 1, dropped: 3 });
});

test('a write that throws at once loses nothing', async () => {
  const clock = new ManualClock();
  const written: number[] = [];
  let fails = true;
  const queue = new BatchQueue<number>({
    clock,
    capacity: 10,
    batchSize: 3,
    delayMs: 50,
    write: (items) => {
      if (fails) throw new Error('down');
      written.push(...items);
      return Promise.resolve();
    },
  });
  queue.push(1);
  await clock.advance(50);
  fails = false;
  await clock.advance(1_000);
  expect(written).toEqual([1]);
});
