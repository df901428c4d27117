import { CalendarClock, ChevronLeft, ChevronRight, ZoomIn, ZoomOut } from 'lucide-react';
import { Popover } from 'radix-ui';
import { type SubmitEvent, type ReactNode, useState } from 'react';

import { formatDateTime } from '../format/time.ts';
import { IconButton } from '../ui/icon-button.tsx';
import { Kbd } from '../ui/kbd.tsx';
import { RANGE_PRESETS } from './presets.ts';
import {
  type TimePoint,
  type TimeRange,
  formatSpan,
  formatTimePoint,
  parseRange,
  parseTimePoint,
} from './range.ts';
import { useRangeActions, useTimeRange } from './use-range.ts';

/** Whether a range is that preset, however it was written: now-24h is now-1d. */
function isPreset({ from, to }: TimeRange, start: string): boolean {
  const preset = parseTimePoint(start);
  if (preset === undefined || to.kind !== 'ago' || to.agoMs !== 0) return false;
  return formatTimePoint(preset) === formatTimePoint(from);
}

export function describeRange(range: TimeRange): string {
  const { from, to } = range;
  if (to.kind === 'ago' && from.kind === 'ago' && to.agoMs === 0) {
    const preset = RANGE_PRESETS.find((one) => isPreset(range, one.from));
    if (preset !== undefined) return preset.label;
    if (from.floorTo === undefined) return `Last ${formatSpan(from.agoMs)}`;
  }
  const end = (point: TimePoint): string =>
    point.kind === 'at' ? formatDateTime(point.unixMs) : formatTimePoint(point);
  const [a, b] = [end(from), end(to)];
  // The day once when both ends share it.
  return a.slice(0, 11) === b.slice(0, 11) && /^\d{4}-/.test(a)
    ? `${a} – ${b.slice(11)}`
    : `${a} – ${b}`;
}

/** The one range picker: presets, typed ranges, and the shift and zoom buttons beside it. */
export function RangePicker({
  open,
  onOpenChange,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}): ReactNode {
  const { range } = useTimeRange();
  const actions = useRangeActions();
  return (
    <div className="flex items-center">
      <IconButton label="Earlier" hint="[" onClick={() => actions.shift(-1)}>
        <ChevronLeft size={15} />
      </IconButton>
      <Popover.Root open={open} onOpenChange={onOpenChange}>
        <Popover.Trigger className="control num" title="Time range (t)">
          <CalendarClock size={14} aria-hidden className="text-faint" />
          <span className="max-w-72 truncate">{describeRange(range)}</span>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            align="end"
            sideOffset={6}
            aria-label="Time range"
            className="border-line bg-panel z-50 flex w-[26rem] max-w-[95vw] overflow-hidden rounded-lg border shadow-xl"
          >
            <RangeForm
              range={range}
              onPick={(next) => {
                actions.set(next);
                onOpenChange(false);
              }}
            />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <IconButton label="Later" hint="]" onClick={() => actions.shift(1)}>
        <ChevronRight size={15} />
      </IconButton>
      <IconButton label="Zoom out" hint="-" onClick={() => actions.zoom(2)}>
        <ZoomOut size={14} />
      </IconButton>
      <IconButton label="Zoom in" hint="=" onClick={() => actions.zoom(0.5)}>
        <ZoomIn size={14} />
      </IconButton>
    </div>
  );
}

function RangeForm({
  range,
  onPick,
}: {
  readonly range: TimeRange;
  readonly onPick: (range: TimeRange) => void;
}): ReactNode {
  const shown = (point: TimePoint): string =>
    point.kind === 'at' ? formatDateTime(point.unixMs) : formatTimePoint(point);
  const [from, setFrom] = useState(shown(range.from));
  const [to, setTo] = useState(shown(range.to));
  const [problem, setProblem] = useState<string>();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const parsed = parseRange(from, to);
    if (parsed === undefined) {
      setProblem('Not a range: write now-2h, now-6h/h or 2026-01-02 03:04, from before to.');
    } else onPick(parsed);
  };
  return (
    <>
      <form onSubmit={submit} className="flex flex-1 flex-col gap-2 p-3">
        <label className="text-muted text-2xs font-medium">
          From
          <input
            className="control num mt-1 w-full font-mono"
            value={from}
            spellCheck={false}
            onChange={(event) => setFrom(event.target.value)}
          />
        </label>
        <label className="text-muted text-2xs font-medium">
          To
          <input
            className="control num mt-1 w-full font-mono"
            value={to}
            spellCheck={false}
            onChange={(event) => setTo(event.target.value)}
          />
        </label>
        {problem !== undefined && (
          <p role="alert" className="text-bad text-2xs">
            {problem}
          </p>
        )}
        <button
          type="submit"
          className="bg-accent text-on-accent mt-1 h-7 rounded-md text-xs font-medium"
        >
          Apply
        </button>
        <p className="text-faint text-2xs mt-auto leading-5">
          <Kbd>[</Kbd> <Kbd>]</Kbd> shift · <Kbd>-</Kbd> <Kbd>=</Kbd> zoom
          <br />
          Drag on any chart to zoom in. Times are local.
        </p>
      </form>
      <ul className="border-line w-40 border-l py-1.5" aria-label="Presets">
        {RANGE_PRESETS.map(({ from: start, label }) => {
          const preset = parseRange(start, 'now');
          const active = isPreset(range, start);
          return (
            <li key={start}>
              <button
                type="button"
                aria-current={active}
                className={`hover:bg-hover w-full px-3 py-[5px] text-left text-xs ${active ? 'text-accent font-medium' : ''}`}
                onClick={() => preset !== undefined && onPick(preset)}
              >
                {label}
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}
