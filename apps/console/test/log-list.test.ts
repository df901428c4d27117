import { expect, test } from 'vitest';

import { type LogRecord } from '../src/api/types.ts';
import { compareNano, prependRecords } from '../src/pages/logs/log-list.ts';

const record = (timeUnixNano: string, body = 'x'): LogRecord => ({
  timeUnixNano,
  severityNumber: 9,
  severityText: 'INFO',
  level: 'info',
  body,
  attributes: {},
  traceId: null,
  spanId: null,
  service: 'dwcp',
  region: 'eu-west-1',
  resource: { attributes: {} },
  scope: { name: '' },
});

const times = (records: readonly LogRecord[]): string[] => records.map((one) => one.timeUnixNano);

test('new records come first, newest on top, whatever order they arrived in', () => {
  expect(
    times(prependRecords([record('5')], [record('7'), record('10'), record('6')], 100)),
  ).toEqual(['10', '7', '6', '5']);
});

test('a record that came by search and by tail is shown once', () => {
  expect(
    times(prependRecords([record('5')], [record('5'), record('6'), record('6')], 100)),
  ).toEqual(['6', '5']);
});

test('the same moment with another body is another record', () => {
  expect(prependRecords([record('5', 'a')], [record('5', 'b')], 100)).toHaveLength(2);
});

test('over the limit the oldest go', () => {
  expect(times(prependRecords([record('2'), record('1')], [record('3')], 2))).toEqual(['3', '2']);
});

test('nanoseconds of different length compare by value', () => {
  expect(compareNano('999', '1000')).toBeLessThan(0);
  expect(compareNano('1767323045000000001', '1767323045000000000')).toBeGreaterThan(0);
  expect(compareNano('7', '7')).toBe(0);
});
