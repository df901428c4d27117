import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { errorFromAnswer, errorPosition } from '../src/api/errors.ts';
import { ServerSentEventParser } from '../src/api/sse.ts';

describe('an error answer', () => {
  test('in the Prometheus shape keeps the message', () => {
    const error = errorFromAnswer(400, {
      status: 'error',
      errorType: 'bad_data',
      error: '1:3: parse error: unexpected end',
    });
    expect(error).toMatchObject({
      status: 400,
      title: 'The query was refused',
      message: '1:3: parse error: unexpected end',
    });
  });

  test('as problem details names every field', () => {
    const error = errorFromAnswer(422, {
      title: 'Invalid request',
      detail: 'two fields are wrong',
      requestId: 'req-7f',
      errors: [{ pointer: '/limit', detail: 'must be <= 1000' }],
    });
    expect(error).toMatchObject({ title: 'Invalid request', requestId: 'req-7f' });
    expect(error.message).toBe('two fields are wrong\n/limit must be <= 1000');
  });

  test('as bare text, as of Alertmanager, is that text', () => {
    expect(errorFromAnswer(400, 'end time must not be in the past')).toMatchObject({
      status: 400,
      title: 'It was refused',
      message: 'end time must not be in the past',
    });
  });

  test.each([undefined, null, '', 7, [], { errors: [null, 3] }])(
    'of any other kind (%j) still says the status',
    (body) => {
      expect(errorFromAnswer(502, body)).toMatchObject({
        status: 502,
        title: 'HTTP 502',
        message: 'The server answered 502.',
      });
    },
  );
});

describe('the position in a PromQL error', () => {
  test('is found at the start or after a prefix', () => {
    expect(errorPosition('1:10: parse error: unexpected "}"')).toEqual({
      line: 1,
      column: 10,
      reason: 'unexpected "}"',
    });
    expect(errorPosition('invalid parameter "query": 2:5: parse error: no')).toEqual({
      line: 2,
      column: 5,
      reason: 'no',
    });
  });

  test('is not invented', () => {
    expect(errorPosition('query timed out')).toBeUndefined();
  });
});

describe('server-sent events', () => {
  const stream =
    ': hello\n\nevent: log\ndata: {"a":1}\n\ndata: one\r\ndata:two\r\n\r\nevent: empty\n\nid: 3\ndata: é\n\n';
  const expected = [
    { event: 'log', data: '{"a":1}' },
    { event: 'message', data: 'one\ntwo' },
    { event: 'message', data: 'é' },
  ];

  test('are read with comments, names, several lines and both line ends', () => {
    expect(new ServerSentEventParser().push(stream)).toEqual(expected);
  });

  test('are the same wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const parser = new ServerSentEventParser();
        const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        const read = at.slice(1).flatMap((end, i) => parser.push(stream.slice(at[i], end)));
        expect(read).toEqual(expected);
      }),
    );
  });

  test('an event without its blank line waits', () => {
    const parser = new ServerSentEventParser();
    expect(parser.push('data: half')).toEqual([]);
    expect(parser.push('\n\n')).toEqual([{ event: 'message', data: 'half' }]);
  });
});
