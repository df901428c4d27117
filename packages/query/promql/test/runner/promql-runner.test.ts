import { PromqlEngine } from '@dwcp/promql';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { runScript } from '../support/promql-runner.ts';

const lines = (...text: readonly string[]): string => text.join('\n');
const ramp = ['load 1m', '  a{x="1"} 0+10x10', '  a{x="2"} 0+20x10', ''];

async function failuresOf(...text: readonly string[]): Promise<readonly string[]> {
  const { failures } = await runScript(lines(...text));
  return failures.map(({ line, expected, got }) => `${line}: expected ${expected}, got ${got}`);
}

describe('what an eval expects', () => {
  test('right expectations pass, and the repeats are asked too', async () => {
    const outcome = await runScript(
      lines(
        ...ramp,
        'eval instant at 5m a',
        '  a{x="1"} 50',
        '  a{x="2"} 100',
        '',
        'eval range from 0 to 2m step 1m sum(a)',
        '  {} 0 30 60',
        '',
        'eval instant at 5m 1 + 1',
        '  2',
        'eval instant at 5m "text"',
        '  expect string "text"',
      ),
    );
    expect(outcome).toMatchObject({ evals: 4, passed: 4, failures: [] });
    // 12 each for the vector and the scalar, 6 for the string without ranges, 1 for the range.
    expect(outcome.queries).toBe(12 + 1 + 12 + 6);
  });

  test.each([
    ['another value', ['a{x="1"} 51', 'a{x="2"} 100'], 'a{x="1"} 51, got a{x="1"} 50'],
    ['a series that is not there', ['a{x="1"} 50', 'a{x="2"} 100', 'b 1'], 'b 1, got no such'],
    ['a series too few', ['a{x="1"} 50'], 'no such series, got a{x="2"} 100'],
    ['another order', ['expect ordered', 'a{x="2"} 100', 'a{x="1"} 50'], 'position 1'],
    ['a scalar', ['50'], 'scalar 50, got a vector'],
    ['a string', ['expect string "50"'], 'string "50", got a vector'],
    ['a failure', ['expect fail'], 'error: any message, got a vector'],
    ['a warning', ['expect warn', 'a{x="1"} 50', 'a{x="2"} 100'], 'warn: none'],
  ])('%s fails and tells both sides', async (_, wanted, message) => {
    const [failure, ...more] = await failuresOf(...ramp, 'eval instant at 5m a', ...wanted);
    expect(more).toEqual([]);
    expect(failure).toMatch(/^5: expected /);
    expect(failure).toContain(message);
  });

  test('a wrong value in the middle of a range fails, and so does a missing gap', async () => {
    const range = 'eval range from 0 to 2m step 1m a{x="1"}';
    expect(await failuresOf(...ramp, range, 'a{x="1"} 0 11 20')).toEqual([
      '5: expected a{x="1"} @0s 0, @60s 11, @120s 20, got a{x="1"} @0s 0, @60s 10, @120s 20',
    ]);
    expect(await failuresOf(...ramp, range, 'a{x="1"} 0 _ 20')).toHaveLength(1);
  });

  test('floats may differ by less than a millionth, but an expected 0 is exactly 0', async () => {
    const third = 'eval instant at 0 vector(1 / 3)';
    expect(await failuresOf(third, '{} 0.33333334')).toEqual([]);
    expect(await failuresOf(third, '{} 0.33334')).toHaveLength(1);
    expect(await failuresOf('eval instant at 0 vector(1e-300)', '{} 0')).toHaveLength(1);
  });

  test('an error is compared without its position', async () => {
    const both = 'eval instant at 5m a + on() a';
    const [failure] = await failuresOf(...ramp, both, 'expect fail msg: something else');
    expect(failure).toMatch(
      /^5: expected error: something else, got error: found duplicate series/,
    );
    expect(
      await failuresOf(...ramp, both, 'expect fail regex: duplicate series.*left'),
    ).toHaveLength(1);
    expect(await failuresOf(...ramp, both, 'expect fail regex: duplicate series')).toEqual([]);
  });

  test('an engine that answers otherwise over a range or a pinned time fails in the repeat', async () => {
    const script = lines(...ramp, 'eval instant at 5m sum(a)', '{} 150');
    const { failures } = await runScript(script, (store) => {
      const engine = new PromqlEngine({ store, clock: new ManualClock() });
      return {
        instant: (query) => engine.instant(query),
        range: (query) => engine.range({ ...query, expression: `1 + ${query.expression}` }),
      };
    });
    expect(failures).toMatchObject([
      { line: 5, expression: 'sum(a)', repeat: 'sum(a) at 300s in a range', got: '{} 151' },
    ]);
    const pinned = await runScript(script, (store) => {
      const engine = new PromqlEngine({ store, clock: new ManualClock() });
      return {
        instant: ({ expression, unixMs }) =>
          engine.instant({ expression: unixMs < 0 ? `2 * ${expression}` : expression, unixMs }),
        range: (query) => engine.range(query),
      };
    });
    expect(pinned.failures).toMatchObject([
      { line: 5, repeat: 'sum(a @ 300.000) at -3000s', got: '{} 300' },
    ]);
  });
});

