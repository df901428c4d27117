import { extractTraceContext, injectTraceContext } from '@dwcp/tracing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const good = `00-${traceId}-${spanId}-01`;

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(
      fc.nat({ max: 15 }).map((digit) => digit.toString(16)),
      { minLength: length, maxLength: length },
    )
    .map((digits) => digits.join(''))
    .filter((id) => !/^0+$/.test(id));

test('what was injected is extracted', () => {
  fc.assert(
    fc.property(
      fc.record({
        traceId: hex(32),
        spanId: hex(16),
        sampled: fc.boolean(),
        traceState: fc.constantFrom('', 'a=1', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'),
      }),
      (context) => {
        expect(extractTraceContext(injectTraceContext(context, {}))).toEqual(context);
      },
    ),
  );
});

describe('a malformed traceparent is as none', () => {
  test.each([
    undefined,
    '',
    'nonsense',
    good.toUpperCase(),
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${spanId}-1`,
    `${good}-extra`,
    `${good}.`,
    `01-${traceId}-${spanId}-01.extra`,
  ])('%s', (traceparent) => {
    expect(extractTraceContext({ traceparent })).toBeUndefined();
  });

  test('two of them', () => {
    expect(extractTraceContext({ traceparent: [good, good] })).toBeUndefined();
  });
});

test('a later version is read as far as version 00 goes', () => {
  expect(extractTraceContext({ traceparent: `cc-${traceId}-${spanId}-09-what` })).toMatchObject({
    traceId,
    spanId,
    sampled: true,
  });
});

describe('tracestate', () => {
  const state = (tracestate: string | readonly string[]): string | undefined =>
    extractTraceContext({ traceparent: good, tracestate })?.traceState;

  test('repeated headers join, spaces and empty members go', () => {
    expect(state(['a=1', ' b=2 ,, c=3\t'])).toBe('a=1,b=2,c=3');
  });

  test('32 members pass and 33 do not', () => {
    const members = (count: number): string =>
      Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');
    expect(state(members(32))).toBe(members(32));
    expect(state(members(33))).toBe('');
  });

  test.each([
    ['key of 256 characters', `${'a'.repeat(256)}=1`, true],
    ['key of 257 characters', `${'a'.repeat(257)}=1`, false],
    ['tenant key', `${'t'.repeat(241)}@${'v'.repeat(14)}=1`, true],
    ['tenant too long', `${'t'.repeat(242)}@v=1`, false],
    ['vendor too long', `t@${'v'.repeat(15)}=1`, false],
    ['upper case key', 'A=1', false],
    ['repeated key', 'a=1,a=2', false],
    ['value with =', 'a=1=2', false],
    ['no value', 'a=', false],
    ['no =', 'a', false],
  ])('%s', (_, text, valid) => {
    expect(state(text)).toBe(valid ? text : '');
  });
});

test('header names may be in any case, and the headers of fetch do as well', () => {
  expect(extractTraceContext({ TraceParent: good, TRACESTATE: 'a=1' })).toMatchObject({
    traceId,
    traceState: 'a=1',
  });
  expect(extractTraceContext(new Headers({ traceparent: good }))).toMatchObject({ traceId });
  expect(extractTraceContext(new Headers())).toBeUndefined();
  expect(extractTraceContext({ traceparent: good, TraceParent: good })).toBeUndefined();
  expect(extractTraceContext({ 'trace-parent': good })).toBeUndefined();
});

test('the flag of a random trace id survives the way in and out, unknown flags do not', () => {
  const headers = { traceparent: `00-${traceId}-${spanId}-0b` };
  const context = extractTraceContext(headers);
  expect(context).toMatchObject({ sampled: true, randomTraceId: true });
  if (context === undefined) throw new Error('no context');
  expect(injectTraceContext(context, {})['traceparent']).toBe(`00-${traceId}-${spanId}-03`);
});

test('spaces and tabs around traceparent go', () => {
  expect(extractTraceContext({ traceparent: `\t ${good} \t` })).toMatchObject({ traceId });
});
