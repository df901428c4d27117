import { type Query, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { serverNowMs } from '../api/client.ts';
import { ApiError } from '../api/errors.ts';
import { tickLive, usePaused } from '../time/live.ts';
import { refreshIntervalMs } from '../time/range.ts';
import { useTimeRange } from '../time/use-range.ts';

/** A failed query rests this long, so that a server in trouble is not asked every second. */
const restAfterErrorMs = 5_000;

/**
 * The server collects on whole seconds of its clock; asking this long after them finds what is new,
 * stored.
 */
const behindGridMs = 150;

/** How long until the next tick after a moment of the server's clock. */
export function delayToTick(serverMs: number, intervalMs: number): number {
  const past = (serverMs - behindGridMs) % intervalMs;
  return intervalMs - past;
}

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
    let timer: ReturnType<typeof setTimeout>;
    const schedule = (): void => {
      timer = setTimeout(tick, delayToTick(serverNowMs(), intervalMs));
    };
    const tick = (): void => {
      clearTimeout(timer);
      schedule();
      if (document.hidden) return;
      tickLive();
      void client.refetchQueries(
        { type: 'active', predicate: worthAskingAgain },
        { cancelRefetch: false },
      );
    };
    schedule();
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [client, paused, intervalMs]);
}
