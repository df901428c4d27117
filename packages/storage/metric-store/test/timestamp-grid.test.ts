import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ByteReader, ByteWriter } from '../src/bytes.ts';
import { decodeChunk, encodeChunk } from '../src/chunk.ts';
import { Columns } from '../src/columns.ts';

function columnsOf(timestamps: readonly number[]): Columns {
  const columns = new Columns(timestamps.length);
  for (const [i, unixMs] of timestamps.entries()) columns.put(i, unixMs, i, 0);
  return columns;
}

function roundTrip(timestamps: readonly number[]): {
  readonly back: number[];
  readonly bytes: number;
} {
  const writer = new ByteWriter();
  encodeChunk(writer, columnsOf(timestamps), 0, timestamps.length);
  const into = new Columns(timestamps.length);
  const count = decodeChunk(writer.view(), 0, into, 0);
  expect(new ByteReader(writer.view()).varint()).toBe(count);
  return { back: [...into.timestamps], bytes: writer.length };
}

const jitter = (i: number): number => ((i * 7919) % 7) - 3;

test('timestamps of a grid with noise and gaps come back exactly', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e12, max: 2e12 }),
      fc.integer({ min: 2, max: 100_000 }),
      fc.array(
        fc.record({
          gap: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1, 7),
          noise: fc.integer({ min: -50, max: 50 }),
        }),
        { minLength: 1, maxLength: 300 },
      ),
      (start, step, steps) => {
        let place = 0;
        const timestamps = [start];
        for (const { gap, noise } of steps) {
          place += 1 + gap;
          const next = start + place * step + Math.round((noise * step) / 200);
          timestamps.push(Math.max(next, (timestamps.at(-1) ?? 0) + 1));
        }
        expect(roundTrip(timestamps).back).toEqual(timestamps);
      },
    ),
    { numRuns: 500 },
  );
});

test('any ascending timestamps come back exactly', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 50), max: 2 ** 49 }),
      fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 200 }),
      (start, deltas) => {
        const timestamps = [start];
        for (const delta of deltas) timestamps.push((timestamps.at(-1) ?? 0) + delta);
        expect(roundTrip(timestamps).back).toEqual(timestamps);
      },
    ),
  );
});

test('a jitter of 3 ms costs three bits per sample, and gaps next to nothing', () => {
  const count = 2_000;
  const steady = Array.from({ length: count }, (_, i) => 1_700_000_000_000 + i * 1_000);
  const noisy = steady.map((unixMs, i) => unixMs + jitter(i));
  const gappy = noisy.filter((_, i) => i % 100 !== 50);
  const base = roundTrip(steady).bytes;
  expect(roundTrip(noisy).bytes - base).toBeLessThan((count * 3) / 8 + 10);
  expect(roundTrip(gappy).bytes).toBeLessThan(roundTrip(noisy).bytes + 20);
});
