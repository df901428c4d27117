import {
  decodeRemoteWrite,
  encodeRemoteWrite,
  readLabels,
  RemoteWriteError,
  type RemoteWriteVersion,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { metadataArb, seriesArb } from './arbitraries.ts';

const MAX_BYTES = 1 << 20;

const REFUSED = -1;

/** What an action gives, or REFUSED when it throws a RemoteWriteError; any other error is a failure. */
function unlessRefused(action: () => number): number {
  try {
    return action();
  } catch (error) {
    if (error instanceof RemoteWriteError) return REFUSED;
    throw error;
  }
}

/** How much was reported, labels being read as a server would. */
function work(message: Uint8Array, version: RemoteWriteVersion): number {
  return unlessRefused(() => {
    let count = 0;
    decodeRemoteWrite(message, version, {
      series(bytes, start, end) {
        count++;
        if (start < 0 || end < start || end > bytes.length) throw new Error('a range of no bytes');
        unlessRefused(() => readLabels(bytes, start, end).size);
        return true;
      },
      sample: () => void count++,
      histogram: () => void count++,
      exemplar: () => void count++,
      metadata: () => void count++,
      invalid: () => void count++,
    });
    return count;
  });
}

const damageArb = fc.record({
  cutAt: fc.double({ min: 0, max: 1, noNaN: true }),
  isCut: fc.boolean(),
  flips: fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), {
    maxLength: 6,
  }),
});
type Damage = typeof damageArb extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Uint8Array, { cutAt, isCut, flips }: Damage): Uint8Array {
  const copy = bytes.slice(0, isCut ? Math.floor(cutAt * bytes.length) : undefined);
  for (const [at, mask] of flips) {
    const index = Math.floor(at * copy.length);
    if (index < copy.length) copy[index] = (copy[index] ?? 0) ^ mask;
  }
  return copy;
}

describe.each(['1.0', '2.0'] as const)('%s', (version) => {
  const bodyArb = fc
    .record({
      series: fc.array(seriesArb, { maxLength: 3 }),
      metadata: fc.array(metadataArb, { maxLength: 2 }),
    })
    .map(({ series, metadata }) => encodeRemoteWrite(series, { version, metadata }));

  test('a damaged message is refused or read, and never crashes otherwise', () => {
    const outcomes = { read: 0, refused: 0 };
    fc.assert(
      fc.property(
        bodyArb,
        fc.array(damageArb, { minLength: 20, maxLength: 20 }),
        (body, damages) => {
          const message = Uint8Array.from(unpackSnappy(body, MAX_BYTES));
          for (const damage of damages) {
            const broken = damaged(message, damage);
            const count = work(broken, version);
            // Each thing reported took a byte at least.
            expect(count).toBeLessThanOrEqual(broken.length);
            outcomes[count === REFUSED ? 'refused' : 'read']++;
          }
        },
      ),
      { numRuns: 300 },
    );
    // Else the test would say little.
    expect(outcomes.read).toBeGreaterThan(500);
    expect(outcomes.refused).toBeGreaterThan(500);
  });

  test('a damaged body never unpacks to more than the limit', () => {
    fc.assert(
      fc.property(
        bodyArb,
        fc.array(damageArb, { minLength: 10, maxLength: 10 }),
        (body, damages) => {
          for (const damage of damages) {
            const length = unlessRefused(() => {
              const message = unpackSnappy(damaged(body, damage), MAX_BYTES);
              work(message, version);
              return message.length;
            });
            expect(length).toBeLessThanOrEqual(MAX_BYTES);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('any bytes are refused or read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(work(bytes, version)).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 3_000 },
    );
  });

  test('every prefix of a request is refused or is a request of fewer fields', () => {
    const labels = fc.sample(seriesArb, { numRuns: 3, seed: 7 });
    const message = Uint8Array.from(
      unpackSnappy(encodeRemoteWrite(labels, { version }), MAX_BYTES),
    );
    const whole = work(message, version);
    const step = Math.max(1, Math.floor(message.length / 2_000));
    for (let length = 0; length < message.length; length += step) {
      expect(work(message.subarray(0, length), version)).toBeLessThan(whole);
    }
    expect(whole).toBeGreaterThan(3);
  });
});
