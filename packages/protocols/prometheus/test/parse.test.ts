import { InvalidInputError } from '@dwcp/core';
import { ExpositionError, parseExposition } from '@dwcp/protocol-prometheus';
import { describe, expect, test } from 'vitest';

const text = { format: 'text' } as const;
const openmetrics = { format: 'openmetrics' } as const;

function rows(body: string | Uint8Array, format: 'text' | 'openmetrics' = 'text'): unknown[] {
  return parseExposition(body, { format }).samples.map(({ labels, value, unixMs }) =>
    unixMs === undefined ? [labels.toString(), value] : [labels.toString(), value, unixMs],
  );
}

function failure(body: string | Uint8Array, format: 'text' | 'openmetrics' = 'text'): string {
  try {
    parseExposition(body, { format });
  } catch (error) {
    if (error instanceof ExpositionError) return error.message;
    throw error;
  }
  return 'parsed';
}

describe('the text format', () => {
  test('gives samples, and metadata by family', () => {
    const body = [
      '# HELP http_requests_total Requests,\\nall of \\\\them.',
      '# TYPE http_requests_total counter',
      'http_requests_total{method="post",code="200"} 1027 1395066363000',
      'http_requests_total{method="post",code="400"}    3 1395066363000',
      '# any other comment',
      'metric_without_timestamp_and_labels 12.47',
      '',
    ].join('\n');
    expect(rows(body)).toEqual([
      ['http_requests_total{code="200", method="post"}', 1027, 1_395_066_363_000],
      ['http_requests_total{code="400", method="post"}', 3, 1_395_066_363_000],
      ['metric_without_timestamp_and_labels', 12.47],
    ]);
    expect(parseExposition(body, text).metadata).toEqual([
      { name: 'http_requests_total', type: 'counter', help: 'Requests,\nall of \\them.', unit: '' },
    ]);
  });

  test('an empty body has no samples', () => {
    expect(parseExposition('', text)).toEqual({
      samples: [],
      metadata: [],
      problems: [],
      badLineCount: 0,
    });
  });

  test.each([
    [
      'blanks and tabs between tokens',
      ' \ta { b = "c" ,\td="e" , } \t 1 \t 7 ',
      'a{b="c", d="e"}',
      1,
    ],
    ['no blank before the value', 'a{b="c"}1', 'a{b="c"}', 1],
    ['no comma between labels', 'a{b="c" d="e"} 1', 'a{b="c", d="e"}', 1],
    ['no newline at the end', 'a 1', 'a', 1],
    ['an empty label set', 'a{} 1', 'a', 1],
    ['an empty label value, which is no label', 'a{b=""} 1', 'a', 1],
    ['escapes in a value', 'a{b="x\\"y\\\\z\\n\\t"} 1', 'a{b="x\\"y\\\\z\\n\\\\t"}', 1],
    ['a newline inside a value', 'a{b="x\ny"} 1', 'a{b="x\\ny"}', 1],
    ['braces and hashes in a value', 'a{b="}{ # "} 1', 'a{b="}{ # "}', 1],
    ['UTF-8 in a value', 'a{b="é漢😀"} 1', 'a{b="é漢😀"}', 1],
    ['a quoted metric name', '{"my.metric", a="b"} 1', '{"my.metric", a="b"}', 1],
    ['a quoted metric name after labels', '{a="b","my.metric"} 1', '{"my.metric", a="b"}', 1],
    ['a quoted label name', 'a{"b.c"="d"} 1', 'a{"b.c"="d"}', 1],
    ['colons in a metric name', 'job:a:rate5m 1', 'job:a:rate5m', 1],
    ['+Inf', 'a +Inf', 'a', Infinity],
    ['-inf', 'a -inf', 'a', -Infinity],
    ['Infinity', 'a infinity', 'a', Infinity],
    ['Nan', 'a Nan', 'a', Number.NaN],
    ['NAN', 'a NAN', 'a', Number.NaN],
    ['an exponent', 'a 1.7560473e+07', 'a', 17_560_473],
    ['a dot first', 'a .5', 'a', 0.5],
    ['a dot last', 'a 5.', 'a', 5],
    ['minus zero', 'a -0', 'a', -0],
    ['the smallest double', 'a 5e-324', 'a', 5e-324],
    ['17 digits', 'a 0.10000000000000001', 'a', 0.1],
  ])('%s', (_, line, labels, value) => {
    expect(rows(line)[0]).toEqual(line.endsWith('7 ') ? [labels, value, 7] : [labels, value]);
  });

  test('comments that only look like metadata are comments', () => {
    const body = '#HELP a\n# HELPFUL\n# TYPE\n#\n# UNIT a_s s\na 1\n';
    expect(rows(body)).toEqual([['a', 1]]);
    expect(parseExposition(body, text).metadata).toEqual([]);
  });

  test.each([
    ['a', 'line 1: expected a value, got the end of the input'],
    ['a\nb 1\n', 'line 1: expected a value, got the end of the line'],
    ['a 1\nhalf_a_li', 'line 2: expected a value, got the end of the input'],
    ['a 1\nb{c="d', 'line 2: expected a quoted value for the label "c", got "\\"d"'],
    ['a 1\nb{c="d"', 'line 2: expected a label name, got the end of the input'],
    ["a{b='c'} 1", 'line 1: expected a quoted value for the label "b", got "\'c\'} 1"'],
    ['a{b} 1', 'line 1: expected = after the label name "b", got "} 1"'],
    ['a{="c"} 1', 'line 1: expected a label name, got "=\\"c\\"} 1"'],
    ['a{b="1",b="2"} 1', 'line 1: the label "b" occurs twice'],
    ['a{b="c"', 'line 1: expected a label name, got the end of the input'],
    ['a{\\"} 1', 'line 1: expected a label name, got "\\\\\\"} 1"'],
    ['{b="c"} 1', 'line 1: the metric name is missing'],
    ['a{"b"} 1', 'line 1: the metric name is given twice'],
    ['{"a","b"} 1', 'line 1: the metric name is given twice'],
    ['{""} 1', 'line 1: a name is empty'],
    ['a true', 'line 1: expected a value, got "true"'],
    ['a 0x1p-3', 'line 1: expected a value, got "0x1p-3"'],
    ['a 0x10', 'line 1: expected a value, got "0x10"'],
    ['a 1_2', 'line 1: expected a value, got "1_2"'],
    ['a 1e999', 'line 1: expected a value, got "1e999"'],
    ['a +NaN', 'line 1: expected a value, got "+NaN"'],
    ['a 1\r\n', 'line 1: expected a value, got "1\\r"'],
    ['a 1 NaN', 'line 1: expected a timestamp in milliseconds or the end of the line, got "NaN"'],
    ['a 1 1.5', 'line 1: expected the end of the line, got ".5"'],
    ['a 1 99999999999999999999', 'line 1: the timestamp 99999999999999999999 is out of range'],
    ['a 1 1 1', 'line 1: expected the end of the line, got "1"'],
    [
      'a 1 # {b="c"} 1',
      'line 1: expected a timestamp in milliseconds or the end of the line, got "# {b=\\"c\\"} 1"',
    ],
    ['1a 1', 'line 1: expected a metric name, got "1a 1"'],
    [
      '# TYPE a meh',
      'line 1: "meh" is no metric type; known are counter, gauge, histogram, summary, untyped',
    ],
    ['# TYPE 9 gauge', 'line 1: expected a metric name, got "9 gauge"'],
    ['# HELP \n', 'line 1: expected a metric name, got the end of the line'],
  ])('%j is refused', (body, message) => {
    expect(failure(body)).toBe(message);
  });

  test('what is not UTF-8 is refused by line', () => {
    expect(failure(Buffer.from('a 1\nb{c="\xff"} 1\n', 'latin1'))).toBe('line 2: not valid UTF-8');
  });
});

