import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';

import { liveNowMs } from './live.ts';
import {
  DEFAULT_RANGE,
  type TimeRange,
  absoluteRange,
  formatTimePoint,
  parseRange,
  shiftRange,
  zoomRange,
} from './range.ts';

interface RangeSearch {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The range all pages share, out of the address. `key` is one text per range. */
export function useTimeRange(): { readonly range: TimeRange; readonly key: string } {
  const { from, to } = useSearch({ strict: false }) as RangeSearch;
  return useMemo(() => {
    const range = parseRange(from, to) ?? DEFAULT_RANGE;
    return { range, key: `${formatTimePoint(range.from)}..${formatTimePoint(range.to)}` };
  }, [from, to]);
}

export interface RangeActions {
  readonly set: (range: TimeRange) => void;
  readonly between: (aMs: number, bMs: number) => void;
  readonly shift: (direction: -1 | 1) => void;
  readonly zoom: (factor: number) => void;
}

export function useRangeActions(): RangeActions {
  const navigate = useNavigate();
  const { range } = useTimeRange();
  const set = useCallback(
    (next: TimeRange) => {
      void navigate({
        to: '.',
        search: (prev: object) => ({
          ...prev,
          from: formatTimePoint(next.from),
          to: formatTimePoint(next.to),
        }),
        // Route types differ per page; the shared parameters are the same on all of them.
      } as Parameters<typeof navigate>[0]);
    },
    [navigate],
  );
  return useMemo(
    () => ({
      set,
      between: (aMs, bMs) => set(absoluteRange(aMs, bMs)),
      shift: (direction) => set(shiftRange(range, direction, liveNowMs())),
      zoom: (factor) => set(zoomRange(range, factor, liveNowMs())),
    }),
    [set, range],
  );
}
