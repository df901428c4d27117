import { DecisionLog, MemoryDecisionStore, type NotedDecision } from '@dwcp/alerting';
import { BackendError, type DecisionRecord } from '@dwcp/core';
import { decisionStoreContract, FakeInstruments, ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

decisionStoreContract('MemoryDecisionStore', async (options) => ({
  open: async () => new MemoryDecisionStore(options),
  [Symbol.asyncDispose]: async () => undefined,
}));

const MINUTE = 60_000;

class CountingStore extends MemoryDecisionStore {
  failure: Error | undefined;
  puts = 0;

  override async put(records: readonly DecisionRecord[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.puts += records.length;
    await super.put(records);
  }
}

function setUp(options: Partial<ConstructorParameters<typeof DecisionLog>[0]> = {}) {
  const clock = new ManualClock();
  const store = new CountingStore();
  const log = new DecisionLog({ store, clock, ...options });
  const note = (elements: number, more: Partial<NotedDecision> = {}): void =>
    log.note({
      subject: 'a',
      topic: 'rule',
      unixMs: clock.nowUnixMs(),
      decision: { kind: 'rule', elements },
      ...more,
    });
  const all = async (): Promise<readonly DecisionRecord[]> =>
    (await store.search({ startUnixMs: 0, endUnixMs: 4e12, limit: 1_000, order: 'oldest-first' }))
      .records;
  return { clock, store, log, note, all };
}

test('a decision is written once, a repeat after the interval, and a change at once', async () => {
  const { clock, store, log, note, all } = setUp({ confirmIntervalMs: 10 * MINUTE });
  const startUnixMs = clock.nowUnixMs();
  for (let minute = 0; minute <= 25; minute++) {
    note(1);
    await clock.advance(MINUTE);
  }
  // At the beginning, and after ten and twenty minutes.
  expect(store.puts).toBe(3);
  expect(await all()).toMatchObject([
    { unixMs: startUnixMs, lastUnixMs: startUnixMs + 20 * MINUTE, count: 21 },
  ]);
  note(2);
  await clock.advance(2_000);
  expect(await all()).toMatchObject([
    { lastUnixMs: startUnixMs + 25 * MINUTE, count: 26, decision: { elements: 1 } },
    { unixMs: startUnixMs + 26 * MINUTE, count: 1, decision: { elements: 2 } },
  ]);
  await log[Symbol.asyncDispose]();
});

test('reading gives repeats that are not written yet', async () => {
  const { clock, log, note } = setUp();
  note(1);
  await clock.advance(5 * MINUTE);
  note(1);
  const [record] = await log.inForce('a', clock.nowUnixMs());
  expect(record).toMatchObject({ count: 2, lastUnixMs: clock.nowUnixMs() });
  await log[Symbol.asyncDispose]();
});

test('closing writes what was confirmed last', async () => {
  const { clock, log, note, all } = setUp();
  note(1);
  await clock.advance(5 * MINUTE);
  note(1);
  await log[Symbol.asyncDispose]();
  expect(await all()).toMatchObject([{ count: 2, lastUnixMs: clock.nowUnixMs() }]);
});

test('a store that fails neither throws nor loses what waits', async () => {
  const { clock, store, log, note, all } = setUp();
  store.failure = new BackendError('decision-store', 'disk full', { retryable: true });
  note(1);
  await clock.advance(2_000);
  expect(log.stats()).toMatchObject({ waiting: 1, writeFailures: 1 });
  expect(await log.inForce('a', clock.nowUnixMs())).toEqual([]);
  store.failure = undefined;
  await clock.advance(31_000);
  expect(await all()).toHaveLength(1);
  expect(log.stats().waiting).toBe(0);
  await log[Symbol.asyncDispose]();
});

test('what waits is limited; what is refused is counted, and is taken when it is decided again', async () => {
  const instruments = new FakeInstruments();
  const { clock, store, log, note, all } = setUp({ maxWaiting: 2, instruments });
  store.failure = new BackendError('decision-store', 'disk full', { retryable: true });
  for (const subject of ['a', 'b', 'c']) note(1, { subject });
  expect(log.stats()).toMatchObject({ waiting: 2, refused: 1 });
  expect(instruments.values['dwcp_decisions_refused_total']).toBe(1);
  store.failure = undefined;
  await clock.advance(31_000);
  note(1, { subject: 'c' });
  await log[Symbol.asyncDispose]();
  expect((await all()).map(({ subject }) => subject)).toEqual(['a', 'b', 'c']);
});

test('what stands is limited, and what was idle for an hour makes room', async () => {
  const { clock, log, note } = setUp({ maxOpen: 2 });
  for (const subject of ['a', 'b', 'c']) note(1, { subject });
  expect(log.stats()).toMatchObject({ open: 2, refused: 1 });
  await clock.advance(70 * MINUTE);
  note(1, { subject: 'c' });
  expect(log.stats()).toMatchObject({ open: 1, refused: 1 });
  await log[Symbol.asyncDispose]();
});

test('what stood last before the retention is removed', async () => {
  const { clock, log, note, all } = setUp({ retentionMs: 60 * MINUTE });
  note(1);
  await clock.advance(30 * MINUTE);
  note(2);
  await clock.advance(45 * MINUTE);
  expect(await all()).toMatchObject([{ decision: { elements: 2 } }]);
  await log[Symbol.asyncDispose]();
});

test('a clock that was set back does not make a change older than what it replaces', async () => {
  const { clock, log, note, all } = setUp();
  note(1);
  const startUnixMs = clock.nowUnixMs();
  clock.setUnixMs(startUnixMs - 5 * MINUTE);
  note(2);
  await log[Symbol.asyncDispose]();
  const [first, second] = await all();
  expect(first).toMatchObject({ unixMs: startUnixMs, decision: { elements: 1 } });
  expect(second).toMatchObject({ unixMs: startUnixMs + 1, decision: { elements: 2 } });
});