describe('OpenMetrics as Prometheus takes it', () => {
  test('timestamps are seconds, and exemplars come along', () => {
    const body = '# TYPE a counter\na_total 17.0 1520879607.789 # {id="x"} 5 1520879607.1\n# EOF\n';
    const [sample] = parseExposition(body, openmetrics).samples;
    expect(sample?.unixMs).toBe(1_520_879_607_789);
    expect(sample?.exemplar).toMatchObject({ value: 5, unixMs: 1_520_879_607_100 });
    expect(sample?.exemplar?.labels.toObject()).toEqual({ id: 'x' });
  });

  test('TYPE, HELP and UNIT are kept', () => {
    const body =
      '# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds \\"x\\"\n# EOF';
    expect(parseExposition(body, openmetrics).metadata).toEqual([
      { name: 'a_seconds', type: 'gauge', help: '"x"', unit: 'seconds' },
    ]);
  });

  test('what only the specification forbids is taken, unless strict', () => {
    const body = '# TYPE a counter\na_total{b="c",} NaN\na_total{b="d"} 1\n# EOF\n';
    expect(rows(body, 'openmetrics')).toHaveLength(2);
    expect(() => parseExposition(body, { ...openmetrics, strict: true })).toThrow('line 2');
  });

  test.each([
    ['a 1\n', 'line 2: the data do not end with # EOF'],
    ['a 1', 'line 1: the data do not end with # EOF'],
    ['', 'line 1: the data do not end with # EOF'],
    ['a 1\n# EOF\n\n', 'line 2: data after # EOF'],
    ['a 1\n\n# EOF\n', 'line 2: expected a metric name, got the end of the line'],
    ['a  1\n# EOF\n', 'line 1: expected a value, got " 1"'],
    ['a 1 NaN\n# EOF\n', 'line 1: the timestamp NaN is not finite'],
    ['# FOO a b\n# EOF\n', 'line 1: expected # HELP, # TYPE, # UNIT or # EOF, got "# FOO a b"'],
    ['# UNIT a s\n# EOF\n', 'line 1: the unit "s" is not the ending of the metric name "a"'],
    ['a 1 # {b="c"} x\n# EOF\n', 'line 1: expected the exemplar\'s value, got "x"'],
    ['a{b="c\nd"} 1\n# EOF\n', 'line 1: expected a quoted value for the label "b", got "\\"c"'],
  ])('%j is refused', (body, message) => {
    expect(failure(body, 'openmetrics')).toBe(message);
  });
});

