import { expect, test } from 'vitest';

import { type Alert, type RuleGroup } from '../src/api/types.ts';
import { byUrgency, countRules } from '../src/pages/alerts/alerts-model.ts';

const alert = (
  alertname: string,
  state: Alert['state'],
  severity: string,
  activeAt: string,
): Alert => ({
  labels: { alertname, severity },
  annotations: {},
  state,
  activeAt,
  value: '1e+00',
});

test('what fires comes first, then the severe, then what lasts longest', () => {
  const alerts = [
    alert('pending', 'pending', 'critical', '2026-01-01T00:00:00Z'),
    alert('warning', 'firing', 'warning', '2026-01-01T00:00:00Z'),
    alert('new', 'firing', 'critical', '2026-01-03T00:00:00Z'),
    alert('old', 'firing', 'critical', '2026-01-02T00:00:00Z'),
    alert('unknown', 'firing', 'p5', '2026-01-01T00:00:00Z'),
  ];
  expect(alerts.toSorted(byUrgency).map(({ labels }) => labels['alertname'])).toEqual([
    'old',
    'new',
    'warning',
    'unknown',
    'pending',
  ]);
});

test('only alerting rules are counted', () => {
  const common = {
    query: 'up',
    labels: {},
    health: 'ok' as const,
    evaluationTime: 0,
    lastEvaluation: '',
  };
  const alerting = {
    ...common,
    type: 'alerting' as const,
    duration: 0,
    keepFiringFor: 0,
    annotations: {},
    alerts: [],
  };
  const group: RuleGroup = {
    name: 'g',
    file: 'f',
    interval: 1,
    limit: 0,
    evaluationTime: 0,
    lastEvaluation: '',
    rules: [
      { ...alerting, name: 'a', state: 'firing' },
      { ...alerting, name: 'b', state: 'inactive' },
      { ...common, type: 'recording', name: 'c' },
    ],
  };
  expect(countRules([group])).toEqual({ firing: 1, pending: 0, inactive: 1 });
});
