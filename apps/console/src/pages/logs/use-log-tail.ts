import { useEffect, useRef, useState } from 'react';

import { type Params, api, serverNowMs } from '../../api/client.ts';
import { type TailState, tailLogs } from '../../api/log-tail.ts';
import { type LogRecord } from '../../api/types.ts';
import { prependRecords } from './log-list.ts';

/** How many tailed records are kept; older ones are found again by search. */
const maxTailed = 5_000;
const flushEveryMs = 200;
/** Records may be stored this long after the moment they carry. */
const latenessMs = 5_000;
const backfillPage = 1_000;

export interface LogTail {
  /** Newest first. */
  readonly records: readonly LogRecord[];
  /** How many wait while the list is held. */
  readonly waiting: number;
  readonly dropped: number;
  readonly state: TailState | 'off';
}

/**
 * Follows the log with a filter. While `held`, new records wait, so that the list stays still
 * under the reader's eyes.
 *
 * @param key changes whenever the filter does, and starts afresh
 */
export function useLogTail(
  filter: Params,
  {
    key,
    enabled,
    held,
  }: { readonly key: string; readonly enabled: boolean; readonly held: boolean },
): LogTail {
  const [records, setRecords] = useState<readonly LogRecord[]>([]);
  const [waiting, setWaiting] = useState(0);
  const [dropped, setDropped] = useState(0);
  const [state, setState] = useState<TailState>('connecting');
  const buffer = useRef<LogRecord[]>([]);
  /** Up to this moment nothing is missing, Unix ms. */
  const coveredUntilMs = useRef(0);
  const isHeld = useRef(held);
  isHeld.current = held;

  useEffect(() => {
    buffer.current = [];
    coveredUntilMs.current = serverNowMs() - latenessMs;
    setRecords([]);
    setWaiting(0);
    setDropped(0);
  }, [key]);

  useEffect(() => {
    if (!enabled) return;
    const abort = new AbortController();
    const take = (incoming: readonly LogRecord[]): void => {
      buffer.current.push(...incoming);
      if (buffer.current.length > maxTailed) {
        buffer.current.splice(0, buffer.current.length - maxTailed);
      }
    };
    let open = false;
    const onState = (next: TailState): void => {
      setState(next);
      open = next === 'open';
      // What was written while the tail was closed: before it first opened, or during a pause.
      if (open) void backfill(filter, coveredUntilMs.current, take, abort.signal);
    };
    void tailLogs(
      filter,
      { onRecords: take, onDropped: (count) => setDropped((sum) => sum + count), onState },
      abort.signal,
    );
    const timer = setInterval(() => {
      if (open) coveredUntilMs.current = serverNowMs() - latenessMs;
      if (buffer.current.length === 0) return;
      if (isHeld.current) {
        setWaiting(buffer.current.length);
        return;
      }
      const incoming = buffer.current;
      buffer.current = [];
      setWaiting(0);
      setRecords((known) => prependRecords(known, incoming, maxTailed));
    }, flushEveryMs);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
    // The key stands for the filter, which is a new object on every render.
  }, [key, enabled]);

  return { records, waiting, dropped, state: enabled ? state : 'off' };
}

/** Searches for what was written since a moment. A failure is left to the next opening. */
async function backfill(
  filter: Params,
  sinceMs: number,
  take: (records: readonly LogRecord[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const bounds = { start: sinceMs / 1_000, end: serverNowMs() / 1_000 + 1, limit: backfillPage };
  let cursor: string | undefined;
  for (let fetched = 0; fetched < maxTailed; fetched += backfillPage) {
    const page = await api.logs({ ...filter, ...bounds, cursor }, signal).catch(() => undefined);
    if (page === undefined) return;
    take(page.items);
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
}