describe('skipping bad lines', () => {
  test('keeps the good ones and lists the bad', () => {
    const body = 'a 1\nb{ 2\n\nc{d="e} 3\nf 4 5\ng x\nh 6';
    const { samples, problems, badLineCount } = parseExposition(body, {
      ...text,
      onBadLine: 'skip',
    });
    expect(samples.map(({ labels }) => labels.metricName)).toEqual(['a', 'f', 'h']);
    expect(problems.map(({ line }) => line)).toEqual([2, 4, 6]);
    expect(badLineCount).toBe(3);
  });

  test('the list is bounded, the count is not', () => {
    const { problems, badLineCount } = parseExposition('bad\n'.repeat(500), {
      ...text,
      onBadLine: 'skip',
      maxProblems: 3,
    });
    expect([problems.length, badLineCount]).toEqual([3, 500]);
  });

  test('a body that is mostly bad is refused', () => {
    expect(() =>
      parseExposition('bad\n'.repeat(50), { ...text, onBadLine: 'skip', maxBadLines: 20 }),
    ).toThrow('line 21: more than 20 bad lines, the last: expected a value');
  });

  test('a quote that never closes costs its own line, not the rest of the body', () => {
    const { samples, problems } = parseExposition('a{b="\\"\nc 1\n', {
      ...text,
      onBadLine: 'skip',
    });
    expect([samples.length, problems.length]).toEqual([1, 1]);
  });

  test('does not go with strict', () => {
    expect(() => parseExposition('', { ...openmetrics, strict: true, onBadLine: 'skip' })).toThrow(
      InvalidInputError,
    );
  });
});
