import { apiAlertsByName, type LevelAlert, overallLevel, severityOf } from '@dwcp/alerting';
import { expect, test } from 'vitest';

const MINUTE_MS = 60_000;
const NOW = Date.parse('2026-01-02T03:04:05Z');

function alert(
  severity: LevelAlert['severity'],
  more: Partial<LevelAlert> & { readonly region?: string; readonly category?: string } = {},
): LevelAlert {
  const { region = '', category = '', ...rest } = more;
  return {
    fingerprint: `${severity}${region}${category}`,
    labels: { alertname: 'A', region, category },
    severity,
    startsAtUnixMs: NOW,
    suppressed: false,
    acknowledged: false,
    ...rest,
  };
}

const old = { startsAtUnixMs: NOW - 15 * MINUTE_MS };
const times = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

test.each<readonly [string, string, readonly string[], readonly LevelAlert[]]>([
  ['nothing', 'GREEN', ['quiet'], []],
  ['only information', 'GREEN', ['quiet'], [alert('info'), alert('info', old)]],
  ['a warning', 'YELLOW', ['warning'], [alert('info'), alert('warning')]],
  ['nine warnings', 'YELLOW', ['warning'], times(9).map(() => alert('warning'))],
  ['ten warnings', 'ORANGE', ['many-warnings', 'warning'], times(10).map(() => alert('warning'))],
  [
    'warnings in three regions',
    'ORANGE',
    ['warning-regions', 'warning'],
    ['eu', 'us', 'ap'].map((region) => alert('warning', { region })),
  ],
  [
    'warnings in two regions',
    'YELLOW',
    ['warning'],
    ['eu', 'us'].map((region) => alert('warning', { region })),
  ],
  ['a critical one', 'ORANGE', ['critical'], [alert('critical', old)]],
  ['a silenced critical one', 'GREEN', ['quiet'], [alert('critical', { suppressed: true })]],
  [
    'critical ones in one region and in none',
    'ORANGE',
    ['critical'],
    [alert('critical', { region: 'eu' }), alert('critical')],
  ],
  [
    'critical ones in two regions',
    'RED',
    ['critical-regions', 'critical'],
    ['eu', 'us'].map((region) => alert('critical', { region, acknowledged: true })),
  ],
  ...['availability', 'consensus', 'sla'].map(
    (category) =>
      [
        `a critical one of ${category} for 15 minutes`,
        'RED',
        ['vital-unacknowledged', 'critical'],
        [alert('critical', { category, ...old })],
      ] as const,
  ),
  [
    'the same a millisecond before',
    'ORANGE',
    ['critical'],
    [alert('critical', { category: 'sla', startsAtUnixMs: old.startsAtUnixMs + 1 })],
  ],
  [
    'the same acknowledged',
    'ORANGE',
    ['critical'],
    [alert('critical', { category: 'sla', ...old, acknowledged: true })],
  ],
])('%s is %s', (_what, level, rules, alerts) => {
  const found = overallLevel(alerts, NOW);
  expect(found.level).toBe(level);
  expect(found.reasons.map(({ rule }) => rule)).toEqual(rules);
});

test('a reason names the alerts it holds by, and limits can be set', () => {
  const region = (name: string): LevelAlert => alert('critical', { region: name });
  const found = overallLevel([region('eu'), region('us')], NOW, { criticalRegions: 3 });
  expect(found).toEqual({
    level: 'ORANGE',
    reasons: [
      {
        level: 'ORANGE',
        rule: 'critical',
        text: 'critical alerts: 2',
        alerts: ['criticaleu', 'criticalus'],
      },
    ],
  });
});

test('a severity that is not known counts as a warning', () => {
  const found = ['critical', 'page', 'warning', 'odd', '', 'info', 'none'].map((severity) =>
    severityOf({ severity }),
  );
  expect(found).toEqual(['critical', 'critical', 'warning', 'warning', 'warning', 'info', 'info']);
});

test('alerts are grouped by name and region, the worst first', () => {
  const eu = { region: 'eu', startsAtUnixMs: NOW - 1 };
  const groups = apiAlertsByName([
    alert('info', { region: 'us' }),
    alert('warning', { region: 'eu', suppressed: true }),
    alert('critical', { ...eu, acknowledged: true }),
  ]);
  expect(groups).toEqual([
    {
      alertname: 'A',
      region: 'eu',
      severity: 'critical',
      firing: 2,
      suppressed: 1,
      acknowledged: 1,
      since: '2026-01-02T03:04:04.999Z',
      fingerprints: ['criticaleu', 'warningeu'],
    },
    expect.objectContaining({ region: 'us', severity: 'info', firing: 1 }),
  ]);
});
