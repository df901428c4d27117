import { describe, expect, test } from 'vitest';

import { type ListedRule, type RuleGroupSummary } from '../src/api/rule-groups.ts';
import { type Rule, type RuleGroup } from '../src/api/types.ts';
import {
  groupRows,
  matchesText,
  shownRules,
  switchedWith,
} from '../src/pages/rule-groups/rule-groups-model.ts';

const summary = (name: string, fields: Partial<RuleGroupSummary> = {}): RuleGroupSummary => ({
  name,
  source: 'managed',
  file: `/data/${name}.yml`,
  enabled: true,
  rules: 1,
  disabledRules: 0,
  intervalMs: null,
  version: 1,
  by: 'ann',
  changedAt: '2026-01-02T03:04:05Z',
  comment: '',
  broken: false,
  ...fields,
});

const alerting = (
  name: string,
  fields: Partial<Extract<Rule, { type: 'alerting' }>> = {},
): Rule => ({
  type: 'alerting',
  name,
  query: 'up == 0',
  labels: {},
  annotations: {},
  health: 'ok',
  evaluationTime: 0.001,
  lastEvaluation: '2026-01-02T03:04:05Z',
  state: 'inactive',
  duration: 0,
  keepFiringFor: 0,
  alerts: null,
  ...fields,
});

const group = (name: string, rules: readonly Rule[], file = `/data/${name}.yml`): RuleGroup => ({
  name,
  file,
  interval: 15,
  limit: 0,
  evaluationTime: 0,
  lastEvaluation: '2026-01-02T03:04:05Z',
  rules: [...rules],
});

const NEVER = '0001-01-01T00:00:00Z';

describe('rule groups', () => {
  test('those in trouble come first, then by name and file', () => {
    const rows = groupRows(
      [
        summary('b', { source: 'file', file: '/etc/2.yml' }),
        summary('b', { source: 'file', file: '/etc/1.yml' }),
        summary('a'),
        summary('y', { broken: true }),
        summary('x'),
      ],
      [group('x', [alerting('X', { health: 'err', lastError: 'too many series' })])],
    );
    expect(rows.map(({ summary: { name, file }, health }) => [name, file, health])).toEqual([
      ['x', '/data/x.yml', 'failing'],
      ['y', '/data/y.yml', 'broken'],
      ['a', '/data/a.yml', 'waiting'],
      ['b', '/etc/1.yml', 'waiting'],
      ['b', '/etc/2.yml', 'waiting'],
    ]);
    expect(rows[0]?.errors).toEqual([{ rule: 'X', text: 'too many series' }]);
  });

  test.each([
    ['ok', {}, [alerting('A')]],
    ['off', { enabled: false }, []],
    ['off', { rules: 2, disabledRules: 2 }, []],
    ['waiting', {}, [alerting('A', { health: 'unknown', lastEvaluation: NEVER })]],
    ['failing', {}, [alerting('A'), alerting('B', { health: 'err' })]],
    ['broken', { broken: true }, [alerting('A', { health: 'err' })]],
  ] as const)('is %s with %j', (health, fields, rules) => {
    expect(groupRows([summary('a', fields)], [group('a', rules)])[0]?.health).toBe(health);
  });

  test('groups of one name in two files have each its own rules', () => {
    const rows = groupRows(
      [summary('a', { file: '/1.yml' }), summary('a', { file: '/2.yml' })],
      [group('a', [alerting('Two')], '/2.yml'), group('a', [alerting('One')], '/1.yml')],
    );
    expect(rows.map(({ rules }) => rules.map(({ name }) => name))).toEqual([['One'], ['Two']]);
  });

  test('the last evaluation is the latest of a rule, and Go zero time is none', () => {
    const lastOf = (...moments: readonly string[]): number | undefined =>
      groupRows(
        [summary('a')],
        [
          group(
            'a',
            moments.map((lastEvaluation) => alerting('A', { lastEvaluation })),
          ),
        ],
      )[0]?.lastEvaluationMs;
    expect(lastOf(NEVER)).toBeUndefined();
    expect(lastOf(NEVER, '1970-01-01T00:00:02Z', '1970-01-01T00:00:01Z')).toBe(2_000);
  });

  test('alerting rules are counted by state', () => {
    const [row] = groupRows(
      [summary('a')],
      [
        group('a', [
          alerting('A', { state: 'firing' }),
          alerting('B', { state: 'pending' }),
          alerting('C'),
        ]),
      ],
    );
    expect(row).toMatchObject({ firing: 1, pending: 1 });
  });

  test('are found by every word in name, file, person, comment and rules', () => {
    const [row] = groupRows(
      [summary('disks', { comment: 'fill up at night' })],
      [group('disks', [alerting('DiskFull')])],
    );
    if (row === undefined) throw new Error('there is no row');
    for (const text of ['', 'diskfull', 'ann night', '/data/ DISKS']) {
      expect([text, matchesText(row, text)]).toEqual([text, true]);
    }
    expect(matchesText(row, 'ann morning')).toBe(false);
  });
});

describe('the rules of a group', () => {
  const listed = (name: string, fields: Partial<ListedRule> = {}): ListedRule => ({
    name,
    type: 'alerting',
    enabled: true,
    query: 'up == 0',
    labels: {},
    ...fields,
  });

  test('have the state of the rule with their name, expression and labels', () => {
    const [a, b] = [
      alerting('A', { labels: { team: 'x', severity: 'page' }, state: 'firing' }),
      alerting('A', { query: 'up == 1' }),
    ];
    const shown = shownRules(
      [
        listed('A', { query: 'up == 1' }),
        listed('A', { labels: { severity: 'page', team: 'x' } }),
        listed('A'),
      ],
      [a, b],
    );
    expect(shown.map(({ state }) => state)).toEqual([b, a, undefined]);
  });

  test('that are alike in all have one state each', () => {
    const [one, two] = [alerting('A', { evaluationTime: 1 }), alerting('A', { evaluationTime: 2 })];
    const shown = shownRules([listed('A'), listed('A')], [one, two]);
    expect(shown.map(({ state }) => state)).toEqual([one, two]);
    expect(new Set(shown.map(({ key }) => key)).size).toBe(2);
  });

  test('that are switched off have none', () => {
    const [shown] = shownRules([listed('A', { enabled: false })], [alerting('A')]);
    expect(shown?.state).toBeUndefined();
  });

  test('are switched together when one has the labels of the other', () => {
    const [bare, page, other] = [
      listed('A'),
      listed('A', { labels: { severity: 'page' } }),
      listed('B'),
    ] as const;
    const all = [bare, page, other];
    expect(all.map((rule) => switchedWith(rule, all))).toEqual([2, 1, 1]);
  });
});
