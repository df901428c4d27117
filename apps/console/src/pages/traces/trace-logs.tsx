import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { api } from '../../api/client.ts';
import { nanoToMs } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { Card } from '../../ui/card.tsx';
import { LevelTag } from '../../ui/level-tag.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { type Waterfall } from './waterfall.ts';

const limit = 500;
/** Records may be written a little before the first span starts or after the last one ends. */
const marginMs = 60_000;

/** The log records written inside a trace, in order, each leading to its span. */
export function TraceLogs({
  traceId,
  waterfall,
  onChoose,
}: {
  readonly traceId: string;
  readonly waterfall: Waterfall;
  readonly onChoose: (spanId: string) => void;
}): ReactNode {
  const { startUnixMs, durationMs } = waterfall;
  const { data, error, refetch } = useQuery({
    queryKey: ['logs', 'trace', traceId],
    queryFn: ({ signal }) =>
      api.logs(
        {
          traceId,
          limit,
          order: 'oldest-first',
          start: (startUnixMs - marginMs) / 1_000,
          end: (startUnixMs + durationMs + marginMs) / 1_000,
        },
        signal,
      ),
  });
  const records = (data?.items ?? []).toSorted((a, b) =>
    Number(BigInt(a.timeUnixNano) - BigInt(b.timeUnixNano)),
  );
  return (
    <Card
      title={
        data === undefined
          ? 'Log records of this trace'
          : `Log records of this trace (${records.length})`
      }
      aside={
        <Link to="/logs" search={{ traceId }} className="text-accent text-2xs hover:underline">
          Open in Logs
        </Link>
      }
    >
      {error !== null && data === undefined ? (
        <ErrorState error={error} onRetry={() => void refetch()} compact />
      ) : data === undefined ? (
        <Loading height={60} />
      ) : records.length === 0 ? (
        <EmptyState title="No records carry this trace's id" compact>
          A logger that writes inside a span, or sends trace_id with its lines, makes them appear
          here.
        </EmptyState>
      ) : (
        <ul className="pb-2">
          {records.map((record, index) => (
            <li key={`${record.timeUnixNano}:${index}`}>
              <button
                type="button"
                disabled={record.spanId === null}
                title="Show its span"
                onClick={() => record.spanId !== null && onChoose(record.spanId)}
                className="enabled:hover:bg-hover flex w-full items-start gap-2.5 px-3 py-[3px] text-left font-mono text-[11.5px] focus-visible:-outline-offset-2"
              >
                <span className="text-faint num w-16 shrink-0 text-right">
                  +{formatSeconds(Math.max(0, nanoToMs(record.timeUnixNano) - startUnixMs) / 1_000)}
                </span>
                <LevelTag level={record.level} />
                <span className="text-muted w-24 shrink-0 truncate">{record.service}</span>
                <span className="min-w-0 break-words">{record.body}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
