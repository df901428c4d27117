import { useNavigate } from '@tanstack/react-router';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react';

import { AlertCells } from './alert-cells.tsx';
import { type AlertDialog } from './alert-dialogs.tsx';
import {
  type AlertGroup,
  groupAlerts,
  layOutList,
  type ListItem,
  type ListMove,
  moveInList,
  type OpenGroups,
  showMore,
  toggleGroup,
} from './alert-groups.ts';
import { type AlertRow } from './alert-rows.ts';

/** How many rows of groups and alerts come at a time. */
const ITEMS_MORE = 200;

/**
 * Alerts by name and region. Arrow keys walk and fold, Enter opens an alert, s silences and a
 * acknowledges it.
 */
export function AlertList({
  rows,
  onAct,
}: {
  readonly rows: readonly AlertRow[];
  readonly onAct: (dialog: AlertDialog) => void;
}): ReactNode {
  const navigate = useNavigate();
  const groups = useMemo(() => groupAlerts(rows), [rows]);
  const [open, setOpen] = useState<OpenGroups>(new Map());
  const [focusedKey, setFocusedKey] = useState('');
  const list = useRef<HTMLTableSectionElement>(null);
  const all = useMemo(() => layOutList(groups, open), [groups, open]);
  const [limit, setLimit] = useState(ITEMS_MORE);
  const items = all.slice(0, limit);
  // The one row that Tab reaches.
  const reachable = items.some(({ key }) => key === focusedKey)
    ? focusedKey
    : (items[0]?.key ?? '');

  const show = ({ group, rows: limit }: ListMove & { readonly kind: 'show' }): void =>
    setOpen(new Map(open).set(group, limit));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const item = items.find(({ key }) => key === reachable);
    const act = (): boolean => {
      if (event.target instanceof HTMLElement && event.target.closest('a,button') !== null) {
        // Enter and Space are the link's or the button's own.
        if (event.key === 'Enter' || event.key === ' ') return false;
      }
      if (item?.kind === 'alert') {
        const { row } = item;
        if (event.key === 'Enter') {
          void navigate({ to: '/alerts/$alert', params: { alert: row.address } });
        } else if (event.key === 's') onAct({ kind: 'silence', row });
        else if (event.key === 'a' && row.fingerprint !== undefined) {
          onAct({ kind: 'acknowledge', row });
        } else return false;
        return true;
      }
      if (item === undefined || (event.key !== 'Enter' && event.key !== ' ')) return false;
      show((item.kind === 'more' ? showMore : toggleGroup)(item.group.key, open));
      return true;
    };
    if (act()) {
      event.preventDefault();
      return;
    }
    const move = moveInList(event.key, reachable, items, open);
    if (move === undefined) return;
    event.preventDefault();
    if (move.kind === 'focus') {
      setFocusedKey(move.key);
      list.current
        ?.querySelector<HTMLElement>(`[data-item="${CSS.escape(move.key)}"]`)
        ?.focus({ preventScroll: false });
    } else show(move);
  };
  return (
    <div className="border-line bg-panel overflow-x-auto rounded-lg border">
      <table role="treegrid" aria-label="Alerts" className="table md:min-w-[44rem]">
        <thead>
          <tr role="row">
            <th scope="col" className="w-28">
              State
            </th>
            <th scope="col">Alert</th>
            <th scope="col" className="hidden w-24 md:table-cell">
              Severity
            </th>
            <th scope="col" className="w-20 md:w-28">
              Since
            </th>
            <th scope="col" className="hidden w-20 text-right! md:table-cell">
              Value
            </th>
            <th scope="col" className="hidden w-40 md:table-cell">
              Receivers
            </th>
            <th scope="col" className="hidden w-20 md:table-cell">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody ref={list} onKeyDown={onKeyDown}>
          {items.map((item) => (
            <ItemRow
              key={item.key}
              item={item}
              folded={item.kind !== 'alert' && open.get(item.group.key) === 0}
              reachable={item.key === reachable}
              onFocus={() => setFocusedKey(item.key)}
              onToggle={(group) => show(toggleGroup(group, open))}
              onMore={(group) => show(showMore(group, open))}
              onAct={onAct}
            />
          ))}
        </tbody>
      </table>
      {all.length > limit && (
        <p className="border-line border-t p-2 text-center">
          <button type="button" className="control" onClick={() => setLimit(limit + ITEMS_MORE)}>
            Show more of {groups.length} groups
          </button>
        </p>
      )}
    </div>
  );
}

function ItemRow({
  item,
  folded,
  reachable,
  onFocus,
  onToggle,
  onMore,
  onAct,
}: {
  readonly item: ListItem;
  readonly folded: boolean;
  readonly reachable: boolean;
  readonly onFocus: () => void;
  readonly onToggle: (group: string) => void;
  readonly onMore: (group: string) => void;
  readonly onAct: (dialog: AlertDialog) => void;
}): ReactNode {
  const props = {
    role: 'row',
    'data-item': item.key,
    tabIndex: reachable ? 0 : -1,
    onFocus,
    className: 'focus-visible:-outline-offset-2',
  };
  if (item.kind === 'more') {
    const { group } = item;
    return (
      <tr {...props} aria-level={2}>
        <td role="gridcell" colSpan={7} className="py-1!">
          <button
            type="button"
            tabIndex={-1}
            className="text-accent text-2xs pl-5 hover:underline"
            onClick={() => onMore(group.key)}
          >
            Show more of {group.rows.length} {group.name}
          </button>
        </td>
      </tr>
    );
  }
  if (item.kind === 'group') {
    return (
      <tr {...props} aria-level={1} aria-expanded={!folded}>
        <td role="gridcell" colSpan={7} className="bg-raised py-1!">
          <GroupHead group={item.group} folded={folded} onFold={() => onToggle(item.group.key)} />
        </td>
      </tr>
    );
  }
  return (
    <tr {...props} aria-level={2}>
      <AlertCells row={item.row} onAct={onAct} />
    </tr>
  );
}

function GroupHead({
  group,
  folded,
  onFold,
}: {
  readonly group: AlertGroup;
  readonly folded: boolean;
  readonly onFold: () => void;
}): ReactNode {
  const Chevron = folded ? ChevronRight : ChevronDown;
  const counts = (['firing', 'suppressed', 'pending'] as const)
    .filter((state) => group.counts[state] > 0)
    .map((state) => `${group.counts[state]} ${state}`);
  return (
    <span className="flex items-center gap-1.5">
      <button
        type="button"
        tabIndex={-1}
        aria-label={folded ? `Unfold ${group.name}` : `Fold ${group.name}`}
        className="text-faint hover:text-text -ml-1.5 flex size-5 shrink-0 items-center justify-center"
        onClick={onFold}
      >
        <Chevron size={13} aria-hidden />
      </button>
      <span className="font-semibold">{group.name === '' ? 'without a name' : group.name}</span>
      {group.region !== '' && <span className="text-muted">{group.region}</span>}
      <span className="text-faint text-2xs num ml-1">{counts.join(' · ')}</span>
    </span>
  );
}
