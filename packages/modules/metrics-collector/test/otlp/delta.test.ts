import { type OtlpMetricsTranslator, type OtlpTranslation } from '@dwcp/metrics-collector';
import { decodeMetricsJson } from '@dwcp/protocol-otlp';
import { ManualClock } from '@dwcp/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { attributes, DELTA, linesOf, nano, request, rowsOf, sum, translator } from './requests.ts';

const t0 = 1_767_323_000_000;

interface Delta {
  readonly startMs: number;
  readonly endMs: number;
  readonly value: number;
}

const delta = (startMs: number, endMs: number, value: number): Delta => ({ startMs, endMs, value });

function send(subject: OtlpMetricsTranslator, deltas: readonly Delta[], id = 'a'): OtlpTranslation {
  const points = deltas.map(({ startMs, endMs, value }) => ({
    startTimeUnixNano: startMs === 0 ? '0' : nano(t0 + startMs),
    timeUnixNano: nano(t0 + endMs),
    asDouble: value,
    attributes: attributes({ id }),
  }));
  const metric = sum('c', points, { aggregationTemporality: DELTA });
  return subject.translate(decodeMetricsJson(request([metric])));
}

/** `value @ms` of each row, ms after t0. */
const shown = (translation: OtlpTranslation): readonly string[] =>
  rowsOf(translation).map(({ value, unixMs }) => `${Number(value)} @${unixMs - t0}`);

/** How much a counter grew, as `increase()` without extrapolation has it. */
function increaseOf(values: readonly number[]): number {
  let increase = 0;
  for (let i = 1; i < values.length; i++) {
    const [before = 0, value = 0] = [values[i - 1], values[i]];
    increase += value >= before ? value - before : value;
  }
  return increase;
}

