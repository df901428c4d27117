import { type QueryClient, useQueries, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import { queryRange } from '../api/client.ts';
import { liveNowMs } from '../time/live.ts';
import { type TimeRange, resolveRange } from '../time/range.ts';
import { useTimeRange } from '../time/use-range.ts';
import { EMPTY_FRAME, type Frame, mergeFrames } from './frame.ts';
import { alignWindow, chooseStepMs } from './step.ts';

interface KnownFrame extends Frame {
  /** When the whole window was last asked for, Unix ms. */
  readonly wholeAtMs: number;
}

/** Points asked for again on every refresh, because samples may arrive late. */
const overlapPoints = 12;
/** After this long the whole window is asked for, so that later arrivals show. */
const wholeEveryMs = 60_000;

/** One expression over the shared range; on a refresh only its tail travels. */
async function fetchFrame(
  client: QueryClient,
  key: readonly unknown[],
  {
    expr,
    range,
    stepMs,
  }: { readonly expr: string; readonly range: TimeRange; readonly stepMs: number },
  signal: AbortSignal,
): Promise<KnownFrame> {
  const { startMs, endMs } = alignWindow(resolveRange(range, liveNowMs()), stepMs);
  const known = client.getQueryData<KnownFrame>(key);
  const tailStartMs = known === undefined ? 0 : known.endMs - overlapPoints * stepMs;
  const tailOnly =
    known !== undefined &&
    known.stepMs === stepMs &&
    endMs - known.wholeAtMs < wholeEveryMs &&
    endMs >= known.endMs &&
    tailStartMs > startMs;
  if (!tailOnly) {
    return { ...(await queryRange(expr, { startMs, endMs, stepMs }, signal)), wholeAtMs: endMs };
  }
  const tail = await queryRange(expr, { startMs: tailStartMs, endMs, stepMs }, signal);
  return { ...mergeFrames(known, tail, startMs), wholeAtMs: known.wholeAtMs };
}

export interface Frames {
  /** One per expression, in their order. */
  readonly frames: readonly Frame[];
  /** The grid the frames share. */
  readonly grid: Frame;
  readonly errors: readonly (Error | null)[];
  readonly pending: boolean;
  readonly refetch: () => void;
}

/** The step of charts of this density over the shared range. */
export function useStepMs(maxPoints: number): number {
  const { range } = useTimeRange();
  const width = useMemo(() => {
    const { startMs, endMs } = resolveRange(range, liveNowMs());
    return endMs - startMs;
  }, [range]);
  return chooseStepMs(width, maxPoints);
}

/**
 * Evaluates expressions over the shared range and keeps them fresh while the range is live and
 * somebody looks at them (`enabled`).
 */
export function useFrames(expressions: readonly string[], stepMs: number, enabled = true): Frames {
  const client = useQueryClient();
  const { range, key: rangeKey } = useTimeRange();
  return useQueries({
    queries: expressions.map((expr) => {
      const queryKey = ['frame', expr, rangeKey, stepMs];
      return {
        queryKey,
        queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
          fetchFrame(client, queryKey, { expr, range, stepMs }, signal),
        placeholderData: (previous: KnownFrame | undefined) => previous,
        meta: { live: true },
        staleTime: 1_000,
        gcTime: 30_000,
        structuralSharing: false as const,
        enabled: enabled && expr !== '',
      };
    }),
    combine: combineFrames,
  });
}

function combineFrames(
  results: readonly {
    readonly data?: Frame | undefined;
    readonly error: Error | null;
    readonly isPending: boolean;
    readonly refetch: () => unknown;
  }[],
): Frames {
  const frames = results.map(({ data }) => data ?? EMPTY_FRAME);
  // The answers of one tick share their end; between ticks the newest leads.
  const grid = frames.reduce((best, one) => (one.endMs > best.endMs ? one : best), EMPTY_FRAME);
  return {
    frames: frames.map((one) =>
      one.endMs === grid.endMs && one.startMs === grid.startMs ? one : regrid(one, grid),
    ),
    grid,
    errors: results.map(({ error }) => error),
    pending: results.some(({ isPending }) => isPending),
    refetch: () => {
      for (const { refetch } of results) refetch();
    },
  };
}

/** A frame a tick behind, moved to the newest grid: its missing end is a gap for a moment. */
function regrid(frame: Frame, grid: Frame): Frame {
  if (frame.series.length === 0 || frame.stepMs !== grid.stepMs) return { ...grid, series: [] };
  return mergeFrames(
    frame,
    { ...grid, startMs: frame.endMs + grid.stepMs, series: [] },
    grid.startMs,
  );
}
