import { describe, expect, test } from 'vitest';

import { type DecisionRecord } from '../src/api/alerting-types.ts';
import { decisionText, mergeRecords, valueText } from '../src/pages/alerts/decision-text.ts';
import { readFindings } from '../src/pages/alerts/findings.ts';

const record = (
  decision: DecisionRecord['decision'],
  fields: Partial<DecisionRecord> = {},
): DecisionRecord => ({
  subject: '00f067aa0ba902b7',
  topic: 'evaluated',
  at: '2026-01-01T00:00:00.000Z',
  lastAt: '2026-01-01T00:00:00.000Z',
  count: 1,
  alertName: 'HostDown',
  labels: {},
  decision,
  ...fields,
});

describe('a decision', () => {
  test.each([
    [
      { kind: 'evaluated', state: 'pending', previous: 'inactive', value: '1.23456' },
      'warn',
      'pending: its condition holds, value 1.23',
    ],
    [
      { kind: 'evaluated', state: 'firing', previous: 'pending', value: '+Inf' },
      'bad',
      'firing, value +Inf',
    ],
    [
      { kind: 'evaluated', state: 'firing', previous: 'firing', value: '1', keptSinceAt: 'x' },
      'bad',
      'firing, value 1, kept by keep_firing_for',
    ],
    [{ kind: 'evaluated', state: 'resolved', previous: 'firing', value: '0' }, 'ok', 'resolved'],
    [
      { kind: 'evaluated', state: 'inactive', previous: 'pending', value: '0' },
      'ok',
      'its condition ended before it fired',
    ],
    [
      { kind: 'rule', elements: 0, error: 'timed out' },
      'bad',
      'its rule could not be evaluated: timed out',
    ],
    [{ kind: 'rule', elements: 1 }, 'idle', 'its rule gives 1 series'],
    [
      { kind: 'intake', outcome: 'held', identity: 'x' },
      'idle',
      'held back: one of the same identity passed shortly before',
    ],
    [
      { kind: 'routed', routes: [{ receiver: 'a' }, { receiver: 'b' }, { receiver: 'a' }] },
      'idle',
      'routed to a, b',
    ],
    [
      {
        kind: 'weighed',
        groupId: 'g',
        state: 'firing',
        silencedBy: ['s'],
        inhibitedBy: ['a', 'b'],
      },
      'idle',
      'held back by 1 silence and 2 other alerts',
    ],
    [
      { kind: 'flushed', receiver: 'a', outcome: 'muted', mutedBy: ['nights'] },
      'idle',
      'a is not told: muted by nights',
    ],
    [
      {
        kind: 'delivered',
        integration: 'a/slack[0]',
        outcome: 'failed',
        attempts: 7,
        error: '404',
      },
      'bad',
      'a/slack[0] could not be told after 7 tries: 404',
    ],
    [
      { kind: 'silence', change: 'ended', matchers: '{a="b"}', by: 'ann', comment: '' },
      'idle',
      'silence {a="b"} of ann ended',
    ],
    [
      { kind: 'acknowledged', by: 'ann', comment: 'on it', incident: 'inc-1' },
      'ok',
      'acknowledged by ann: on it',
    ],
    [
      { kind: 'escalated', level: 'L2', incident: 'inc-1', receiver: 'boss' },
      'bad',
      'escalated to L2, boss was told',
    ],
    [{ kind: 'manual', action: 'resolved', by: 'ann' }, 'ok', 'resolved by hand, by ann'],
    [{ kind: 'of-tomorrow' }, 'unknown', 'of-tomorrow'],
  ] as const)('%j is told in words', (decision, tone, text) => {
    expect(decisionText(record(decision as DecisionRecord['decision']))).toEqual({ tone, text });
  });

  test('about an incident says so', () => {
    const { text } = decisionText(
      record({ kind: 'acknowledged', by: 'ann' } as DecisionRecord['decision'], {
        subject: 'incident:inc-1',
      }),
    );
    expect(text).toBe('its incident was acknowledged by ann');
  });
});

test('records of several answers are one list, newest first, each once', () => {
  const old = record({ kind: 'rule' });
  const later = record({ kind: 'rule' }, { at: '2026-01-02T00:00:00.000Z' });
  const again = { ...later, count: 9 };
  expect(mergeRecords([old, later], [again])).toEqual([again, old]);
});

test('values are short where they are numbers', () => {
  expect(['0.93456', '1234567', 'NaN', '-Inf'].map(valueText)).toEqual([
    '0.93',
    '1.23 M',
    'NaN',
    '-Inf',
  ]);
});

test('a verdict loses the name of its alert, and findings that it says already are left out', () => {
  const verdict = { code: 'sent', text: 'HostDown{instance="a"}: it fires; sent to a' };
  const findings = ['it fires', 'a silence holds it back', 'sent to a'].map((text) => ({
    code: '',
    text,
  }));
  expect(readFindings(verdict, findings)).toEqual({
    headline: 'it fires; sent to a',
    rest: [{ code: '', text: 'a silence holds it back' }],
  });
});