describe('deltas of a counter', () => {
  test('add up from a zero right behind the first start', () => {
    const subject = translator();
    expect(shown(send(subject, [delta(1000, 2000, 5)]))).toEqual(['0 @1001', '5 @2000']);
    expect(shown(send(subject, [delta(2000, 3000, 2), delta(3000, 4000, 0)]))).toEqual([
      '7 @3000',
      '7 @4000',
    ]);
    expect(subject.deltaSeries).toBe(1);
  });

  test('of different attributes do not mix', () => {
    const subject = translator();
    send(subject, [delta(1000, 2000, 5)], 'a');
    expect(shown(send(subject, [delta(1000, 2000, 3)], 'b')).at(-1)).toBe('3 @2000');
    expect(shown(send(subject, [delta(2000, 3000, 1)], 'a'))).toEqual(['6 @3000']);
  });

  test('behind a gap start anew, also when the new value is above the old total', () => {
    const subject = translator();
    send(subject, [delta(1000, 2000, 5)]);
    expect(shown(send(subject, [delta(2500, 3000, 9)]))).toEqual(['0 @2501', '9 @3000']);
  });

  test('without a start add up whatever comes', () => {
    const subject = translator();
    expect(shown(send(subject, [delta(0, 2000, 5), delta(0, 9000, 1)]))).toEqual([
      '5 @2000',
      '6 @9000',
    ]);
  });

  test.each<[string, Delta, RegExp]>([
    ['delta_duplicate', delta(1000, 2000, 5), /counted already/],
    ['delta_out_of_order', delta(500, 1500, 5), /ends before/],
    ['delta_out_of_order', delta(2500, 2200, 5), /ends before/],
    ['delta_overlap', delta(1999.999, 3000, 5), /overlaps the one before it; give each process/],
    ['invalid_value', delta(2000, 3000, -1), /0 or more/],
    ['invalid_value', delta(2000, 3000, Number.NaN), /0 or more/],
  ])('%s is refused, counted, and changes nothing', async (reason, wrong, problem) => {
    const subject = translator();
    send(subject, [delta(1000, 2000, 5)]);
    const body = { ...wrong, value: wrong.value };
    const metric = sum(
      'c',
      [
        {
          startTimeUnixNano: nano(t0 + body.startMs),
          timeUnixNano: nano(t0 + body.endMs),
          asDouble: Number.isNaN(body.value) ? 'NaN' : body.value,
          attributes: attributes({ id: 'a' }),
        },
      ],
      { aggregationTemporality: DELTA },
    );
    const result = subject.translate(decodeMetricsJson(request([metric])));
    expect(linesOf(result)).toEqual([]);
    expect(result).toMatchObject({ pointCount: 0, rejectedCount: 1 });
    expect(result.rejected[0]?.problem).toMatch(problem);
    expect(await subject.told()).toContain(
      `dwcp_otlp_rejected_points_total{reason="${reason}"} 1\n`,
    );
    expect(shown(send(subject, [delta(2000, 3000, 1)]))).toEqual(['6 @3000']);
  });

  test('of too many series are refused until others expire', async () => {
    const clock = new ManualClock();
    const subject = translator({ clock, maxDeltaSeries: 2, deltaExpiryMs: 600_000 });
    send(subject, [delta(1000, 2000, 1)], 'a');
    send(subject, [delta(1000, 2000, 1)], 'b');
    const refused = send(subject, [delta(1000, 2000, 1)], 'c');
    expect(refused.rejectedCount).toBe(1);
    expect(refused.rejected[0]?.problem).toMatch(/too many to add up; send cumulative/);
    await clock.advance(400_000);
    send(subject, [delta(2000, 3000, 1)], 'b');
    await clock.advance(300_000);
    expect(shown(send(subject, [delta(1000, 2000, 1)], 'c'))).toEqual(['0 @1001', '1 @2000']);
    expect(shown(send(subject, [delta(3000, 4000, 1)], 'b'))).toEqual(['3 @4000']);
    expect(subject.deltaSeries).toBe(2);
    const told = await subject.told();
    expect(told).toContain('dwcp_otlp_delta_series 2\n');
    expect(told).toContain('dwcp_otlp_delta_expired_total 1\n');
  });

  test('behind the expiry start anew', async () => {
    const clock = new ManualClock();
    const subject = translator({ clock, deltaExpiryMs: 600_000 });
    send(subject, [delta(1000, 2000, 5)]);
    await clock.advance(600_000);
    expect(shown(send(subject, [delta(2000, 3000, 1)]))).toEqual(['0 @2001', '1 @3000']);
  });

  test('give back their sum, whatever gaps, restarts and refusals lie between', () => {
    const step = fc.record({
      value: fc.nat(1000),
      lengthMs: fc.integer({ min: 3, max: 60_000 }),
      gapMs: fc.constantFrom(0, 0, 0, 5_000),
      isRestart: fc.boolean(),
      isRepeated: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        let subject = translator();
        let endMs = 1_000;
        let total = 0;
        const values: number[] = [];
        const times: number[] = [];
        for (const { value, lengthMs, gapMs, isRestart, isRepeated } of steps) {
          if (isRestart) subject = translator();
          const startMs = endMs + gapMs;
          endMs = startMs + lengthMs;
          total += value;
          const one = delta(startMs, endMs, value);
          const sent = send(subject, isRepeated ? [one, one] : [one]);
          expect(sent.rejectedCount).toBe(isRepeated ? 1 : 0);
          for (const row of rowsOf(sent)) {
            values.push(Number(row.value));
            times.push(row.unixMs);
          }
        }
        expect(increaseOf(values)).toBe(total);
        // Every sample can be appended: times only rise.
        expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('deltas of a histogram', () => {
  const histogram = (
    startMs: number,
    endMs: number,
    bucketCounts: readonly number[],
    change: object = {},
  ): object => ({
    name: 'h',
    histogram: {
      aggregationTemporality: DELTA,
      dataPoints: [
        {
          startTimeUnixNano: nano(t0 + startMs),
          timeUnixNano: nano(t0 + endMs),
          count: String(bucketCounts.reduce((a, b) => a + b, 0)),
          sum: bucketCounts.length,
          explicitBounds: [1, 2],
          bucketCounts: bucketCounts.map(String),
          ...change,
        },
      ],
    },
  });
  const translate = (subject: OtlpMetricsTranslator, metric: object): readonly string[] =>
    linesOf(subject.translate(decodeMetricsJson(request([metric])))).map((line) =>
      line.replace(/@(\d+)/, (_, ms: string) => `@${Number(ms) - t0}`),
    );

  test('add up by bucket', () => {
    const subject = translator();
    expect(translate(subject, histogram(1000, 2000, [1, 2, 3]))).toEqual([
      'h_bucket{le="1"} 0 @1001',
      'h_bucket{le="2"} 0 @1001',
      'h_bucket{le="+Inf"} 0 @1001',
      'h_sum 0 @1001',
      'h_count 0 @1001',
      'h_bucket{le="1"} 1 @2000',
      'h_bucket{le="2"} 3 @2000',
      'h_bucket{le="+Inf"} 6 @2000',
      'h_sum 3 @2000',
      'h_count 6 @2000',
    ]);
    expect(translate(subject, histogram(2000, 3000, [0, 1, 0]))).toEqual([
      'h_bucket{le="1"} 1 @3000',
      'h_bucket{le="2"} 4 @3000',
      'h_bucket{le="+Inf"} 7 @3000',
      'h_sum 6 @3000',
      'h_count 7 @3000',
    ]);
  });

  test('of other bounds start anew', () => {
    const subject = translator();
    translate(subject, histogram(1000, 2000, [1, 2, 3]));
    const changed = histogram(2000, 3000, [1, 0, 0], { explicitBounds: [1, 3] });
    expect(translate(subject, changed).slice(-5)).toEqual([
      'h_bucket{le="1"} 1 @3000',
      'h_bucket{le="3"} 1 @3000',
      'h_bucket{le="+Inf"} 1 @3000',
      'h_sum 3 @3000',
      'h_count 1 @3000',
    ]);
  });

  test('one without a sum ends the sum', () => {
    const subject = translator();
    translate(subject, histogram(1000, 2000, [1, 2, 3]));
    const lines = translate(subject, histogram(2000, 3000, [1, 0, 0], { sum: undefined }));
    expect(lines.some((line) => line.startsWith('h_sum'))).toBe(false);
    expect(lines.at(-1)).toBe('h_count 7 @3000');
  });
});
