import { type Query, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { ApiError } from '../api/errors.ts';
import { tickLive, usePaused } from '../time/live.ts';
import { refreshIntervalMs } from '../time/range.ts';
import { useTimeRange } from '../time/use-range.ts';

/** A failed query rests this long, so that a server in trouble is not asked every second. */
const restAfterErrorMs = 5_000;

/** A live query; one the server refused would be refused again, and one that failed rests first. */
function worthAskingAgain({ meta, state }: Query): boolean {
  if (meta?.['live'] !== true) return false;
  const { error } = state;
  if (error === null) return true;
  if (error instanceof ApiError && error.status >= 400 && error.status < 500) return false;
  return Date.now() - state.errorUpdatedAt > restAfterErrorMs;
}

/**
 * Moves the console's clock on and lets every live query of the page ask again, all for the same
 * moment. Rests while paused, while the tab is hidden, and when the range stands still.
 */
export function useLiveTicker(): void {
  const client = useQueryClient();
  const paused = usePaused();
  const { range } = useTimeRange();
  const intervalMs = refreshIntervalMs(range);
  useEffect(() => {
    if (paused || intervalMs === undefined) return;
    const tick = (): void => {
      if (document.hidden) return;
      tickLive();
      void client.refetchQueries(
        { type: 'active', predicate: worthAskingAgain },
        { cancelRefetch: false },
      );
    };
    const timer = setInterval(tick, intervalMs);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [client, paused, intervalMs]);
}
