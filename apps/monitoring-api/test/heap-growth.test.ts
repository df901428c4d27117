import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { HeapGrowth } from '#src/cli/heap-growth.ts';

function setUp(): { clock: ManualClock; growth: HeapGrowth; percents: number[] } {
  const clock = new ManualClock();
  const percents: number[] = [];
  const growth = new HeapGrowth({ clock, set: (percent) => percents.push(percent) });
  return { clock, growth, percents };
}

async function collect(clock: ManualClock, growth: HeapGrowth, times: number, everyMs: number) {
  for (let i = 0; i < times; i++) {
    await clock.advance(everyMs);
    growth.collected();
  }
}

describe('the growth of the heap', () => {
  test('is generous after three full collections within three seconds', async () => {
    const { clock, growth, percents } = setUp();
    await collect(clock, growth, 2, 1_000);
    expect(percents).toEqual([]);
    await collect(clock, growth, 1, 1_000);
    expect(percents).toEqual([100]);
  });

  test('stays sparing while collections are rare', async () => {
    const { clock, growth, percents } = setUp();
    await collect(clock, growth, 20, 2_000);
    expect(percents).toEqual([]);
  });

  test('stays generous while collections come every few seconds, and ends 12 s after the last', async () => {
    const { clock, growth, percents } = setUp();
    await collect(clock, growth, 3, 500);
    await collect(clock, growth, 10, 5_000);
    await clock.advance(11_999);
    expect(percents).toEqual([100]);
    await clock.advance(1);
    expect(percents).toEqual([100, 20]);
  });

  test('is not kept up by collections that are far apart', async () => {
    const { clock, growth, percents } = setUp();
    await collect(clock, growth, 3, 500);
    await collect(clock, growth, 3, 7_000);
    expect(percents).toEqual([100, 20]);
  });
});
