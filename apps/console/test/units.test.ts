import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type Unit,
  formatBytes,
  formatCount,
  formatRatio,
  formatSeconds,
  formatValue,
  guessUnit,
} from '../src/format/units.ts';

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [1_023, '1023 B'],
  [1_024, '1 KiB'],
  [1_536, '1.5 KiB'],
  [1_048_575.9, '1 MiB'],
  [5.43 * 1_024 ** 3, '5.43 GiB'],
  [-2_048, '-2 KiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0'],
  [0.5, '0.5'],
  [999, '999'],
  [999.7, '1 k'],
  [1_234, '1.23 k'],
  [8_421_233, '8.42 M'],
  [0.000_12, '1.2e-4'],
  [-1_500, '-1.5 k'],
])('a count of %d is %s', (value, text) => {
  expect(formatCount(value)).toBe(text);
});

test.each([
  [0, '0 s'],
  [3.4e-7, '340 ns'],
  [0.000_34, '340 µs'],
  [0.012_3, '12.3 ms'],
  [0.999_9, '1 s'],
  [59.9, '59.9 s'],
  [60, '1 m'],
  [125, '2 m 5 s'],
  [7_500, '2 h 5 m'],
  [90_000, '1 d 1 h'],
  [-0.5, '-500 ms'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test.each([
  [0, '0 %'],
  [0.123, '12.3 %'],
  [1, '100 %'],
  [0.001_5, '0.15 %'],
  [0.000_01, '<0.01 %'],
])('a ratio of %d is %s', (ratio, text) => {
  expect(formatRatio(ratio)).toBe(text);
});

describe('any value in any unit', () => {
  const units: readonly Unit[] = [
    'none',
    'bytes',
    'bytesPerSecond',
    'seconds',
    'ratio',
    'perSecond',
    'count',
    'boolean',
  ];

  test('that is not known is a dash', () => {
    for (const unit of units) {
      expect(formatValue(null, unit)).toBe('–');
      expect(formatValue(Number.NaN, unit)).toBe('–');
    }
    expect(formatValue(Infinity, 'bytes')).toBe('+Inf');
  });

  test('is short enough for a legend', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
        fc.constantFrom(...units),
        (value, unit) => {
          expect(formatValue(value, unit).length).toBeLessThanOrEqual(18);
        },
      ),
    );
  });
});

test.each<[string, Unit]>([
  ['process_resident_memory_bytes', 'bytes'],
  ['sum(rate(node_network_receive_bytes_total[5s]))', 'bytesPerSecond'],
  ['rate(http_server_request_duration_seconds_count[5s])', 'perSecond'],
  ['nodejs_eventloop_lag_p99_seconds', 'seconds'],
  ['histogram_quantile(0.95, sum by (le) (rate(x_seconds_bucket[1m])))', 'seconds'],
  ['nodejs_eventloop_utilization_ratio', 'ratio'],
  ['rate(process_cpu_seconds_total[5s])', 'none'],
  ['count(up)', 'count'],
  ['a_bytes / b_bytes', 'none'],
  ['node_load1', 'none'],
])('%s is most likely in %s', (expr, unit) => {
  expect(guessUnit(expr)).toBe(unit);
});
