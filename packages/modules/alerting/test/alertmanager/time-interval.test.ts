import { containsTime, parseTimeIntervals, type TimeInterval } from '@dwcp/alerting';
import { expect, test } from 'vitest';

const berlin: TimeInterval = {
  times: [{ startMinute: 120, endMinute: 180 }],
  location: 'Europe/Berlin',
};

test('an hour that the clock skips in spring is nowhere', () => {
  const day = Array.from({ length: 24 * 60 }, (_, minute) => Date.UTC(2026, 2, 29, 0, minute));
  expect(day.some((unixMs) => containsTime(berlin, unixMs))).toBe(false);
});

test('an hour that comes twice in autumn holds twice', () => {
  const day = Array.from({ length: 24 * 60 }, (_, minute) => Date.UTC(2026, 9, 25, 0, minute));
  expect(day.filter((unixMs) => containsTime(berlin, unixMs))).toHaveLength(120);
});

test('the last day of February is 29 in a leap year', () => {
  const lastDay: TimeInterval = { daysOfMonth: [{ begin: -1, end: -1 }] };
  expect(containsTime(lastDay, Date.UTC(2028, 1, 28))).toBe(false);
  expect(containsTime(lastDay, Date.UTC(2028, 1, 29))).toBe(true);
  expect(containsTime(lastDay, Date.UTC(2026, 1, 28))).toBe(true);
});

test('what is wrong with an interval has its place', () => {
  expect(() => parseTimeIntervals("- weekdays: ['friday:monday']\n", 'i.yml')).toThrow(
    'i.yml:1:14: [0].weekdays[0] = "friday:monday": ends before it begins',
  );
});
