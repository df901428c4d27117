import { describe, expect, test } from 'vitest';

import { type IncidentDetail, type NotificationRecord } from '../src/api/alerting-types.ts';
import { comparisonSides } from '../src/pages/alerts/comparison.ts';
import { eventText, nextLevel } from '../src/pages/alerts/incident-model.ts';
import { alertNames, failuresFirst } from '../src/pages/alerts/notifications-model.ts';
import { runbookOf } from '../src/pages/alerts/runbook.ts';

describe('a comparison', () => {
  test.each([
    ['up == 0', '==', 'up', 0],
    ['0.9 < a / b', '<', 'a / b', 0.9],
    ['a > 1 > 2', '>', 'a > 1', 2],
    ['sum(a > 1) > 5e-3', '>', 'sum(a > 1)', 0.005],
    ['a{b=" > 1"} > +Inf', '>', 'a{b=" > 1"}', undefined],
    ['a > on (job) b', '>', 'a', undefined],
    [
      'label_replace(a, "b", "\\" > ", "c", "(") > 3',
      '>',
      'label_replace(a, "b", "\\" > ", "c", "(")',
      3,
    ],
  ])('%s is taken apart', (text, operator, expression, threshold) => {
    expect(comparisonSides(text, operator)).toEqual({ expression, threshold });
  });

  test('that is none gives nothing', () => {
    expect(comparisonSides('absent(up)', '==')).toBeUndefined();
    expect(comparisonSides('(a > 1)', '>')).toBeUndefined();
  });
});

describe('a runbook', () => {
  const origin = 'http://127.0.0.1:9000';
  const runbook = (url: string, generatorUrl?: string): string | undefined =>
    runbookOf({ annotations: { runbook_url: url }, generatorUrl }, origin);
  test('of this server is a path, whatever address the server knows itself by', () => {
    expect(runbook('/runbooks/HostDown')).toBe('/runbooks/HostDown');
    expect(runbook(`${origin}/runbooks/HostDown`)).toBe('/runbooks/HostDown');
    expect(runbook('http://mon:9000/runbooks/HostDown', 'http://mon:9000/explore?q=up')).toBe(
      '/runbooks/HostDown',
    );
  });

  test('of elsewhere is its address', () => {
    const url = 'https://wiki.example.org/runbooks/HostDown';
    expect(runbook(url, `${origin}/explore`)).toBe(url);
  });

  test('that a browser should not follow is none', () => {
    expect(runbook('javascript:alert(1)')).toBeUndefined();
    expect(runbook('http://[')).toBeUndefined();
    expect(runbookOf({ annotations: {}, generatorUrl: undefined }, origin)).toBeUndefined();
  });
});

describe('an incident', () => {
  const incident: IncidentDetail = {
    id: 'inc-1',
    state: 'open',
    title: 'HostDown',
    severity: 'critical',
    openedAt: '',
    alerts: 1,
    firing: 1,
    regions: [],
    services: [],
    unacknowledgedMs: 400_000,
    causes: [],
    members: [],
    events: [],
    levels: [
      { name: 'L1', afterMs: 0, toldAt: 'x' },
      { name: 'L2', afterMs: 300_000, toldAt: 'x' },
      { name: 'L3', afterMs: 900_000, receiver: 'boss' },
      { name: 'L4', afterMs: 1_800_000 },
    ],
  };
  test('says who is told next and when', () => {
    expect(nextLevel(incident, 1_000_000)).toEqual({
      name: 'L3',
      receiver: 'boss',
      atMs: 1_500_000,
    });
  });

  test('that somebody sees to, or that is over, tells nobody next', () => {
    expect(nextLevel({ ...incident, state: 'acknowledged' }, 0)).toBeUndefined();
    expect(nextLevel({ ...incident, firing: 0 }, 0)).toBeUndefined();
    expect(nextLevel({ ...incident, unacknowledgedMs: 2_000_000 }, 0)).toBeUndefined();
  });

  test('tells what happened in words', () => {
    expect(eventText({ at: '', kind: 'opened', text: 'by HostDown' })).toBe('opened by HostDown');
    expect(
      eventText({ at: '', kind: 'acknowledgement-ended', text: 'x: withdrawn', by: 'ann' }),
    ).toBe('acknowledgement ended by ann: x: withdrawn');
  });
});

describe('notifications', () => {
  const told = (
    idempotencyKey: string,
    outcome: NotificationRecord['outcome'],
    queuedAt: string,
    lastError: string | null = null,
  ): NotificationRecord => ({
    integration: 'a/webhook[0]',
    idempotencyKey,
    groupKey: '',
    status: 'firing',
    alerts: [],
    alertCount: 0,
    outcome,
    attempts: 1,
    queuedAt,
    lastAttemptAt: null,
    finishedAt: null,
    lastError,
  });
  test('that failed come first, then those in trouble, each once and the newest on top', () => {
    const all = [
      told('new', 'delivered', '2026-01-05'),
      told('waits', 'waiting', '2026-01-04'),
      told('trouble', 'waiting', '2026-01-03', 'HTTP 500'),
      told('dropped', 'dropped', '2026-01-02'),
      told('failed', 'failed', '2026-01-01'),
      told('failed', 'failed', '2026-01-01'),
    ];
    expect(failuresFirst(all).map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      'dropped',
      'failed',
      'trouble',
      'waits',
      'new',
    ]);
  });

  test('name their alerts once each', () => {
    const alerts = (...names: readonly string[]) => ({
      alerts: names.map((alertname) => ({ labels: { alertname }, status: 'firing' as const })),
    });
    expect(alertNames(alerts('a', 'b', 'a'))).toBe('a, b');
    expect(alertNames(alerts('a', 'b', 'c', 'd', 'e'))).toBe('a, b, c and 2 others');
  });
});