describe('native histograms', () => {
  const native = [
    'load 1m',
    '  h {{schema:0 sum:1 count:1 buckets:[1]}}+{{sum:1 count:1 buckets:[1]}}x5',
    '',
  ];

  test('empty buckets and the hint that is not stated do not count', async () => {
    const at = 'eval instant at 2m h';
    expect(await failuresOf(...native, at, 'h {{sum:3 count:3 buckets:[3 0]}}')).toEqual([]);
    expect(
      await failuresOf(...native, at, 'h {{sum:3 count:3 buckets:[3] counter_reset_hint:gauge}}'),
    ).toEqual([
      '4: expected h {{count:3 sum:3 counter_reset_hint:gauge buckets:[3]}}, got h {{count:3 sum:3 counter_reset_hint:not_reset buckets:[3]}}',
    ]);
    expect(
      await failuresOf(...native, at, 'h {{sum:3 count:3 offset:1 buckets:[3]}}'),
    ).toHaveLength(1);
  });

  test('an increment finer than its base is brought to the schema of the base', async () => {
    // Buckets 1 and 2 of schema 1 lie in bucket 1 of schema 0.
    const load = '  h {{count:1 buckets:[1]}}+{{schema:1 count:2 offset:1 buckets:[1 1]}}x1';
    const eval_ = ['eval instant at 1m h', 'h {{count:3 buckets:[1 2]}}'];
    expect(await failuresOf('load 1m', load, '', ...eval_)).toEqual([]);
  });

  test('stored hints are those of chunks without a reset', async () => {
    const load =
      '  h {{count:2 buckets:[2]}} {{count:3 buckets:[3]}} {{count:1 buckets:[1]}} {{count:1 buckets:[1]}}';
    const hints = ['unknown', 'not_reset', 'unknown', 'not_reset'];
    const counts = [2, 3, 1, 1];
    const evals = hints.flatMap((hint, i) => [
      `eval instant at ${i}m h`,
      `h {{count:${counts[i]} buckets:[${counts[i]}] counter_reset_hint:${hint}}}`,
      '',
    ]);
    expect(await failuresOf('load 1m', load, '', ...evals)).toEqual([]);
  });

  test('load_with_nhcb makes one out of a classic histogram', async () => {
    expect(
      await failuresOf(
        'load_with_nhcb 1m',
        '  h_bucket{le="1"} 2',
        '  h_bucket{le="+Inf"} 5',
        '  h_bucket{le="4"} 2',
        '  h_sum 12',
        '  h_count 5',
        '',
        'eval instant at 0 h',
        '  h {{schema:-53 sum:12 count:5 custom_values:[1 4] buckets:[2 0 3]}}',
        '',
        'eval instant at 0 h_count',
        '  h_count 5',
      ),
    ).toEqual([]);
  });
});

describe('start timestamps', () => {
  const evaluation = ['eval instant at 3m start_timestamp(a)', '  {} 150'];

  test('stand before their samples, or alone for all that follow', async () => {
    const own = ['load 1m', '  a@st _ -30sx1 -10s', '  a 0 1 2 3', ''];
    expect(await failuresOf(...own, ...evaluation)).toHaveLength(1);
    const right = ['load 1m', '  a@st -30s-1sx1 _ -30s', '  a 0 1 2 3', ''];
    expect(await failuresOf(...right, ...evaluation)).toEqual([]);
    const common = ['load 1m', '  @st -10s -30s', '  a 0 1 2 3', ''];
    expect(await failuresOf(...common, ...evaluation)).toEqual([]);
    const again = ['load 1m', '  a@st -30s *x1', '  a 1 2 3', ''];
    const earlier = ['eval instant at 2m start_timestamp(a)', '  {} 90'];
    expect(await failuresOf(...again, ...earlier)).toEqual([]);
  });
});

describe('a script that cannot be read', () => {
  test.each([
    ['an unknown command', ['', 'laod 1m'], 'line 2: there is no command "laod 1m"'],
    ['a step that is none', ['load 1x'], 'line 1: "1x" is no duration, in "load 1x"'],
    [
      'a value',
      ['load 1m', '  a 1 2', '  b 1 two'],
      'line 3: cannot read value "two", in "b 1 two"',
    ],
    ['lone start times', ['load 1m', '  a@st -1s', '  b 1'], 'line 2: start timestamps want the'],
    [
      'too few start times',
      ['load 1m', '  a@st -1s', '  a 1 2'],
      'line 2: 1 start timestamps for 2',
    ],
    ['an offset', ['load 1m', '  a@st 1x', '  a 1'], 'line 2: cannot read offset "1x"'],
    ['a selector for a series', ['load 1m', '  a{x=~"1"} 1'], 'line 2: a series wants x="..."'],
    ['a histogram', ['load 1m', '  a {{size:1}}'], 'line 2: a histogram has no field size'],
    ['an eval', ['# comment', 'eval at 5m a'], 'line 2: eval wants "instant [at <time>]"'],
    ['a backward range', ['eval range from 2m to 1m step 1m a'], 'line 1: the range ends at 1m'],
    ['an expectation', ['eval instant at 0 a', 'expect luck'], 'line 2: expect wants fail, warn'],
    [
      'a contradiction',
      ['eval instant at 0 a', 'expect warn', 'expect no_warn'],
      'line 3: a message',
    ],
    [
      'values for one moment',
      ['eval instant at 0 a', 'a 1 2'],
      'line 2: an instant query gives one',
    ],
    ['an eval inside a load', ['load 1m', '  a 1', 'eval instant at 0 a'], 'line 3: '],
  ])('%s is told with its line', async (_, text, message) => {
    await expect(runScript(lines(...text))).rejects.toThrow(message);
  });
});
