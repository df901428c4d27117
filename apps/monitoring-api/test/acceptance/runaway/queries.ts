import { END_MS } from './many-series.ts';

export interface RunawayQuery {
  readonly name: string;
  readonly method?: 'GET';
  /** Under /api/v1, with a leading slash elsewhere. */
  readonly path: string;
  readonly parameters: readonly (readonly [string, string])[];
  readonly status: number;
  /** The error, or the beginning of the body where there is none. */
  readonly tells: RegExp;
}

const end = END_MS / 1_000;
const TOO_MANY_SAMPLES = /^query processing would load too many samples .*(narrow|aggregate)/;
const TOO_MUCH_WORK = /^the query is too much work: about .*; narrow it by labels, a shorter range/;
const TOO_DEEP = /parse error: expression is nested too deeply$/;
const TOO_SLOW = /takes too long to match: \d+ ms for \d+ characters; use a simpler one/;
const TOO_LONG_PATTERN = /regular expression: .* is longer than 32768 characters/;
const TOO_LONG_LABEL = /would make a value of more than 16384 characters for the label/;
const SUCCESS = /^\{"status":"success"/;

const repeat = (count: number, make: (i: number) => string, between: string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join(between);

function instant(name: string, query: string, status: number, tells: RegExp): RunawayQuery {
  const parameters = Object.entries({ query, time: String(end) });
  return { name, path: 'query', parameters, status, tells };
}

/** At 11,001 steps unless told otherwise: as many as Prometheus answers. */
function range(
  name: string,
  query: string,
  status: number,
  tells: RegExp,
  more: Readonly<Record<string, string>> = {},
): RunawayQuery {
  const times = { start: String(end - 3_300), end: String(end), step: '0.3' };
  const parameters = Object.entries({ query, ...times, ...more });
  return { name, path: 'query_range', parameters, status, tells };
}

function asked(
  name: string,
  path: string,
  parameters: RunawayQuery['parameters'],
  status: number,
  tells: RegExp,
): RunawayQuery {
  return { name, path, parameters, status, tells };
}

const ALL = '{__name__=~".+"}';
/** A step per character and instruction, of which there are some thousands. */
const CATASTROPHIC = `${'(a{0,10}){0,100}'.repeat(3)}!`;
const orChain = (count: number): string =>
  repeat(count, (i) => `label_replace(wide, "k", "${i}", "", "")`, ' or ');
const nested = (levels: number, times: string): string =>
  `${'sum_over_time('.repeat(levels)}day${`[${times}])`.repeat(levels)}`;

const PRODUCTS: readonly RunawayQuery[] = [
  instant('each with each', 'many * on() group_left more', 422, /^found duplicate series for the/),
  instant('ten million series in a chain of or', orChain(250), 422, TOO_MANY_SAMPLES),
  instant('their sum', `sum(${orChain(250)})`, 422, TOO_MANY_SAMPLES),
  instant('an answer of 120,000 series', orChain(3), 200, SUCCESS),
  range('40,000 series at 11,001 steps', 'wide', 422, TOO_MANY_SAMPLES),
  range('with themselves', 'wide * on(i) wide', 422, TOO_MANY_SAMPLES),
  range('renamed', 'label_replace(wide, "x", "$1", "i", "(.*)")', 422, TOO_MANY_SAMPLES),
  range('40,000 groups', 'sum by (i) (wide)', 422, TOO_MANY_SAMPLES),
  range('the largest', 'topk(40000, wide)', 422, TOO_MANY_SAMPLES),
  range('a quantile', 'quantile(0.9, wide)', 422, TOO_MANY_SAMPLES),
  range('each value a label', 'count_values("v", wide)', 422, TOO_MANY_SAMPLES),
  range('info', 'info(wide)', 422, TOO_MANY_SAMPLES),
  range('one step too many', 'vector(1)', 400, /^exceeded maximum resolution of 11,000 points/, {
    start: String(end - 3_300.3),
  }),
  range('11,001 steps of one series', 'vector(1)', 200, SUCCESS),
  range('a window of a day at each', 'mad_over_time(day[24h])', 200, SUCCESS),
  range('its spread', 'stddev_over_time(day[24h])', 200, SUCCESS),
  range('the spread of half a day as it passes', 'stddev_over_time(day[12h])', 200, SUCCESS, {
    start: String(end - 12 * 3_600),
    step: '15',
  }),
  range('a line through a day at each', 'predict_linear(day[24h], 60)', 503, /timed out/, {
    timeout: '1s',
  }),
];

const SUBQUERIES: readonly RunawayQuery[] = [
  instant('five levels of seconds', nested(5, '1d:1s'), 422, TOO_MUCH_WORK),
  instant('five levels of 10 ms', nested(5, '1h:10ms'), 422, TOO_MUCH_WORK),
  instant('five levels of a millisecond', nested(5, '1d:1ms'), 422, TOO_MUCH_WORK),
  instant('of a constant', 'count_over_time(vector(1)[10y:1ms])', 422, TOO_MUCH_WORK),
  instant('of all series', 'max_over_time(wide[1h:100ms])', 422, TOO_MANY_SAMPLES),
  instant('290 years by the millisecond', 'count_over_time(wide[290y:1ms])', 422, TOO_MUCH_WORK),
  range('the spread of a day of 10 ms', 'stddev_over_time(day[1d:10ms])', 422, TOO_MUCH_WORK),
  range('a line through as many', 'predict_linear(day[1d:10ms], 60)', 422, TOO_MUCH_WORK),
  range('of a sum', 'sum_over_time(sum(day)[1d:1s])', 200, SUCCESS, { step: '60' }),
  instant('a range that is none', 'rate(wide[99999999999y])', 400, /duration out of range$/),
  instant('a moment far away', 'wide @ 9e15', 200, SUCCESS),
  instant('an offset of 290 years', 'wide offset -290y', 200, SUCCESS),
];

const PATTERNS: readonly RunawayQuery[] = [
  instant('(a+)+$', 'count(many{text=~"(a+)+$"}) or vector(0)', 200, /"0"\]/),
  instant('repeats in repeats', `many{text=~"${CATASTROPHIC}"}`, 422, TOO_SLOW),
  instant(
    'in label_replace',
    `label_replace(many, "x", "$1", "text", "${CATASTROPHIC}")`,
    422,
    TOO_SLOW,
  ),
  asked('in series', 'series', [['match[]', `{text=~"${CATASTROPHIC}"}`]], 400, TOO_SLOW),
  asked('in labels', 'labels', [['match[]', `{text=~"x?${CATASTROPHIC}"}`]], 400, TOO_SLOW),
  instant(
    'more repeats in repeats',
    `many{text=~"${CATASTROPHIC.repeat(10)}"}`,
    400,
    /compiles to \d+ instructions, more than 10000; repeat less in it$/,
  ),
  instant('a long pattern', `many{text=~"${'(a*)*'.repeat(10_000)}"}`, 400, TOO_LONG_PATTERN),
  instant('too many repeats', 'many{text=~"a{1001}"}', 400, /invalid repeat count: `\{1001\}`$/),
  instant(
    'a choice of 50,000',
    `count(wide{pod=~"${repeat(50_000, (i) => `pod-${i}`, '|')}"}) or vector(0)`,
    200,
    /"0"\]/,
  ),
];

