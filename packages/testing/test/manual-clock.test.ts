import { clockContract, ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

clockContract('ManualClock', () => {
  const clock = new ManualClock();
  return { clock, pass: (durationMs) => clock.advance(durationMs) };
});

test('timers fire in the order of their time, then of their making', async () => {
  const clock = new ManualClock(1_000);
  const fired: string[] = [];
  clock.schedule(20, () => fired.push(`b at ${clock.nowUnixMs()}`));
  clock.schedule(10, () => fired.push(`a at ${clock.nowUnixMs()}`));
  clock.schedule(20, () => fired.push(`c at ${clock.nowUnixMs()}`));
  await clock.advance(20);
  expect(fired).toEqual(['a at 1010', 'b at 1020', 'c at 1020']);
});

test('a timer that a timer makes fires within the same advance', async () => {
  const clock = new ManualClock();
  let fired = 0;
  const again = (): void => {
    fired++;
    clock.schedule(10, again);
  };
  clock.schedule(10, again);
  await clock.advance(100);
  expect(fired).toBe(10);
});

test('a disposed timer does not fire, and an aborted sleep rejects', async () => {
  const clock = new ManualClock();
  let fired = false;
  clock.schedule(10, () => (fired = true))[Symbol.dispose]();
  const abort = new AbortController();
  const slept = clock.sleep(10, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(slept).rejects.toThrow('enough');
  await clock.advance(10);
  expect(fired).toBe(false);
  expect(clock.timerCount).toBe(0);
});

test('setting the wall clock moves neither monotonic time nor timers', async () => {
  const clock = new ManualClock(0);
  let fired = false;
  clock.schedule(10, () => (fired = true));
  clock.setUnixMs(3_600_000);
  expect(clock.monotonicMs()).toBe(0);
  expect(fired).toBe(false);
  await clock.advance(10);
  expect(fired).toBe(true);
  expect(clock.nowUnixMs()).toBe(3_600_010);
});
