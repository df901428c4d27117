import { ChevronDown, ChevronRight } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react';

import { type QueryNode } from '../../api/types.ts';
import { formatCount, formatRatio, formatSeconds } from '../../format/units.ts';
import { type PlanRow, layOutPlan, moveInPlan, unfoldedPlan } from './explain-model.ts';

/** The parts of a query as a tree in a table. Arrow keys walk it and fold it. */
export function PlanTable({ root }: { readonly root: QueryNode }): ReactNode {
  const rows = useMemo(() => layOutPlan(root), [root]);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [focusedId, setFocusedId] = useState('0');
  const body = useRef<HTMLTableSectionElement>(null);
  const shown = unfoldedPlan(rows, folded);
  // The one row that Tab reaches; what folded away gives it back to the first.
  const reachable = shown.some(({ id }) => id === focusedId) ? focusedId : '0';

  const fold = (id: string, on: boolean): void => {
    const next = new Set(folded);
    if (on) next.add(id);
    else next.delete(id);
    setFolded(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const move = moveInPlan(event.key, reachable, shown, folded);
    if (move === undefined) return;
    event.preventDefault();
    if (move.kind !== 'focus') {
      fold(move.id, move.kind === 'fold');
      return;
    }
    setFocusedId(move.id);
    body.current?.querySelector<HTMLElement>(`[data-part="${move.id}"]`)?.focus();
  };

  return (
    <div className="overflow-x-auto">
      <table role="treegrid" aria-label="Parts of the query" className="table min-w-[36rem]">
        <thead>
          <tr role="row">
            <th scope="col">Part</th>
            <th scope="col" className="w-36">
              Own time
            </th>
            {['With its parts', 'Series', 'Samples read'].map((name) => (
              <th key={name} scope="col" className="w-24 text-right!">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={onKeyDown}>
          {shown.map((row) => (
            <PartRow
              key={row.id}
              row={row}
              folded={folded.has(row.id)}
              reachable={row.id === reachable}
              onFocus={() => setFocusedId(row.id)}
              onFold={(on) => fold(row.id, on)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function PartRow({
  row,
  folded,
  reachable,
  onFocus,
  onFold,
}: {
  readonly row: PlanRow;
  readonly folded: boolean;
  readonly reachable: boolean;
  readonly onFocus: () => void;
  readonly onFold: (folded: boolean) => void;
}): ReactNode {
  const Chevron = folded ? ChevronRight : ChevronDown;
  return (
    <tr
      role="row"
      data-part={row.id}
      aria-level={row.depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.siblingCount}
      aria-expanded={row.childCount > 0 ? !folded : undefined}
      tabIndex={reachable ? 0 : -1}
      onFocus={onFocus}
      className="focus-visible:-outline-offset-2"
    >
      <td role="gridcell" className="max-w-0 py-1!">
        <span
          className="flex min-w-0 items-center gap-1"
          style={{ paddingLeft: Math.min(row.depth, 24) * 14 }}
        >
          {row.childCount > 0 ? (
            <button
              type="button"
              tabIndex={-1}
              aria-label={folded ? 'Unfold' : 'Fold'}
              className="text-faint hover:text-text flex size-5 shrink-0 items-center justify-center"
              onClick={() => onFold(!folded)}
            >
              <Chevron size={13} aria-hidden />
            </button>
          ) : (
            <span className="w-5 shrink-0" />
          )}
          <span className="min-w-0 flex-1">
            <span
              className="line-clamp-2 font-mono text-[11.5px] [overflow-wrap:anywhere]"
              title={row.expression}
            >
              {row.expression}
            </span>
            <span className="text-faint text-2xs block">{row.kind.replaceAll('-', ' ')}</span>
          </span>
        </span>
      </td>
      <td role="gridcell">
        <span className="num block whitespace-nowrap">
          {formatSeconds(row.ownMs / 1_000)}{' '}
          <span className="text-faint">{formatRatio(row.ownRatio)}</span>
        </span>
        <span aria-hidden className="bg-raised mt-1 block h-1 overflow-hidden rounded-full">
          <span
            className="bg-accent block h-full rounded-full"
            style={{ width: `${row.ownRatio * 100}%` }}
          />
        </span>
      </td>
      {[
        formatSeconds(row.totalMs / 1_000),
        formatCount(row.seriesCount),
        formatCount(row.samplesRead),
      ].map((text, column) => (
        <td key={column} role="gridcell" className="num text-right whitespace-nowrap">
          {text}
        </td>
      ))}
    </tr>
  );
}