const LABELS: readonly RunawayQuery[] = [
  instant(
    'a replacement of megabytes',
    `label_replace(many, "x", "${'$1'.repeat(10_000)}", "text", "(.*)")`,
    422,
    TOO_LONG_LABEL,
  ),
  instant(
    'a label that doubles',
    `${'label_join('.repeat(20)}many${',"text","","text","text")'.repeat(20)}`,
    422,
    TOO_LONG_LABEL,
  ),
  instant(
    'a label of 100,000 others',
    `label_join(wide, "a", ",", ${repeat(100_000, () => '"i"', ',')})`,
    422,
    TOO_LONG_LABEL,
  ),
  instant('sorted by label', 'sort_by_label(wide, "pod", "i")', 200, SUCCESS),
  instant('a value each', 'count_values("v", wide)', 200, SUCCESS),
];

const EXPRESSIONS: readonly RunawayQuery[] = [
  instant('a megabyte of +', `up${'+up'.repeat(349_000)}`, 400, TOO_DEEP),
  instant('more than a megabyte', `"${'a'.repeat(1_100_000)}"`, 400, /longer than 1048576/),
  instant('10,000 parentheses', `${'('.repeat(10_000)}1${')'.repeat(10_000)}`, 400, TOO_DEEP),
  instant('10,000 signs', `${'-'.repeat(10_000)}up`, 400, TOO_DEEP),
  instant('10,000 powers', `2${'^2'.repeat(10_000)}`, 400, TOO_DEEP),
  instant('10,000 calls', `${'abs('.repeat(10_000)}up${')'.repeat(10_000)}`, 400, TOO_DEEP),
  instant(
    '30,000 matchers',
    `wide{${repeat(30_000, (i) => `l${i}!="${i}"`, ',')}}`,
    400,
    /may have 100 label matchers at most/,
  ),
  asked('formatted', 'format_query', [['query', `up${'+up'.repeat(349_000)}`]], 400, TOO_DEEP),
  asked('taken apart', 'parse_query', [['query', '('.repeat(100_000)]], 400, TOO_DEEP),
];

const EVERYTHING: readonly RunawayQuery[] = [
  asked('series', 'series', [['match[]', ALL]], 200, SUCCESS),
  asked(
    'series, 200 times',
    'series',
    Array.from({ length: 200 }, () => ['match[]', ALL] as const),
    200,
    SUCCESS,
  ),
  asked(
    'exemplars, 400 times',
    'query_exemplars',
    [['query', repeat(400, () => ALL, '+')]],
    200,
    SUCCESS,
  ),
  {
    ...asked('federation', '/federate', [['match[]', ALL]], 200, /^# TYPE /),
    method: 'GET',
  },
  asked(
    'a limit beyond all numbers',
    'query',
    Object.entries({ query: 'wide', time: String(end), limit: '9'.repeat(30) }),
    400,
    /value out of range$/,
  ),
];

export const RUNAWAY_QUERIES: Readonly<Record<string, readonly RunawayQuery[]>> = {
  'products of series and steps': PRODUCTS,
  'nested subqueries and absurd times': SUBQUERIES,
  'catastrophic regular expressions': PATTERNS,
  'labels that grow': LABELS,
  'monstrous expressions': EXPRESSIONS,
  everything: EVERYTHING,
};
