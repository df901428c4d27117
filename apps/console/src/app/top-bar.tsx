import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { MonitorCog, Moon, Pause, Play, Search, Sun } from 'lucide-react';
import { type ReactNode } from 'react';

import { regionsQuery } from '../api/queries.ts';
import { formatClock } from '../format/time.ts';
import { setPaused, useNowMs, usePaused } from '../time/live.ts';
import { RangePicker } from '../time/picker.tsx';
import { refreshIntervalMs } from '../time/range.ts';
import { useTimeRange } from '../time/use-range.ts';
import { IconButton } from '../ui/icon-button.tsx';
import { Kbd } from '../ui/kbd.tsx';
import { type Theme, setTheme, useTheme } from './theme.ts';
import { useRegion } from './use-region.ts';

/** What all pages share: search, region, the one time range, live or paused, and the theme. */
export function TopBar({
  pickerOpen,
  onPickerOpen,
  onPalette,
}: {
  readonly pickerOpen: boolean;
  readonly onPickerOpen: (open: boolean) => void;
  readonly onPalette: () => void;
}): ReactNode {
  return (
    <header className="border-line bg-panel flex min-h-12 shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-b px-3 py-1.5">
      <button
        type="button"
        onClick={onPalette}
        className="control text-faint w-9 justify-start md:w-56"
        aria-label="Go to a page, a trace or an action"
      >
        <Search size={14} aria-hidden />
        <span className="hidden flex-1 text-left md:block">Go to…</span>
        <span className="hidden md:block">
          <Kbd>Ctrl K</Kbd>
        </span>
      </button>
      <div className="ml-auto flex flex-wrap items-center gap-1.5">
        <RegionSelect />
        <RangePicker open={pickerOpen} onOpenChange={onPickerOpen} />
        <LiveButton />
        <ThemeButton />
      </div>
    </header>
  );
}

function RegionSelect(): ReactNode {
  const { data: regions = [] } = useQuery(regionsQuery);
  const region = useRegion();
  const navigate = useNavigate();
  const options =
    region !== undefined && !regions.includes(region) ? [region, ...regions] : regions;
  return (
    <select
      aria-label="Region"
      title="Region"
      className="control max-w-40"
      value={region ?? ''}
      onChange={(event) =>
        void navigate({
          to: '.',
          search: (prev: object) => ({ ...prev, region: event.target.value || undefined }),
        } as Parameters<typeof navigate>[0])
      }
    >
      <option value="">All regions</option>
      {options.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  );
}

function LiveButton(): ReactNode {
  const paused = usePaused();
  const nowMs = useNowMs();
  const { range } = useTimeRange();
  const intervalMs = refreshIntervalMs(range);
  if (intervalMs === undefined) {
    return (
      <span
        className="text-faint text-2xs inline-flex h-7 w-[6.75rem] items-center justify-center"
        title="The range is absolute, so it does not move"
      >
        Fixed range
      </span>
    );
  }
  const pace = intervalMs === 1_000 ? 'every second' : `every ${intervalMs / 1_000} s`;
  return (
    <button
      type="button"
      className="control num w-[6.75rem] justify-center"
      aria-pressed={!paused}
      title={paused ? 'Go on (p)' : `Live, refreshed ${pace}. Pause (p)`}
      onClick={() => setPaused(!paused)}
    >
      {paused ? (
        <Play size={12} aria-hidden fill="currentColor" />
      ) : (
        <Pause size={12} aria-hidden fill="currentColor" />
      )}
      {paused ? 'Paused' : 'Live'}
      <span className="text-2xs font-normal opacity-80">{formatClock(nowMs)}</span>
    </button>
  );
}

const nextTheme: Readonly<Record<Theme, Theme>> = {
  system: 'light',
  light: 'dark',
  dark: 'system',
};

function ThemeButton(): ReactNode {
  const { chosen } = useTheme();
  const Icon = { system: MonitorCog, light: Sun, dark: Moon }[chosen];
  return (
    <IconButton label={`Theme: ${chosen}`} onClick={() => setTheme(nextTheme[chosen])}>
      <Icon size={15} />
    </IconButton>
  );
}
