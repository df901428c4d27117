import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useState } from 'react';

import { api } from '../../api/client.ts';
import { servicesQuery } from '../../api/queries.ts';
import { LOG_LEVELS, type LogsSearch } from '../../app/search-params.ts';
import { useRegion } from '../../app/use-region.ts';
import { formatCount } from '../../format/units.ts';
import { usePaused } from '../../time/live.ts';
import { followsNow } from '../../time/range.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusMark, type Tone } from '../../ui/status-mark.tsx';
import { useRangeParams } from '../use-range-params.ts';
import { prependRecords } from './log-list.ts';
import { LogView } from './log-view.tsx';
import { type LogTail, useLogTail } from './use-log-tail.ts';

const route = getRouteApi('/logs');
const pageSize = 200;

/** Log records of the range, newest first, followed live while the range ends now. */
export function LogsPage(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate();
  const region = useRegion();
  const paused = usePaused();
  const { key: rangeKey, range, params } = useRangeParams();
  const { data: services } = useQuery(servicesQuery);
  const [held, setHeld] = useState(false);

  const filter = {
    text: search.text,
    minLevel: search.minLevel,
    service: search.service,
    region,
  };
  const key = JSON.stringify([filter, search.traceId, rangeKey]);
  const found = useInfiniteQuery({
    queryKey: ['logs', 'search', key],
    initialPageParam: undefined as
      | { readonly cursor: string; readonly start: number; readonly end: number }
      | undefined,
    queryFn: async ({ pageParam, signal }) => {
      // Later pages keep the first one's bounds, or the cursor would lose its place.
      const bounds = pageParam ?? { ...params(), cursor: undefined };
      const page = await api.logs(
        { ...filter, traceId: search.traceId, ...bounds, limit: pageSize },
        signal,
      );
      return { page, start: bounds.start, end: bounds.end };
    },
    getNextPageParam: ({ page, start, end }) =>
      page.nextCursor === null ? undefined : { cursor: page.nextCursor, start, end },
    staleTime: Infinity,
    gcTime: 0,
  });
  const tailing = followsNow(range) && !paused && search.traceId === undefined && found.isSuccess;
  const tail = useLogTail(filter, { key, enabled: tailing, held });

  const searched = useMemo(
    () => (found.data?.pages ?? []).flatMap(({ page }) => page.items),
    [found.data],
  );
  const records = useMemo(
    () => prependRecords(searched, tail.records, Number.POSITIVE_INFINITY),
    [searched, tail.records],
  );

  const set = (change: LogsSearch): void => {
    void navigate({ to: '/logs', replace: true, search: (prev) => ({ ...prev, ...change }) });
  };
  return (
    <Page
      fill
      title="Logs"
      note={<TailNote tail={tail} count={records.length} more={found.hasNextPage} />}
      actions={
        <>
          <TextFilter
            value={search.text ?? ''}
            onChange={(text) => set({ text: text || undefined })}
          />
          <select
            aria-label="Lowest level"
            className="control"
            value={search.minLevel ?? ''}
            onChange={(event) =>
              set({ minLevel: LOG_LEVELS.find((level) => level === event.target.value) })
            }
          >
            <option value="">All levels</option>
            {LOG_LEVELS.slice(1).map((level) => (
              <option key={level} value={level}>
                {level === 'fatal' ? 'fatal' : `${level} and above`}
              </option>
            ))}
          </select>
          <select
            aria-label="Service"
            className="control max-w-44"
            value={search.service ?? ''}
            onChange={(event) => set({ service: event.target.value || undefined })}
          >
            <option value="">All services</option>
            {withCurrent(
              (services?.items ?? []).map(({ name }) => name),
              search.service,
            ).map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
          {search.traceId !== undefined && (
            <Link
              to="/logs"
              search={{ traceId: undefined }}
              className="control font-mono"
              title="Show all traces"
            >
              trace {search.traceId.slice(0, 8)}… <X size={12} aria-label="remove" />
            </Link>
          )}
        </>
      }
    >
      <div className="border-line bg-panel relative min-h-0 flex-1 overflow-hidden rounded-lg border">
        {found.error !== null && records.length === 0 ? (
          <ErrorState error={found.error} onRetry={() => void found.refetch()} />
        ) : found.isPending ? (
          <Loading />
        ) : records.length === 0 ? (
          <EmptyState
            title={
              search.text !== undefined ||
              search.minLevel !== undefined ||
              search.service !== undefined
                ? 'No record matches'
                : 'No log records in this range'
            }
            config={
              'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9000\nOTEL_EXPORTER_OTLP_PROTOCOL=http/json'
            }
          >
            {tailing ? 'New records will appear here as they are written. ' : ''}
            The server writes its own lines here; a service with an OpenTelemetry SDK sends its logs
            with:
          </EmptyState>
        ) : (
          <LogView
            key={key}
            records={records}
            waiting={tail.waiting}
            onHeld={setHeld}
            onEnd={() => {
              if (found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
            }}
            atEnd={!found.hasNextPage}
            onService={(service) => set({ service })}
          />
        )}
      </div>
    </Page>
  );
}

export function withCurrent(
  names: readonly string[],
  current: string | undefined,
): readonly string[] {
  return current === undefined || names.includes(current) ? names : [current, ...names];
}

/** Typing filters when it rests for a moment, not on every letter. */
function TextFilter({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  useEffect(() => {
    if (draft === value) return;
    const timer = setTimeout(() => onChange(draft), 250);
    return () => clearTimeout(timer);
  }, [draft]);
  return (
    <FilterInput value={draft} onChange={setDraft} label="Words in the body" className="w-72" />
  );
}

const tailLooks: Readonly<
  Record<LogTail['state'], { readonly tone: Tone; readonly word: string }>
> = {
  open: { tone: 'ok', word: 'following' },
  connecting: { tone: 'idle', word: 'connecting' },
  reconnecting: { tone: 'warn', word: 'reconnecting' },
  off: { tone: 'idle', word: 'not following' },
};

function TailNote({
  tail,
  count,
  more,
}: {
  readonly tail: LogTail;
  readonly count: number;
  readonly more: boolean;
}): ReactNode {
  const { tone, word } = tailLooks[tail.state];
  return (
    <span className="inline-flex items-center gap-3" aria-live="polite">
      <StatusMark tone={tone} size={13}>
        {word}
      </StatusMark>
      <span className="num">
        {formatCount(count)}
        {more ? '+' : ''} records
      </span>
      {tail.dropped > 0 && (
        <StatusMark tone="warn" size={13}>
          {formatCount(tail.dropped)} skipped: too many to show live
        </StatusMark>
      )}
    </span>
  );
}
