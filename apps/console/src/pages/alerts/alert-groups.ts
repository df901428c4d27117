import { ALERT_STATES, severityRank } from './alert-filter.ts';
import { type AlertRow, nameOfAlert } from './alert-rows.ts';

/** Alerts of one name in one region. */
export interface AlertGroup {
  readonly key: string;
  readonly name: string;
  /** '' where they have none. */
  readonly region: string;
  /** The most urgent first. */
  readonly rows: readonly AlertRow[];
  readonly counts: Readonly<Record<AlertRow['state'], number>>;
}

/** What needs somebody first, then by severity, then what lasts longest. */
export function byUrgency(a: AlertRow, b: AlertRow): number {
  const rank = ({ state }: AlertRow): number => ALERT_STATES.indexOf(state);
  return (
    rank(a) - rank(b) ||
    severityRank(a.labels['severity']) - severityRank(b.labels['severity']) ||
    a.sinceMs - b.sinceMs ||
    (a.key < b.key ? -1 : 1)
  );
}

/** Rows by name and region, the group with the most urgent row first. */
export function groupAlerts(rows: readonly AlertRow[]): readonly AlertGroup[] {
  const groups = new Map<string, AlertRow[]>();
  for (const row of rows.toSorted(byUrgency)) {
    const key = JSON.stringify([nameOfAlert(row.labels), row.region]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups].map(([key, group]) => ({
    key,
    name: nameOfAlert(group[0]?.labels ?? {}),
    region: group[0]?.region ?? '',
    rows: group,
    counts: countStates(group),
  }));
}

export function countStates(
  rows: readonly AlertRow[],
): Readonly<Record<AlertRow['state'], number>> {
  const counts = { firing: 0, suppressed: 0, pending: 0 };
  for (const { state } of rows) counts[state] += 1;
  return counts;
}

/** How many rows of a group show before more are asked for, and how many come then. */
export const ROWS_AT_FIRST = 5;
export const ROWS_MORE = 200;

export type ListItem =
  | { readonly kind: 'group'; readonly key: string; readonly group: AlertGroup }
  | { readonly kind: 'alert'; readonly key: string; readonly row: AlertRow }
  | { readonly kind: 'more'; readonly key: string; readonly group: AlertGroup };

/** By a group's key how many of its rows show at most: 0 is folded. Others show their first rows. */
export type OpenGroups = ReadonlyMap<string, number>;

/** What is shown, top to bottom. */
export function layOutList(groups: readonly AlertGroup[], open: OpenGroups): readonly ListItem[] {
  return groups.flatMap((group): readonly ListItem[] => {
    const limit = open.get(group.key) ?? ROWS_AT_FIRST;
    const shown = group.rows.slice(0, limit);
    return [
      { kind: 'group', key: `group ${group.key}`, group },
      ...shown.map((row): ListItem => ({ kind: 'alert', key: row.key, row })),
      ...(limit > 0 && shown.length < group.rows.length
        ? [{ kind: 'more' as const, key: `more ${group.key}`, group }]
        : []),
    ];
  });
}

export type ListMove =
  | { readonly kind: 'focus'; readonly key: string }
  /** Shows at most so many rows of a group from now on. */
  | { readonly kind: 'show'; readonly group: string; readonly rows: number };

/** Folds a group that shows rows, and unfolds one that does not. */
export function toggleGroup(group: string, open: OpenGroups): ListMove & { readonly kind: 'show' } {
  return { kind: 'show', group, rows: open.get(group) === 0 ? ROWS_AT_FIRST : 0 };
}

/** Shows more rows of a group. */
export function showMore(group: string, open: OpenGroups): ListMove & { readonly kind: 'show' } {
  return { kind: 'show', group, rows: (open.get(group) ?? ROWS_AT_FIRST) + ROWS_MORE };
}

/** What a key does in the list; undefined when it does nothing. */
export function moveInList(
  key: string,
  focused: string,
  items: readonly ListItem[],
  open: OpenGroups,
): ListMove | undefined {
  const index = items.findIndex((item) => item.key === focused);
  const item = items[index];
  const focus = (to: ListItem | undefined): ListMove | undefined =>
    to === undefined ? undefined : { kind: 'focus', key: to.key };
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return focus(items[index + 1]);
    case 'ArrowUp':
    case 'k':
      return focus(items[index - 1]);
    case 'Home':
      return focus(items[0]);
    case 'End':
      return focus(items.at(-1));
    case 'ArrowLeft': {
      if (item?.kind === 'group') {
        return open.get(item.group.key) === 0 ? undefined : toggleGroup(item.group.key, open);
      }
      return focus(items.slice(0, index).findLast((one) => one.kind === 'group'));
    }
    case 'ArrowRight':
      if (item?.kind === 'group' && open.get(item.group.key) === 0) {
        return toggleGroup(item.group.key, open);
      }
      return item?.kind === 'more' ? showMore(item.group.key, open) : undefined;
    default:
      return undefined;
  }
}
