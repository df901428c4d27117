import { type Clock } from '@dwcp/core';
import { beforeEach, describe, expect, test } from 'vitest';

/** A clock and the way to let its time pass. */
export interface ClockUnderTest {
  readonly clock: Clock;
  /** Resolves when at least so many milliseconds of the clock have passed and due timers fired. */
  pass(durationMs: number): Promise<void>;
}

/** How far timers and the clock's readings may be apart: machines count timers in milliseconds. */
const TOLERANCE_MS = 3;

/**
 * What every Clock does, in passes of some ten milliseconds. That timers do not keep the process
 * alive can be seen only from outside: a clock of the machine needs a test of its own for it.
 */
export function clockContract(name: string, open: () => ClockUnderTest): void {
  describe(`${name} as a Clock`, () => {
    let clock: Clock;
    let pass: (durationMs: number) => Promise<void>;

    beforeEach(() => {
      const opened = open();
      clock = opened.clock;
      pass = (durationMs) => opened.pass(durationMs);
    });

    test('monotonic time never runs backwards and follows what passes', async () => {
      const startMs = clock.monotonicMs();
      let lastMs = startMs;
      for (let turn = 0; turn < 5; turn++) {
        for (let i = 0; i < 200; i++) {
          const nowMs = clock.monotonicMs();
          expect(nowMs).toBeGreaterThanOrEqual(lastMs);
          lastMs = nowMs;
        }
        await pass(4);
      }
      expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(20 - 5 * TOLERANCE_MS);
      expect(clock.monotonicMs()).toBeGreaterThan(startMs);
    });

    test('milliseconds and nanoseconds tell the same moment', async () => {
      for (let turn = 0; turn < 3; turn++) {
        const beforeMs = clock.nowUnixMs();
        const nanoAsMs = Number(clock.nowUnixNano() / 1_000n) / 1_000;
        const afterMs = clock.nowUnixMs();
        expect(nanoAsMs).toBeGreaterThanOrEqual(beforeMs - TOLERANCE_MS);
        expect(nanoAsMs).toBeLessThanOrEqual(afterMs + TOLERANCE_MS);
        await pass(7);
      }
    });

    test('a timer fires once, and not before its delay', async () => {
      const startMs = clock.monotonicMs();
      const firedMs: number[] = [];
      clock.schedule(20, () => firedMs.push(clock.monotonicMs() - startMs));
      expect(firedMs).toEqual([]);
      await pass(25);
      await pass(25);
      expect(firedMs).toHaveLength(1);
      expect(firedMs[0]).toBeGreaterThanOrEqual(20 - TOLERANCE_MS);
    });

    test('timers fire by their time, and at the same time in the order they were made', async () => {
      const fired: string[] = [];
      clock.schedule(20, () => fired.push('late'));
      clock.schedule(20, () => fired.push('late too'));
      clock.schedule(5, () => fired.push('soon'));
      await pass(25);
      expect(fired).toEqual(['soon', 'late', 'late too']);
    });

    test.each([0, -5])('a delay of %d ms is no call on the spot', async (delayMs) => {
      let fired = 0;
      clock.schedule(delayMs, () => fired++);
      expect(fired).toBe(0);
      await pass(5);
      expect(fired).toBe(1);
    });

    test('a disposed timer does not fire, and disposing again or too late does nothing', async () => {
      const fired: string[] = [];
      const dropped = clock.schedule(5, () => fired.push('dropped'));
      const kept = clock.schedule(5, () => fired.push('kept'));
      dropped[Symbol.dispose]();
      dropped[Symbol.dispose]();
      await pass(10);
      kept[Symbol.dispose]();
      await pass(10);
      expect(fired).toEqual(['kept']);
    });

    test('a timer may be disposed by one that fires before it', async () => {
      const fired: string[] = [];
      clock.schedule(5, () => {
        fired.push('first');
        second[Symbol.dispose]();
      });
      const second = clock.schedule(15, () => fired.push('second'));
      await pass(20);
      expect(fired).toEqual(['first']);
    });

    test('a sleep ends after its delay, not before', async () => {
      const startMs = clock.monotonicMs();
      const slept = clock.sleep(15).then(() => clock.monotonicMs() - startMs);
      await pass(20);
      expect(await slept).toBeGreaterThanOrEqual(15 - TOLERANCE_MS);
    });

    test('a sleep with a signal that was aborted before rejects with the reason', async () => {
      const reason = new Error('never mind');
      await expect(clock.sleep(60_000, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    test('a sleep that is aborted rejects with the reason at once', async () => {
      const reason = new Error('enough');
      const abort = new AbortController();
      const slept = clock.sleep(60_000, { signal: abort.signal });
      const outcome = slept.then(
        () => 'slept',
        (error: unknown) => error,
      );
      await pass(2);
      abort.abort(reason);
      expect(await outcome).toBe(reason);
    });

    test('an abort after the sleep changes nothing', async () => {
      const abort = new AbortController();
      const slept = clock.sleep(5, { signal: abort.signal });
      await pass(10);
      await slept;
      abort.abort(new Error('too late'));
      await expect(slept).resolves.toBeUndefined();
    });
  });
}
