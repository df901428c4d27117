import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { PrometheusErrorSchema, type PrometheusErrorType } from '@dwcp/api-schema';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Platform } from '../platform.ts';

const now = Math.floor(Date.now() / 1_000);
let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start({
    query: { timeout: '2s', maxSamples: 200_000 },
  });
  const lines: string[] = [];
  for (let i = 0; i < 3_200; i++) {
    lines.push(`many{i="${i}",text="${'a'.repeat(40)}"} ${i} ${(now - 60) * 1_000}`);
    lines.push(`more{i="${i}"} ${i} ${(now - 60) * 1_000}`);
  }
  for (let i = 0; i < 300; i++) lines.push(`long ${i} ${(now - 300 + i) * 1_000}`);
  await platform.importText(`${lines.join('\n')}\n`);
});
afterAll(() => platform[Symbol.asyncDispose]());

const instant = (query: string, more: Record<string, string> = {}): string =>
  `query?${new URLSearchParams({ query, ...more }).toString()}`;
const range = (query: string, more: Record<string, string> = {}): string =>
  `query_range?${new URLSearchParams({ query, start: String(now - 600), end: String(now), step: '10', ...more }).toString()}`;
const get = (path: string, parameters: Record<string, string>): string =>
  `${path}?${new URLSearchParams(parameters).toString()}`;

type BadQuery = readonly [
  path: string,
  status: number,
  errorType: PrometheusErrorType,
  message: string | RegExp,
];

const parseError = (query: string, at: string, problem: string): BadQuery => [
  instant(query),
  400,
  'bad_data',
  `invalid parameter "query": ${at}: parse error: ${problem}`,
];

