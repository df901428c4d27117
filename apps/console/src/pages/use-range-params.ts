import { liveNowMs } from '../time/live.ts';
import { type TimeRange, resolveRange } from '../time/range.ts';
import { useTimeRange } from '../time/use-range.ts';

/** The shared range as `start` and `end` of our list endpoints, in Unix seconds, pinned when asked. */
export function useRangeParams(): {
  readonly key: string;
  readonly range: TimeRange;
  readonly params: () => { readonly start: number; readonly end: number };
} {
  const { range, key } = useTimeRange();
  return {
    key,
    range,
    params: () => {
      const { startMs, endMs } = resolveRange(range, liveNowMs());
      // The end is exclusive, and "now" should include what happened in this very second.
      const slackMs = range.to.kind === 'ago' && range.to.agoMs === 0 ? 1_000 : 0;
      return { start: startMs / 1_000, end: (endMs + slackMs) / 1_000 };
    },
  };
}
