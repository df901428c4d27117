import { authorizedFetch, queryString, type Params } from './client.ts';
import { errorFromAnswer } from './errors.ts';
import { ServerSentEventParser } from './sse.ts';
import { type LogRecord } from './types.ts';

export type TailState = 'connecting' | 'open' | 'reconnecting';

export interface TailHandlers {
  readonly onRecords: (records: readonly LogRecord[]) => void;
  /** The server dropped records because we read too slowly. */
  readonly onDropped: (count: number) => void;
  readonly onState: (state: TailState) => void;
}

const maxBackoffMs = 10_000;

/**
 * Follows the log until the signal aborts, reconnecting with a growing pause. `fetch` rather than
 * EventSource, which cannot carry an Authorization header.
 */
export async function tailLogs(
  filter: Params,
  handlers: TailHandlers,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  handlers.onState('connecting');
  while (!signal.aborted) {
    try {
      const response = await authorizedFetch(`/api/v1/logs/tail${queryString(filter)}`, {
        headers: { accept: 'text/event-stream' },
        signal,
      });
      if (!response.ok || response.body === null) throw errorFromAnswer(response.status, undefined);
      failures = 0;
      handlers.onState('open');
      const parser = new ServerSentEventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const records: LogRecord[] = [];
        for (const { event, data } of parser.push(value)) {
          if (event === 'log') records.push(JSON.parse(data) as LogRecord);
          else if (event === 'dropped') {
            handlers.onDropped((JSON.parse(data) as { readonly count: number }).count);
          }
        }
        if (records.length > 0) handlers.onRecords(records);
      }
    } catch {
      if (signal.aborted) return;
    }
    failures += 1;
    handlers.onState('reconnecting');
    await pause(Math.min(maxBackoffMs, 500 * 2 ** failures), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
