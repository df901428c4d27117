import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowUp, ChevronRight } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';

import { type LogRecord } from '../../api/types.ts';
import { formatClock, formatDateTime, nanoToMs } from '../../format/time.ts';
import { AttributeTable } from '../../ui/attributes.tsx';
import { LevelTag } from '../../ui/level-tag.tsx';
import { InlineAttributes } from './inline-attributes.tsx';
import { recordKey } from './log-list.ts';

const rowHeight = 24;

/** Records as a list of which only the visible part exists. Scrolling away from the top holds it still. */
export function LogView({
  records,
  waiting,
  onHeld,
  onEnd,
  atEnd,
  onService,
}: {
  readonly records: readonly LogRecord[];
  readonly waiting: number;
  readonly onHeld: (held: boolean) => void;
  readonly onEnd: () => void;
  readonly atEnd: boolean;
  readonly onService: (service: string) => void;
}): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const virtual = useVirtualizer({
    count: records.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => {
      const record = records[index];
      return record === undefined ? index : `${recordKey(record)} ${index - records.length}`;
    },
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastShown >= records.length - 20) onEnd();
  }, [lastShown, records.length]);
  useEffect(() => () => onHeld(false), []);

  const toggle = (key: string): void => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
    // An opened record must not be pushed away by new ones.
    onHeld(next.size > 0 || (scroller.current?.scrollTop ?? 0) > 4);
  };
  const toTop = (): void => {
    setOpen(new Set());
    onHeld(false);
    scroller.current?.scrollTo({ top: 0 });
  };
  return (
    <>
      {waiting > 0 && (
        <button
          type="button"
          onClick={toTop}
          className="bg-accent text-on-accent num absolute top-2 left-1/2 z-10 inline-flex h-7 -translate-x-1/2 items-center gap-1.5 rounded-full px-3 text-xs font-medium shadow-lg"
        >
          <ArrowUp size={13} aria-hidden /> {waiting.toLocaleString('en')} new
        </button>
      )}
      <div
        ref={scroller}
        role="table"
        aria-label="Log records, newest first"
        aria-rowcount={records.length}
        className="h-full overflow-y-auto"
        onScroll={(event) => onHeld(event.currentTarget.scrollTop > 4 || open.size > 0)}
      >
        <div role="rowgroup" className="relative w-full" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, key: itemKey, start }) => {
            const record = records[index];
            if (record === undefined) return null;
            const key = recordKey(record);
            return (
              <div
                key={itemKey}
                ref={virtual.measureElement}
                data-index={index}
                className="absolute inset-x-0"
                style={{ transform: `translateY(${start}px)` }}
              >
                <LogRow
                  record={record}
                  index={index}
                  open={open.has(key)}
                  onToggle={() => toggle(key)}
                  onService={onService}
                />
              </div>
            );
          })}
        </div>
        {atEnd && (
          <p className="text-faint text-2xs py-3 text-center">No older records in this range</p>
        )}
      </div>
    </>
  );
}

const edges: Readonly<Record<LogRecord['level'], string>> = {
  trace: 'border-l-transparent',
  debug: 'border-l-transparent',
  info: 'border-l-transparent',
  warn: 'border-l-warn',
  error: 'border-l-bad',
  fatal: 'border-l-bad',
};

function LogRow({
  record,
  index,
  open,
  onToggle,
  onService,
}: {
  readonly record: LogRecord;
  readonly index: number;
  readonly open: boolean;
  readonly onToggle: () => void;
  readonly onService: (service: string) => void;
}): ReactNode {
  const unixMs = nanoToMs(record.timeUnixNano);
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      className={`border-l-[3px] ${edges[record.level]} ${open ? 'bg-raised' : 'hover:bg-hover'}`}
    >
      <button
        type="button"
        aria-expanded={open}
        onClick={onToggle}
        className="flex h-6 w-full items-center gap-2.5 pr-3 pl-1.5 text-left font-mono text-[11.5px] focus-visible:-outline-offset-2"
      >
        <ChevronRight
          size={12}
          aria-hidden
          className={`text-faint shrink-0 ${open ? 'rotate-90' : ''}`}
        />
        <span role="cell" className="text-faint num shrink-0" title={formatDateTime(unixMs, true)}>
          {formatClock(unixMs, true)}
        </span>
        <span role="cell" className="flex">
          <LevelTag level={record.level} />
        </span>
        <span role="cell" className="text-muted w-28 shrink-0 truncate">
          {record.service}
        </span>
        <span role="cell" className="min-w-0 flex-1 truncate">
          {record.body}
          {!open && <InlineAttributes record={record} />}
        </span>
      </button>
      {open && (
        <div role="cell" className="border-line border-b px-9 pt-1 pb-3">
          <p className="font-mono text-[12px] break-words whitespace-pre-wrap">{record.body}</p>
          <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-xs">
            <span className="text-muted num">{formatDateTime(unixMs, true)}</span>
            <button
              type="button"
              className="text-accent hover:underline"
              onClick={() => onService(record.service)}
            >
              only {record.service}
            </button>
            {record.region !== '' && <span className="text-muted">{record.region}</span>}
            {record.traceId !== null && (
              <Link
                to="/traces/$traceId"
                params={{ traceId: record.traceId }}
                search={{ span: record.spanId ?? undefined }}
                className="text-accent hover:underline"
              >
                Open trace {record.traceId.slice(0, 8)}…
              </Link>
            )}
          </div>
          <div className="mt-3 grid gap-x-8 gap-y-3 xl:grid-cols-2">
            <div>
              <h4 className="text-faint text-2xs mb-1">Attributes</h4>
              <AttributeTable attributes={record.attributes} label="Attributes of the record" />
            </div>
            <div>
              <h4 className="text-faint text-2xs mb-1">
                Resource{record.scope.name === '' ? '' : ` · scope ${record.scope.name}`}
              </h4>
              <AttributeTable
                attributes={record.resource.attributes}
                label="Attributes of its resource"
              />
            </div>
          </div>
        </div>
      )}
    </div>
  );
}
