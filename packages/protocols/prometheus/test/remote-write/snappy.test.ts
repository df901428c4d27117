import { unpackSnappy } from '@dwcp/protocol-prometheus';
import fc from 'fast-check';
import { compress, uncompress } from 'snappyjs';
import { describe, expect, test } from 'vitest';

import { failure } from './collect.ts';
import { varint } from './wire.ts';

const MAX_BYTES = 1 << 24;

function unpacked(body: Uint8Array | readonly number[]): string {
  return Buffer.from(unpackSnappy(Uint8Array.from(body), MAX_BYTES)).toString('latin1');
}

/** Words from a small alphabet, so that there is much to copy, at all distances. */
const textArb = fc
  .array(fc.tuple(fc.constantFrom('a', 'ab', 'label', '0123456789abcdef', '\0'), fc.nat(40)), {
    maxLength: 60,
  })
  .map((runs) => Uint8Array.from(Buffer.from(runs.map(([s, n]) => s.repeat(n)).join(''))));

test('unpacking what snappyjs packed gives the bytes back', () => {
  fc.assert(
    fc.property(fc.oneof(textArb, fc.uint8Array({ maxLength: 3_000 })), (bytes) => {
      expect(Buffer.compare(unpackSnappy(compress(bytes), MAX_BYTES), bytes)).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('bytes of several blocks of 64 KiB come back', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => ((i * i) % 251) ^ (i >> 9));
  expect(Buffer.compare(unpackSnappy(compress(bytes), MAX_BYTES), bytes)).toBe(0);
});

/** Elements as the format describes them, with what they stand for, beside an oracle that copies byte by byte. */
const elementsArb = fc.array(
  fc.oneof(
    fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength: 200 }), extra: fc.nat(4) }),
    fc.record({
      offset: fc.integer({ min: 1, max: 300 }),
      size: fc.integer({ min: 1, max: 64 }),
      width: fc.constantFrom(1, 2, 4),
    }),
  ),
  { maxLength: 30 },
);

test('every kind of element is unpacked, overlapping copies among them', () => {
  fc.assert(
    fc.property(elementsArb, (elements) => {
      const out: number[] = [];
      const body: number[] = [];
      for (const element of elements) {
        if ('literal' in element) {
          body.push(...literal(element.literal, element.extra));
          out.push(...element.literal);
        } else if (out.length > 0) {
          const offset = Math.min(element.offset, out.length);
          const size = element.width === 1 ? 4 + (element.size % 8) : element.size;
          body.push(...copy(offset, size, element.width));
          for (let i = 0; i < size; i++) out.push(out[out.length - offset] ?? 0);
        }
      }
      const packed = Uint8Array.from([...varint(out.length), ...body]);
      expect([...unpackSnappy(packed, MAX_BYTES)]).toEqual(out);
    }),
    { numRuns: 300 },
  );
});

function literal(bytes: Uint8Array, extra: number): number[] {
  const length = bytes.length - 1;
  const lengthBytes = length < 60 && extra === 0 ? 0 : Math.max(extra, 1);
  if (lengthBytes === 0) return [length << 2, ...bytes];
  const little = [0, 8, 16, 24].slice(0, lengthBytes).map((shift) => (length >> shift) & 255);
  return [(59 + lengthBytes) << 2, ...little, ...bytes];
}

function copy(offset: number, size: number, width: number): number[] {
  if (width === 1) return [((offset >> 8) << 5) | ((size - 4) << 2) | 1, offset & 255];
  if (width === 2) return [((size - 1) << 2) | 2, offset & 255, offset >> 8];
  return [((size - 1) << 2) | 3, offset & 255, offset >> 8, 0, 0];
}

test('an empty body of length 0 unpacks to nothing', () => {
  expect(unpacked([0])).toBe('');
});

test('the view is of one buffer, which the next call overwrites', () => {
  const first = unpackSnappy(compress(Uint8Array.of(1, 2, 3)), MAX_BYTES);
  const second = unpackSnappy(compress(Uint8Array.of(4, 5, 6)), MAX_BYTES);
  expect(second.buffer).toBe(first.buffer);
  expect([...first]).toEqual([4, 5, 6]);
});

describe('a declared length above the limit', () => {
  test('is refused as too large, with both numbers', () => {
    expect(failure(() => unpackSnappy(compress(new Uint8Array(1_000)), 999))).toBe(
      'too-large: snappy: the body unpacks to 1000 bytes, the limit is 999: send smaller requests',
    );
  });

  test('equal to the limit is taken', () => {
    expect(unpackSnappy(compress(new Uint8Array(1_000)), 1_000)).toHaveLength(1_000);
  });

  test('of four gigabytes costs nothing', () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(
      failure(() => unpackSnappy(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0), MAX_BYTES)),
    ).toMatch(/^too-large: .* unpacks to 4294967295 bytes/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });

  test('under the limit, but more than the body can hold, makes no buffer grow', () => {
    const before = process.memoryUsage().arrayBuffers;
    const body = Uint8Array.from([...varint(1 << 30), 0, 0]);
    expect(failure(() => unpackSnappy(body, 2 ** 31))).toBe(
      'malformed: snappy: 7 bytes cannot unpack to the 1073741824 they declare',
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });
});

test.each([
  ['nothing at all', [], 'the body does not start with its unpacked length'],
  ['a length that does not end', [0xff, 0xff], 'the body does not start with its unpacked length'],
  ['a length of six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0], 'the body does not start'],
  ['a literal cut off', [4, 3 << 2, 97], 'byte 2: the body ends inside an element'],
  ['a literal length cut off', [4, 61 << 2, 0], 'byte 2: the body ends inside an element'],
  ['a copy cut off', [4, 0, 97, 2, 1], 'the body ends inside an element'],
  ['a copy from before the start', [5, 0, 97, 1, 2], 'a copy from 2 bytes back, of 1 unpacked'],
  ['a copy from 0 bytes back', [5, 0, 97, 1, 0], 'a copy from 0 bytes back'],
  ['more than declared', [1, 1 << 2, 97, 98], 'more than the 1 bytes it declares'],
  ['less than declared', [3, 1 << 2, 97, 98], 'unpacks to 2 bytes, but declares 3'],
])('%s is malformed', (_, body, problem) => {
  expect(failure(() => unpackSnappy(Uint8Array.from(body), MAX_BYTES))).toContain(problem);
});

test('damaged bodies are refused, or unpacked as snappyjs does', () => {
  const outcomes = { read: 0, refused: 0 };
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const whole = compress(
    Uint8Array.from(Buffer.from('the quick brown fox, the lazy dog, '.repeat(9))),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      fc.option(fc.nat(whole.length - 1), { nil: undefined }),
      (flips, cut) => {
        const body = whole.slice(0, cut);
        for (const [at, byte] of flips) if (at < body.length) body[at] = byte;
        const refusal = failure(() => unpackSnappy(body, 4_096));
        const isRefused = /^(?:malformed|too-large): snappy: /.test(refusal);
        const expected = isRefused ? refusal : text(uncompress(body));
        expect(isRefused ? refusal : text(unpackSnappy(body, 4_096))).toBe(expected);
        outcomes[isRefused ? 'refused' : 'read']++;
      },
    ),
    { numRuns: 2_000 },
  );
  expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(20);
});
