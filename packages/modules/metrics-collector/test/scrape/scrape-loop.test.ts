import { ScrapeLoop } from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

const START = Date.parse('2026-01-02T03:04:05Z');

/** A loop at 1 s whose turns take what `durationMs` says. */
function loopOf(
  options: { offsetMs?: number; toleranceMs?: number; durationMs?: () => number } = {},
) {
  const clock = new ManualClock(START);
  const times: number[] = [];
  const actual: number[] = [];
  let missed = 0;
  let atWork = 0;
  let mostAtWork = 0;
  const loop = new ScrapeLoop({
    clock,
    intervalMs: 1_000,
    offsetMs: options.offsetMs ?? 250,
    ...(options.toleranceMs !== undefined && { toleranceMs: options.toleranceMs }),
    run: async (unixMs) => {
      mostAtWork = Math.max(mostAtWork, ++atWork);
      times.push(unixMs);
      actual.push(clock.nowUnixMs());
      const durationMs = options.durationMs?.() ?? 0;
      if (durationMs > 0) await clock.sleep(durationMs);
      atWork--;
    },
    onMissed: (count) => {
      missed += count;
    },
    onError: (error) => {
      throw error;
    },
  });
  loop.start();
  return { clock, loop, times, actual, missed: () => missed, mostAtWork: () => mostAtWork };
}

describe('ScrapeLoop', () => {
  test('runs at its place in the interval, every interval', async () => {
    const { clock, times } = loopOf();
    await clock.advance(3_500);
    expect(times.map((time) => time - START)).toEqual([250, 1_250, 2_250, 3_250]);
  });

  test('a turn on the very slot is not put off', async () => {
    const { clock, times } = loopOf({ offsetMs: 0 });
    await clock.advance(0);
    expect(times).toEqual([START]);
  });

  test('makes 180 turns in 3 minutes when each takes nearly the whole interval', async () => {
    const { clock, times, missed, mostAtWork } = loopOf({ durationMs: () => 990 });
    await clock.advance(180_000);
    expect(times).toHaveLength(180);
    expect(times.every((time, i) => time === START + 250 + i * 1_000)).toBe(true);
    expect([missed(), mostAtWork()]).toEqual([0, 1]);
  });

  test('makes 180 ± 1 turns in 3 minutes when turns are a little too long', async () => {
    const { clock, times, mostAtWork } = loopOf({ durationMs: () => 1_004 });
    await clock.advance(180_000);
    expect(times.length).toBeGreaterThanOrEqual(179);
    expect(mostAtWork()).toBe(1);
  });

  test('a turn over several slots misses them, says so, and the grid stays', async () => {
    const durations = [3_400];
    const { clock, times, missed } = loopOf({ durationMs: () => durations.shift() ?? 0 });
    await clock.advance(6_000);
    // Slots 1 and 2 passed unused; slot 3 is made up for as soon as the long turn ends.
    expect(times.map((time) => time - START)).toEqual([250, 3_650, 4_250, 5_250]);
    expect(missed()).toBe(2);
  });

  test('a turn within a tenth of the interval bears the time of its slot, a later one its own', async () => {
    const durations = [1_100, 1_001, 0];
    const { clock, times, actual } = loopOf({ durationMs: () => durations.shift() ?? 0 });
    await clock.advance(4_000);
    expect(times.map((time) => time - START)).toEqual([250, 1_250, 2_351, 3_250]);
    expect(actual.map((time) => time - START)).toEqual([250, 1_350, 2_351, 3_250]);
  });

  test('the tolerance may be that of Prometheus', async () => {
    const durations = [1_002, 1_001, 0];
    const durationMs = (): number => durations.shift() ?? 0;
    const { clock, times, actual } = loopOf({ toleranceMs: 2, durationMs });
    await clock.advance(4_000);
    expect(times.map((time) => time - START)).toEqual([250, 1_250, 2_253, 3_250]);
    expect(actual.map((time) => time - START)).toEqual([250, 1_252, 2_253, 3_250]);
  });

  test('setting the clock back does not stop the turns', async () => {
    const { clock, times, missed } = loopOf();
    await clock.advance(2_000);
    clock.setUnixMs(START - 3_600_000);
    await clock.advance(3_000);
    expect(times.slice(2).map((time) => time - START + 3_600_000)).toEqual([250, 1_250, 2_250]);
    expect(missed()).toBe(0);
  });

  test('setting the clock forward misses nothing', async () => {
    const { clock, times, missed } = loopOf();
    await clock.advance(2_000);
    clock.setUnixMs(START + 3_600_300);
    await clock.advance(3_000);
    const later = times.slice(2).map((time) => time - START - 3_600_000);
    expect(later).toEqual([550, 1_250, 2_250, 3_250]);
    expect(missed()).toBe(0);
  });

  test('a turn that throws is told of, and the next one comes', async () => {
    const clock = new ManualClock(START);
    const errors: unknown[] = [];
    const loop = new ScrapeLoop({
      clock,
      intervalMs: 1_000,
      offsetMs: 500,
      run: () => Promise.reject(new Error('broken')),
      onMissed: () => undefined,
      onError: (error) => errors.push(error),
    });
    loop.start();
    await clock.advance(2_000);
    expect(errors).toHaveLength(2);
  });

  test('a loop that follows another takes the slot after the last one of that, late or not', async () => {
    for (const pauseMs of [100, 1_300]) {
      const { clock, loop, times } = loopOf();
      await clock.advance(1_300);
      await loop.finish();
      const later: number[] = [];
      const follower = new ScrapeLoop({
        clock,
        intervalMs: 1_000,
        offsetMs: 250,
        run: async (unixMs) => void later.push(unixMs),
        onMissed: (count) => later.push(-count),
        onError: () => undefined,
      });
      await clock.advance(pauseMs);
      follower.start(loop.lastSlotUnixMs);
      await clock.advance(2_600 - pauseMs);
      expect(times.map((time) => time - START)).toEqual([250, 1_250]);
      const own = pauseMs === 100 ? [2_250, 3_250] : [2_600, 3_250];
      expect(later.map((time) => time - START)).toEqual(own);
    }
  });

  test('finishing lets the turn at work come to its end', async () => {
    const durations = [500];
    const { clock, loop, times } = loopOf({ durationMs: () => durations.shift() ?? 0 });
    await clock.advance(300);
    const finished = loop.finish();
    await clock.advance(5_000);
    await finished;
    expect(times).toHaveLength(1);
  });

  test('stopping aborts the turn at work and waits for it', async () => {
    const clock = new ManualClock(START);
    let ended = false;
    const loop = new ScrapeLoop({
      clock,
      intervalMs: 1_000,
      offsetMs: 0,
      run: async (_, abort) => {
        await clock.sleep(500, { signal: abort }).catch(() => undefined);
        ended = true;
      },
      onMissed: () => undefined,
      onError: () => undefined,
    });
    loop.start();
    await clock.advance(100);
    await loop.stop();
    expect(ended).toBe(true);
    expect(clock.timerCount).toBe(0);
  });
});
