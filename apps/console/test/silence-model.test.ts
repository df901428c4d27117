import { describe, expect, test } from 'vitest';

import { type Silence } from '../src/api/alerting-types.ts';
import { readLabels } from '../src/pages/alerts/read-labels.ts';
import {
  bySilenceState,
  MATCHER_OPERATORS,
  matchersFor,
  matcherText,
  operatorOf,
  silenceMatches,
  withOperator,
} from '../src/pages/alerts/silence-model.ts';

test('matchers of an alert name it by all labels but that of its incident', () => {
  const matchers = matchersFor({ zone: 'a', alertname: 'HostDown', incident: 'inc-1', empty: '' });
  expect(matchers.map(matcherText)).toEqual(['alertname="HostDown"', 'zone="a"']);
});

describe('a matcher', () => {
  const base = { name: 'instance', value: 'a.+', isRegex: false };
  test.each(MATCHER_OPERATORS)('keeps its operator %s', (operator) => {
    expect(operatorOf(withOperator(base, operator))).toBe(operator);
  });

  test.each([
    ['=', 'a.+', true],
    ['=', 'abc', false],
    ['!=', 'abc', true],
    ['=~', 'abc', true],
    ['=~', 'xabc', false],
    ['!~', 'xabc', true],
    ['=~', 'a\nb', true],
  ] as const)('%s of a.+ and %j is %s', (operator, instance, expected) => {
    expect(silenceMatches([withOperator(base, operator)], { instance })).toBe(expected);
  });

  test('an absent label is an empty one, and a bad expression matches nothing', () => {
    expect(silenceMatches([{ ...base, value: '' }], {})).toBe(true);
    expect(silenceMatches([{ ...base, value: '(', isRegex: true }], { instance: '(' })).toBe(false);
  });
});

test('silences in force come first, the next to end on top; the last to end on top of the others', () => {
  const silence = (state: Silence['status']['state'], endsAt: string): Silence => ({
    id: `${state} ${endsAt}`,
    status: { state },
    updatedAt: '',
    annotations: {},
    matchers: [],
    startsAt: '',
    endsAt,
    createdBy: '',
    comment: '',
  });
  const sorted = [
    silence('expired', '2026-01-01'),
    silence('expired', '2026-01-02'),
    silence('pending', '2026-01-01'),
    silence('active', '2026-01-04'),
    silence('active', '2026-01-03'),
  ].toSorted(bySilenceState);
  expect(sorted.map(({ id }) => id)).toEqual([
    'active 2026-01-03',
    'active 2026-01-04',
    'pending 2026-01-01',
    'expired 2026-01-02',
    'expired 2026-01-01',
  ]);
});

test('labels are read as they are typed', () => {
  expect(readLabels(' region=eu, city="New York" x=1 ')).toEqual({
    region: 'eu',
    city: 'New York',
    x: '1',
  });
  expect(readLabels('')).toEqual({});
  for (const wrong of ['region', 'region=', '1a=b', 'a="b', 'a=b"c']) {
    expect(readLabels(wrong)).toBeUndefined();
  }
});