const PARSE_ERRORS: readonly BadQuery[] = [
  parseError('', '1:1', 'no expression found in input'),
  parseError('1+', '1:3', 'unexpected end of input'),
  parseError('sum(', '1:5', 'unclosed left parenthesis'),
  parseError('(1))', '1:4', "unexpected right parenthesis ')'"),
  parseError('up{', '1:4', 'unexpected end of input inside braces'),
  parseError('up}', '1:3', "unexpected character: '}'"),
  parseError('up{a=b}', '1:6', 'unexpected identifier "b" in label matching, expected string'),
  parseError('up{a~"b"}', '1:5', "unexpected character inside braces: '~'"),
  parseError('{}', '1:1', 'vector selector must contain at least one non-empty matcher'),
  parseError('{a=~".*"}', '1:1', 'vector selector must contain at least one non-empty matcher'),
  parseError('"open', '1:1', 'unterminated quoted string'),
  parseError(
    'rate(up)',
    '1:6',
    'expected type range vector in call to function "rate", got instant vector',
  ),
  parseError('rate(up[5m], 1)', '1:1', 'expected 1 argument(s) in call to "rate", got 2'),
  parseError('nothing(up)', '1:1', 'unknown function with name "nothing"'),
  parseError(
    'sum(up[5m])',
    '1:5',
    'expected type instant vector in aggregation expression, got range vector',
  ),
  parseError(
    'topk(up)',
    '1:1',
    'wrong number of arguments for aggregate expression provided, expected 2, got 1',
  ),
  parseError('up[0s]', '1:4', 'duration must be greater than 0'),
  parseError(
    '-"a"',
    '1:1',
    'unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  ),
  parseError('1 and 1', '1:1', 'set operator "and" not allowed in binary scalar expression'),
  parseError('1 == 1', '1:3', 'comparisons between scalars must use BOOL modifier'),
  parseError('up + bool up', '1:4', 'bool modifier can only be used on comparison operators'),
  parseError('up offset 5m offset 5m', '1:1', 'offset may not be set multiple times'),
  parseError(
    'sum(up) offset 5m',
    '1:1',
    'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
  ),
  parseError('up @ NaN', '1:1', 'timestamp out of bounds for @ modifier: NaN'),
  parseError('up{a=~"("}', '1:4', 'error parsing regexp: missing closing ): `^(?s:()$`'),
  parseError('up{a=~"a{1001}"}', '1:4', 'error parsing regexp: invalid repeat count: `{1001}`'),
  parseError('up[5m][5m]', '1:7', 'ranges only allowed for vector selectors'),
  parseError('up{__name__="a"}', '1:1', 'metric name must not be set twice: "up" or "a"'),
  parseError(`${'('.repeat(20_000)}1`, '1:501', 'expression is nested too deeply'),
  parseError(`1${'+1'.repeat(20_000)}`, '1:2004', 'expression is nested too deeply'),
];

const BAD_PARAMETERS: readonly BadQuery[] = [
  [
    instant('up', { time: 'noon' }),
    400,
    'bad_data',
    'invalid parameter "time": Invalid time value for \'time\': cannot parse "noon" to a valid timestamp',
  ],
  [
    instant('up', { time: '2026-13-01T00:00:00Z' }),
    400,
    'bad_data',
    'invalid parameter "time": Invalid time value for \'time\': cannot parse "2026-13-01T00:00:00Z" to a valid timestamp',
  ],
  [
    instant('up', { timeout: 'soon' }),
    400,
    'bad_data',
    'invalid parameter "timeout": cannot parse "soon" to a valid duration',
  ],
  [
    instant('up', { timeout: '1e300' }),
    400,
    'bad_data',
    'invalid parameter "timeout": cannot parse "1e300" to a valid duration. It overflows int64',
  ],
  [
    instant('up', { limit: 'all' }),
    400,
    'bad_data',
    'invalid parameter "limit": strconv.Atoi: parsing "all": invalid syntax',
  ],
  [
    instant('up', { limit: '99999999999999999999' }),
    400,
    'bad_data',
    'invalid parameter "limit": strconv.Atoi: parsing "99999999999999999999": value out of range',
  ],
  [
    instant('up', { limit: '-1' }),
    400,
    'bad_data',
    'invalid parameter "limit": limit must be non-negative',
  ],
  [
    instant('up', { lookback_delta: 'far' }),
    400,
    'bad_data',
    'error parsing lookback delta duration: cannot parse "far" to a valid duration',
  ],
  [
    range('up', { start: '' }),
    400,
    'bad_data',
    'invalid parameter "start": cannot parse "" to a valid timestamp',
  ],
  [
    range('up', { end: 'never' }),
    400,
    'bad_data',
    'invalid parameter "end": cannot parse "never" to a valid timestamp',
  ],
  [
    range('up', { start: '2', end: '1' }),
    400,
    'bad_data',
    'invalid parameter "end": end timestamp must not be before start time',
  ],
  [
    range('up', { step: '0' }),
    400,
    'bad_data',
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  ],
  [
    range('up', { step: '-15s' }),
    400,
    'bad_data',
    'invalid parameter "step": cannot parse "-15s" to a valid duration',
  ],
  [
    range('up', { step: 'x' }),
    400,
    'bad_data',
    'invalid parameter "step": cannot parse "x" to a valid duration',
  ],
  [
    range('up[5m]'),
    400,
    'bad_data',
    'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
  ],
  ['series', 400, 'bad_data', 'no match[] parameter provided'],
  [
    get('series', { 'match[]': 'up{' }),
    400,
    'bad_data',
    'invalid parameter "match[]": 1:4: parse error: unexpected end of input inside braces',
  ],
  [
    get('series', { 'match[]': '{}' }),
    400,
    'bad_data',
    'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
  ],
  [
    get('series', { 'match[]': 'sum(up)' }),
    400,
    'bad_data',
    'invalid parameter "match[]": 1:4: parse error: unexpected "("',
  ],
  [get('labels', { 'match[]': '{a=""}' }), 400, 'bad_data', /^match\[\] must contain/],
  [
    get('labels', { start: 'x' }),
    400,
    'bad_data',
    'invalid parameter "start": Invalid time value for \'start\': cannot parse "x" to a valid timestamp',
  ],
  [get('label/a/values', { 'match[]': '1' }), 400, 'bad_data', /unexpected number "1"$/],
  [get('metadata', { limit: 'x' }), 400, 'bad_data', 'limit must be a number'],
  [get('targets/metadata', { match_target: '{' }), 400, 'bad_data', /^invalid parameter "match_/],
  [
    get('rules', { type: 'other' }),
    400,
    'bad_data',
    'invalid parameter "type": not supported value "other"',
  ],
  [
    get('rules', { group_limit: '0' }),
    400,
    'bad_data',
    'invalid parameter "group_limit": group_limit needs to be greater than 0',
  ],
  [
    get('rules', { group_next_token: 'x' }),
    400,
    'bad_data',
    'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups',
  ],
  [
    get('query_exemplars', { query: 'up', start: '2', end: '1' }),
    400,
    'bad_data',
    'end timestamp must not be before start timestamp',
  ],
  [get('status/tsdb', { limit: '0' }), 400, 'bad_data', 'limit must be a positive number'],
];

const RUNAWAYS: readonly BadQuery[] = [
  [
    range('up', { start: '0', end: '110010', step: '10' }),
    400,
    'bad_data',
    'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
  ],
  // 3,200 series at 9,000 steps, of which each counts.
  [
    range('many', { start: String(now - 270), end: String(now), step: '0.03' }),
    422,
    'execution',
    /too many samples|exceeded|limit/,
  ],
  [
    range('many * on(i) group_left more', { start: String(now - 270), step: '0.03' }),
    422,
    'execution',
    /too many samples|exceeded|limit/,
  ],
  // Each with each would be ten million.
  [
    instant('many * on() group_left more'),
    422,
    'execution',
    /^found duplicate series for the match group/,
  ],
  [
    instant('sum_over_time(sum_over_time(sum_over_time(long[1d:1s])[1d:1s])[1d:1s])'),
    422,
    'execution',
    /^the query is too much work: about 2e\+10 values to look at, which takes 1\d s .*; narrow it by labels/,
  ],
  [instant('max_over_time(many[1h:100ms])'), 422, 'execution', /too many samples|exceeded|limit/],
  [
    instant('count_values("x-y", up)', { timeout: '0' }),
    503,
    'timeout',
    'query timed out in query queue',
  ],
  [
    instant('label_replace(long, "a", "b", "i", "(")'),
    422,
    'execution',
    /invalid regular expression/,
  ],
  [
    instant('label_replace(many, "", "x", "i", ".*")'),
    422,
    'execution',
    /invalid destination label name/,
  ],
];

const isAs = (text: string, wanted: string | RegExp): boolean =>
  typeof wanted === 'string' ? text === wanted : wanted.test(text);

/** By POST where that is allowed: not every expression fits into a URL. */
async function answerOf(
  path: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const [endpoint = '', search = ''] = path.split('?');
  const response = endpoint.startsWith('query')
    ? await platform.fetch(`/api/v1/${endpoint}`, {
        method: 'POST',
        body: new URLSearchParams(search),
      })
    : await platform.fetch(`/api/v1/${path}`);
  return { status: response.status, body: await response.json() };
}

test('there are at least 60', () => {
  const all = [...PARSE_ERRORS, ...BAD_PARAMETERS, ...RUNAWAYS];
  expect(new Set(all.map(([path]) => path)).size).toBeGreaterThanOrEqual(60);
});

describe.each([
  ['an expression that does not parse', PARSE_ERRORS],
  ['a parameter that is wrong', BAD_PARAMETERS],
  ['a query that would never end or fit', RUNAWAYS],
])('%s', (_, queries) => {
  test.each(queries.map((query) => [query[0].slice(0, 120), query] as const))(
    '%s',
    async (_shown, [path, status, errorType, message]) => {
      const answer = await answerOf(path);
      expect(Value.Errors(PrometheusErrorSchema, answer.body)).toEqual([]);
      expect(answer).toEqual({
        status,
        body: {
          status: 'error',
          errorType,
          error: expect.toSatisfy((error: string) => isAs(error, message)),
        },
      });
      const healthy = await platform.fetch('/-/healthy');
      expect(healthy.status).toBe(200);
    },
  );
});

test('a catastrophic regular expression costs no more than a plain one', async () => {
  const query = 'count(many{text=~"(a+)+b"}) or vector(0)';
  const answer = await answerOf(instant(query));
  expect(answer).toMatchObject({
    status: 200,
    body: { data: { result: [{ value: [expect.any(Number), '0'] }] } },
  });
  const replaced = await answerOf(
    instant(`count(label_replace(many, "x", "$1", "text", "(.*a){20}c"))`),
  );
  expect(replaced).toMatchObject({
    status: 200,
    body: { data: { result: [{ value: [expect.any(Number), '3200'] }] } },
  });
});

const casesFile = join(
  import.meta.dirname,
  '../../../../../shared/conformance/promql/parse-cases.json',
);

test.skipIf(!existsSync(casesFile))(
  'every parse error of Prometheus is told in its words (needs the conformance folder)',
  async () => {
    const cases = JSON.parse(readFileSync(casesFile, 'utf8')) as readonly {
      readonly input: string;
      readonly fail: boolean;
      readonly errors: readonly string[];
    }[];
    // A text with a broken byte cannot be put into a URL as it stands there.
    const told = cases.filter(
      ({ errors }) => errors[0] !== undefined && errors[0] !== 'invalid UTF-8 rune',
    );
    expect(told.length).toBeGreaterThan(100);
    for (const { input, errors } of told) {
      const { status, body } = await answerOf(instant(input));
      const { error, ...rest } = body as { readonly error: string };
      expect({ input, code: status, ...rest }).toEqual({
        input,
        code: 400,
        status: 'error',
        errorType: 'bad_data',
      });
      expect(error.replace(/^.*?parse error: /s, '')).toBe(errors[0]);
    }
  },
);
