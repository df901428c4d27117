import { describe, expect, test } from 'vitest';

import { alertTest } from '../src/pages/alerts/alert-filter.ts';
import {
  groupAlerts,
  layOutList,
  moveInList,
  type OpenGroups,
  ROWS_AT_FIRST,
  ROWS_MORE,
} from '../src/pages/alerts/alert-groups.ts';
import { type AlertRow } from '../src/pages/alerts/alert-rows.ts';

const row = (labels: AlertRow['labels'], fields: Partial<AlertRow> = {}): AlertRow => ({
  key: JSON.stringify(labels),
  address: '',
  selector: '',
  fingerprint: undefined,
  labels,
  region: labels['region'] ?? '',
  annotations: {},
  state: 'firing',
  suppressions: [],
  sinceMs: 0,
  value: undefined,
  receivers: [],
  incident: undefined,
  generatorUrl: undefined,
  ...fields,
});

describe('the filter', () => {
  const down = row(
    { alertname: 'HostDown', instance: 'node 1', severity: 'page', region: 'eu' },
    { annotations: { summary: 'It does not answer' }, receivers: ['on-call'] },
  );
  const slow = row(
    { alertname: 'Slow', instance: 'b' },
    {
      state: 'suppressed',
      suppressions: [{ kind: 'acknowledged', by: 'Ann', comment: '', untilMs: undefined }],
    },
  );
  test.each([
    ['hostdown', [down]],
    ['does answer', [down]],
    ['on-call', [down]],
    ['ann', [slow]],
    ['instance="node 1"', [down]],
    ['instance!="node 1"', [slow]],
    ['region=', [slow]],
    ['alertname=Slow instance=b', [slow]],
    ['alertname=Slow instance=c', []],
    ['alertname=slo', []],
    ['', [down, slow]],
  ])('%j finds what has all of its words and labels', (text, expected) => {
    expect([down, slow].filter(alertTest({ text }))).toEqual(expected);
  });

  test('severities that mean the same are the same, and an unknown one is a warning', () => {
    expect([down, slow].filter(alertTest({ severity: 'critical' }))).toEqual([down]);
    expect([down, slow].filter(alertTest({ severity: 'warning' }))).toEqual([slow]);
  });

  test('state and region narrow too', () => {
    expect([down, slow].filter(alertTest({ state: 'suppressed' }))).toEqual([slow]);
    expect([down, slow].filter(alertTest({ region: 'eu' }))).toEqual([down]);
  });
});

test('groups are by name and region, the one with the most urgent alert first', () => {
  const groups = groupAlerts([
    row({ alertname: 'A', region: 'eu' }, { state: 'pending' }),
    row({ alertname: 'B', region: 'eu' }, { state: 'suppressed' }),
    row({ alertname: 'C', region: 'us', severity: 'warning', instance: '1' }),
    row({ alertname: 'C', region: 'eu', severity: 'critical' }, { sinceMs: 5 }),
    row({ alertname: 'C', region: 'us', severity: 'critical', instance: '2' }, { sinceMs: 9 }),
  ]);
  expect(groups.map(({ name, region, counts }) => [name, region, counts.firing])).toEqual([
    ['C', 'eu', 1],
    ['C', 'us', 2],
    ['B', 'eu', 0],
    ['A', 'eu', 0],
  ]);
  expect(groups[1]?.rows.map(({ labels }) => labels['instance'])).toEqual(['2', '1']);
});

describe('the list', () => {
  const many = Array.from({ length: ROWS_AT_FIRST + 2 }, (_, i) =>
    row({ alertname: 'A', instance: String(i) }, { sinceMs: i }),
  );
  const groups = groupAlerts([...many, row({ alertname: 'B' }, { state: 'pending' })]);
  const [a = ''] = groups.map(({ key }) => key);

  test('shows the first alerts of a group, more when asked, none when folded', () => {
    const kinds = (open: OpenGroups): string =>
      layOutList(groups, open)
        .map(({ kind }) => kind[0])
        .join('');
    expect(kinds(new Map())).toBe('gaaaaamga');
    expect(kinds(new Map([[a, ROWS_AT_FIRST + ROWS_MORE]]))).toBe('gaaaaaaaga');
    expect(kinds(new Map([[a, 0]]))).toBe('gga');
  });

  test('is walked and folded by keys', () => {
    const none: OpenGroups = new Map();
    const items = layOutList(groups, none);
    const [group, first, second] = items.map(({ key }) => key);
    const move = (key: string, from = first ?? '') => moveInList(key, from, items, none);
    expect(move('ArrowDown')).toEqual({ kind: 'focus', key: second });
    expect(move('k')).toEqual({ kind: 'focus', key: group });
    expect(move('ArrowLeft')).toEqual({ kind: 'focus', key: group });
    expect(move('ArrowLeft', group)).toEqual({ kind: 'show', group: a, rows: 0 });
    expect(move('ArrowUp', group)).toBeUndefined();
    expect(move('End')).toEqual({ kind: 'focus', key: items.at(-1)?.key });
    expect(move('x')).toBeUndefined();
    expect(move('ArrowRight', `more ${a}`)).toEqual({
      kind: 'show',
      group: a,
      rows: ROWS_AT_FIRST + ROWS_MORE,
    });

    const folded: OpenGroups = new Map([[a, 0]]);
    const fewer = layOutList(groups, folded);
    expect(moveInList('ArrowLeft', group ?? '', fewer, folded)).toBeUndefined();
    expect(moveInList('ArrowRight', group ?? '', fewer, folded)).toEqual({
      kind: 'show',
      group: a,
      rows: ROWS_AT_FIRST,
    });
  });
});
