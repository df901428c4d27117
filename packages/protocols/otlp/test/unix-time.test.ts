import { decodeMetricsJson } from '@dwcp/protocol-otlp';
import fc from 'fast-check';
import { expect, test } from 'vitest';

function msOf(nano: bigint): number | undefined {
  const dataPoints = [{ timeUnixNano: String(nano), asInt: '1' }];
  const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints } }] }] }] };
  return decodeMetricsJson(body).resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.points[0]
    ?.timeUnixMs;
}

test('a moment is its microseconds as milliseconds, and its whole milliseconds are exact', () => {
  // To the year 2100; from there on a double has fewer decimals, and then no room for all of them.
  const nano = fc.bigInt({ min: 1_000n, max: 4_102_444_800_000_000_000n });
  const edge = nano.map((moment) => moment - (moment % 1_000_000n) + 999_999n);
  fc.assert(
    fc.property(fc.oneof(nano, edge), (moment) => {
      const ms = msOf(moment) ?? Number.NaN;
      expect(Math.floor(ms)).toBe(Number(moment / 1_000_000n));
      expect(Math.round((ms % 1) * 1_000)).toBe(Number((moment / 1_000n) % 1_000n));
    }),
    { numRuns: 1_000 },
  );
});

test('a later moment is not before an earlier one', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1_000n, max: 2n ** 62n }),
      fc.bigInt({ min: 0n, max: 10_000_000n }),
      (moment, later) => {
        expect(msOf(moment + later)).toBeGreaterThanOrEqual(msOf(moment) ?? Number.NaN);
      },
    ),
    { numRuns: 1_000 },
  );
});
