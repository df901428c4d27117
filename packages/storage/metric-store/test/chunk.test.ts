import { setStale } from '@dwcp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ByteWriter } from '../src/bytes.ts';
import { decodeChunk, encodeChunk } from '../src/chunk.ts';
import { Columns } from '../src/columns.ts';

const FIRST = 1_749_513_600_000;

interface Sample {
  readonly unixMs: number;
  readonly bits: string;
}

function samplesOf(columns: Columns, count: number): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    unixMs: columns.timestamps[i] ?? 0,
    bits: `${columns.words[i * 2]} ${columns.words[i * 2 + 1]}`,
  }));
}

const special = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, 'stale' as const);
const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -300, max: 300 }).map((n) => n / 4) },
  { weight: 2, arbitrary: fc.integer({ min: -1e12, max: 1e12 }) },
  { weight: 1, arbitrary: special },
);

test('of a chunk any part of time can be read, bit by bit as in the whole', () => {
  const chunk = fc.record({
    values: fc.oneof(
      fc.array(value, { minLength: 1, maxLength: 120 }),
      fc.array(fc.double(), { minLength: 1, maxLength: 20 }),
      fc.nat(50).map((count) => Array.from({ length: count + 1 }, () => 7)),
      fc
        .tuple(
          fc.array(value, { minLength: 1, maxLength: 50 }),
          fc.integer({ min: 250, max: 1_100 }),
        )
        .map(([some, count]) =>
          Array.from({ length: count }, (_, i) => some[i % some.length] ?? 0),
        ),
    ),
    step: fc.integer({ min: 1, max: 60_000 }),
    jitter: fc.constantFrom(0, 0, 3),
    from: fc.oneof(fc.integer({ min: -10, max: 130 }), fc.integer({ min: 200, max: 1_100 })),
    size: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 200, max: 1_100 })),
    offset: fc.integer({ min: -1, max: 1 }),
  });
  fc.assert(
    fc.property(chunk, ({ values, step, jitter, from, size, offset }) => {
      const columns = new Columns(values.length);
      for (const [i, one] of values.entries()) {
        columns.timestamps[i] = FIRST + i * step * 10 + (i % 2) * jitter;
        if (one === 'stale') setStale(columns.values, i);
        else columns.values[i] = one;
      }
      const writer = new ByteWriter();
      writer.byte(99);
      encodeChunk(writer, columns, 0, values.length);
      const whole = new Columns(values.length);
      expect(decodeChunk(writer.view(), 1, whole, 0)).toBe(values.length);
      expect(samplesOf(whole, values.length)).toEqual(samplesOf(columns, values.length));

      const wanted = {
        from: FIRST + from * step * 10 + offset,
        to: FIRST + (from + size) * step * 10 + offset,
      };
      const part = new Columns(values.length);
      const count = decodeChunk(writer.view(), 1, part, 0, wanted);
      const isWanted = ({ unixMs }: Sample): boolean =>
        unixMs >= wanted.from && unixMs <= wanted.to;
      expect(samplesOf(part, count).filter(isWanted)).toEqual(
        samplesOf(columns, values.length).filter(isWanted),
      );
    }),
    { numRuns: 500 },
  );
});

test('what is not wanted is not decoded, whether times are steady or not', () => {
  for (const jitter of [0, 3]) {
    const columns = new Columns(2_048);
    for (let i = 0; i < columns.capacity; i++) {
      columns.timestamps[i] = FIRST + i * 1_000 + (i % 2) * jitter;
      columns.values[i] = i * 300;
    }
    const writer = new ByteWriter();
    encodeChunk(writer, columns, 0, columns.capacity);
    const part = new Columns(2_048);
    const wanted = { from: FIRST + 1_990_000, to: FIRST + 1_999_003 };
    expect(decodeChunk(writer.view(), 0, part, 0, wanted)).toBe(10);
    expect(part.values.subarray(0, 11)).toEqual(
      Float64Array.from([...columns.values.subarray(1_990, 2_000), 0]),
    );
  }
});
