import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';

import { api } from '../../api/client.ts';
import { servicesQuery } from '../../api/queries.ts';
import { type TraceSummary } from '../../api/types.ts';
import { type TracesSearch } from '../../app/search-params.ts';
import { useRegion } from '../../app/use-region.ts';
import { nameColor } from '../../charts/colors.ts';
import { formatClock, formatDateTime, nanoToMs } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { useNowMs, usePaused } from '../../time/live.ts';
import { refreshIntervalMs, resolveRange } from '../../time/range.ts';
import { useRangeActions } from '../../time/use-range.ts';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusMark } from '../../ui/status-mark.tsx';
import { useRangeParams } from '../use-range-params.ts';
import { TraceScatter } from './trace-scatter.tsx';

const route = getRouteApi('/traces');
const pageSize = 200;

/** Traces of the range: a picture of their durations over time, and the list. */
export function TracesPage(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate();
  const region = useRegion();
  const paused = usePaused();
  const nowMs = useNowMs();
  const actions = useRangeActions();
  const { key, range, params } = useRangeParams();
  const [limit, setLimit] = useState(pageSize);
  const { data: services } = useQuery(servicesQuery);
  const pace = refreshIntervalMs(range);
  const { data, error, refetch } = useQuery({
    queryKey: [
      'traces',
      'search',
      key,
      search.service,
      search.operation,
      search.minMs,
      search.error,
      region,
      limit,
    ],
    queryFn: async ({ signal }) => {
      const bounds = params();
      const page = await api.traces(
        {
          ...bounds,
          service: search.service,
          operation: search.operation,
          minDurationMs: search.minMs,
          error: search.error,
          region,
          limit,
        },
        signal,
      );
      return { ...page, ...bounds };
    },
    refetchInterval: paused || pace === undefined ? false : Math.max(2_000, pace),
    placeholderData: (previous) => previous,
  });
  const set = (change: TracesSearch): void => {
    setLimit(pageSize);
    void navigate({ to: '/traces', replace: true, search: (prev) => ({ ...prev, ...change }) });
  };
  const operations = services?.items.find(({ name }) => name === search.service)?.operations ?? [];
  const traces = data?.items ?? [];
  const window =
    data === undefined
      ? resolveRange(range, nowMs)
      : { startMs: data.start * 1_000, endMs: data.end * 1_000 };
  return (
    <Page
      title="Traces"
      note={
        data === undefined
          ? undefined
          : `${traces.length}${data.nextCursor === null ? '' : '+'} traces, newest first`
      }
      actions={
        <>
          <select
            aria-label="Service"
            className="control max-w-44"
            value={search.service ?? ''}
            onChange={(event) =>
              set({ service: event.target.value || undefined, operation: undefined })
            }
          >
            <option value="">All services</option>
            {(services?.items ?? []).map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <select
            aria-label="Operation"
            className="control max-w-56"
            disabled={search.service === undefined}
            title={search.service === undefined ? 'Choose a service first' : 'Operation'}
            value={search.operation ?? ''}
            onChange={(event) => set({ operation: event.target.value || undefined })}
          >
            <option value="">All operations</option>
            {operations.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <select
            aria-label="Shortest duration"
            className="control"
            value={search.minMs ?? ''}
            onChange={(event) =>
              set({ minMs: event.target.value === '' ? undefined : Number(event.target.value) })
            }
          >
            <option value="">Any duration</option>
            {[1, 5, 10, 50, 100, 250, 500, 1_000, 5_000]
              .concat(search.minMs !== undefined ? [search.minMs] : [])
              .filter((one, index, all) => all.indexOf(one) === index)
              .map((ms) => (
                <option key={ms} value={ms}>
                  at least {formatSeconds(ms / 1_000)}
                </option>
              ))}
          </select>
          <button
            type="button"
            className="control"
            aria-pressed={search.error === true}
            onClick={() => set({ error: search.error === true ? undefined : true })}
          >
            With errors
          </button>
        </>
      }
    >
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ErrorState error={error} onRetry={() => void refetch()} />
        )
      ) : traces.length === 0 ? (
        <div className="border-line bg-panel rounded-lg border">
          <EmptyState
            title="No traces match in this range"
            config={
              'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9000\nOTEL_EXPORTER_OTLP_PROTOCOL=http/json'
            }
          >
            Each request to this server becomes a trace. A service with an OpenTelemetry SDK sends
            its own with:
          </EmptyState>
        </div>
      ) : (
        <>
          <div className="border-line bg-panel mb-3 rounded-lg border p-2">
            <TraceScatter
              traces={traces}
              window={window}
              partial={data.nextCursor !== null}
              onSelect={actions.between}
            />
          </div>
          <div className="border-line bg-panel overflow-x-auto rounded-lg border">
            <TraceTable traces={traces} />
          </div>
          {data.nextCursor !== null && limit < 1_000 && (
            <div className="mt-3 text-center">
              <button type="button" className="control" onClick={() => setLimit(limit + pageSize)}>
                Show more
              </button>
            </div>
          )}
        </>
      )}
    </Page>
  );
}

function TraceTable({ traces }: { readonly traces: readonly TraceSummary[] }): ReactNode {
  const longest = Math.max(1, ...traces.map(({ durationNano }) => Number(durationNano)));
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Start</th>
          <th scope="col">Root span</th>
          <th scope="col">Services</th>
          <th scope="col" className="text-right!">
            Spans
          </th>
          <th scope="col" className="w-[30%]">
            Duration
          </th>
        </tr>
      </thead>
      <tbody>
        {traces.map((trace) => {
          const startMs = nanoToMs(trace.startUnixNano);
          const share = Number(trace.durationNano) / longest;
          return (
            <tr key={trace.traceId}>
              <td
                className="text-muted num whitespace-nowrap"
                title={formatDateTime(startMs, true)}
              >
                {formatClock(startMs, true)}
              </td>
              <td className="max-w-md">
                <Link
                  to="/traces/$traceId"
                  params={{ traceId: trace.traceId }}
                  className="hover:text-accent block truncate font-medium hover:underline"
                >
                  {trace.rootName}
                </Link>
              </td>
              <td>
                <span className="flex flex-wrap gap-x-3">
                  {trace.services.map((service) => (
                    <span
                      key={service}
                      className="inline-flex items-center gap-1.5 whitespace-nowrap"
                    >
                      <span
                        className="size-2 rounded-[2px]"
                        style={{ background: `var(${nameColor(service)})` }}
                      />
                      {service}
                    </span>
                  ))}
                </span>
              </td>
              <td className="num text-right whitespace-nowrap">
                {trace.errorCount > 0 && (
                  <span className="text-bad mr-2">
                    <StatusMark tone="bad" size={12}>
                      {trace.errorCount}
                    </StatusMark>
                  </span>
                )}
                {trace.spanCount}
              </td>
              <td>
                <span className="flex items-center gap-2.5">
                  <span className="num w-16 shrink-0 text-right">
                    {formatSeconds(Number(trace.durationNano) / 1e9)}
                  </span>
                  <span
                    className={`h-2 rounded-[2px] ${trace.errorCount > 0 ? 'bg-bad' : 'bg-accent'}`}
                    style={{ width: `max(2px, ${(share * 70).toFixed(2)}%)` }}
                  />
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
