import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronRight, OctagonAlert, Unlink } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';

import { nameColor } from '../../charts/colors.ts';
import { nanoToMs } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { type Waterfall, type WaterfallRow, rulerTicks, unfoldedRows } from './waterfall.ts';

const rowHeight = 26;
const maxHeight = 520;

/** Spans as bars over time, their tree on the left. Arrow keys walk it and fold it. */
export function WaterfallView({
  waterfall,
  chosenId,
  onChoose,
}: {
  readonly waterfall: Waterfall;
  readonly chosenId: string | undefined;
  readonly onChoose: (spanId: string) => void;
}): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const rows = unfoldedRows(waterfall.rows, folded);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  });
  const ticks = rulerTicks(waterfall.durationMs);
  const share = (ms: number): number =>
    waterfall.durationMs > 0 ? (ms / waterfall.durationMs) * 100 : 0;

  const fold = (spanId: string, on: boolean): void => {
    const next = new Set(folded);
    if (on) next.add(spanId);
    else next.delete(spanId);
    setFolded(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const index = rows.findIndex(({ span }) => span.spanId === chosenId);
    const row = rows[index];
    const go = (to: number): void => {
      const target = rows[Math.max(0, Math.min(rows.length - 1, to))];
      if (target === undefined) return;
      onChoose(target.span.spanId);
      virtual.scrollToIndex(rows.indexOf(target));
    };
    if (event.key === 'ArrowDown') go(index + 1);
    else if (event.key === 'ArrowUp') go(index - 1);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(rows.length - 1);
    else if (event.key === 'ArrowLeft' && row !== undefined) {
      if (row.childCount > 0 && !folded.has(row.span.spanId)) fold(row.span.spanId, true);
      else go(rows.findLastIndex((other, at) => at < index && other.depth < row.depth));
    } else if (event.key === 'ArrowRight' && row !== undefined) {
      if (folded.has(row.span.spanId)) fold(row.span.spanId, false);
      else if (row.childCount > 0) go(index + 1);
    } else return;
    event.preventDefault();
  };

  return (
    <section
      className="border-line bg-panel overflow-hidden rounded-lg border"
      aria-label="Waterfall"
    >
      <div className="border-line text-faint text-2xs flex h-7 items-center border-b" aria-hidden>
        <span className="w-[38%] shrink-0 px-3">Span</span>
        <span className="relative mr-16 h-full flex-1">
          {ticks.map((tick) => (
            <span
              key={tick}
              className="border-line num absolute top-0 flex h-full items-center border-l pl-1 whitespace-nowrap"
              style={{ left: `${share(tick)}%` }}
            >
              {tick === 0 ? '0' : formatSeconds(tick / 1_000)}
            </span>
          ))}
        </span>
      </div>
      <div
        ref={scroller}
        role="treegrid"
        aria-label="Spans by start"
        aria-rowcount={rows.length}
        aria-activedescendant={chosenId === undefined ? undefined : `span-${chosenId}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        className="overflow-y-auto focus-visible:-outline-offset-2"
        style={{ maxHeight }}
      >
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <SpanRow
                key={row.span.spanId}
                row={row}
                index={index}
                top={start}
                chosen={row.span.spanId === chosenId}
                folded={folded.has(row.span.spanId)}
                left={share(row.offsetMs)}
                width={share(row.durationMs)}
                traceStartMs={waterfall.startUnixMs}
                durationMs={waterfall.durationMs}
                onChoose={() => onChoose(row.span.spanId)}
                onFold={(on) => fold(row.span.spanId, on)}
              />
            );
          })}
        </div>
      </div>
    </section>
  );
}

function SpanRow({
  row,
  index,
  top,
  chosen,
  folded,
  left,
  width,
  traceStartMs,
  durationMs,
  onChoose,
  onFold,
}: {
  readonly row: WaterfallRow;
  readonly index: number;
  readonly top: number;
  readonly chosen: boolean;
  readonly folded: boolean;
  readonly left: number;
  readonly width: number;
  readonly traceStartMs: number;
  readonly durationMs: number;
  readonly onChoose: () => void;
  readonly onFold: (folded: boolean) => void;
}): ReactNode {
  const { span, depth, childCount } = row;
  const color = `var(${nameColor(span.service)})`;
  const failed = span.status.code === 'error';
  const flag = failed || (folded && row.errorBelow);
  // Beside the bar where there is room on its right, else before it.
  const labelLeft = left + width > 88;
  return (
    <div
      id={`span-${span.spanId}`}
      role="row"
      aria-level={depth + 1}
      aria-rowindex={index + 1}
      aria-selected={chosen}
      aria-expanded={childCount > 0 ? !folded : undefined}
      className={`absolute inset-x-0 flex cursor-pointer items-center text-xs ${chosen ? 'bg-accent-soft' : 'hover:bg-hover'}`}
      style={{ top, height: rowHeight }}
      onClick={onChoose}
    >
      <div
        role="gridcell"
        className="flex h-full w-[38%] shrink-0 items-center gap-1 overflow-hidden pr-2"
        style={{ paddingLeft: 6 + Math.min(depth, 24) * 14 }}
      >
        {childCount > 0 ? (
          <button
            type="button"
            tabIndex={-1}
            aria-label={folded ? 'Unfold' : 'Fold'}
            className="text-faint hover:text-text flex size-5 shrink-0 items-center justify-center"
            onClick={(event) => {
              event.stopPropagation();
              onFold(!folded);
            }}
          >
            {folded ? <ChevronRight size={13} /> : <ChevronDown size={13} />}
          </button>
        ) : (
          <span className="w-5 shrink-0" />
        )}
        <span className="h-3.5 w-[3px] shrink-0 rounded-full" style={{ background: color }} />
        {flag && (
          <OctagonAlert
            size={12}
            aria-label="in error"
            className="text-bad shrink-0"
            strokeWidth={2.4}
          />
        )}
        {row.orphan && (
          <Unlink size={12} aria-label="parent missing" className="text-warn shrink-0" />
        )}
        <span className={`truncate ${failed ? 'text-bad' : ''}`}>{span.name}</span>
        <span className="text-faint shrink-[2] truncate">{span.service}</span>
        {folded && <span className="text-faint num">+{childCount}</span>}
      </div>
      <div role="gridcell" className="relative mr-16 h-full flex-1">
        <span
          className="absolute top-1/2 h-[11px] -translate-y-1/2 rounded-[3px]"
          style={{
            left: `${left}%`,
            width: `max(2px, ${width}%)`,
            background: color,
            boxShadow: failed ? '0 0 0 1.5px var(--bad)' : undefined,
          }}
        />
        {span.events.slice(0, 50).map((event, at) => (
          <span
            key={at}
            title={event.name}
            className="bg-text absolute top-1/2 size-[5px] -translate-1/2 rotate-45"
            style={{
              left: `${durationMs > 0 ? ((nanoToMs(event.unixNano) - traceStartMs) / durationMs) * 100 : 0}%`,
            }}
          />
        ))}
        <span
          className="num text-muted text-2xs absolute top-1/2 -translate-y-1/2 px-1.5 whitespace-nowrap"
          style={
            labelLeft && left > 12
              ? { right: `${100 - left}%` }
              : { left: `${Math.min(100, left + width)}%` }
          }
        >
          {formatSeconds(row.durationMs / 1_000)}
        </span>
      </div>
    </div>
  );
}
