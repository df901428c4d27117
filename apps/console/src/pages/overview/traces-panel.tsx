import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { api } from '../../api/client.ts';
import { useRegion } from '../../app/use-region.ts';
import { formatClock, nanoToMs } from '../../format/time.ts';
import { formatSeconds } from '../../format/units.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState } from '../../ui/states.tsx';
import { StatusMark } from '../../ui/status-mark.tsx';
import { useRangeParams } from '../use-range-params.ts';
import { More } from './targets-panel.tsx';

/** The newest traces of the range; the console's own requests are among them. */
export function TracesPanel(): ReactNode {
  const region = useRegion();
  const { key, params } = useRangeParams();
  const { data, error, refetch } = useQuery({
    queryKey: ['traces', 'latest', key, region],
    queryFn: ({ signal }) => api.traces({ ...params(), region, limit: 8 }, signal),
    refetchInterval: 2_000,
    placeholderData: (previous) => previous,
  });
  const traces = data?.items ?? [];
  return (
    <Card title="Latest traces" aside={<More to="/traces" />}>
      {error !== null && data === undefined ? (
        <ErrorState error={error} onRetry={() => void refetch()} compact />
      ) : traces.length === 0 ? (
        <EmptyState title="No traces in this range" compact>
          Every request to this server becomes one; services send theirs by OTLP to /v1/traces.
        </EmptyState>
      ) : (
        <table className="table">
          <thead className="sr-only">
            <tr>
              <th scope="col">Start</th>
              <th scope="col">Root span</th>
              <th scope="col">Spans</th>
              <th scope="col">Duration</th>
            </tr>
          </thead>
          <tbody>
            {traces.map((trace) => (
              <tr key={trace.traceId}>
                <td className="text-faint num w-24">
                  {formatClock(nanoToMs(trace.startUnixNano), true)}
                </td>
                <td className="max-w-72 truncate">
                  <StatusMark tone={trace.errorCount > 0 ? 'bad' : 'ok'} size={13}>
                    <Link
                      to="/traces/$traceId"
                      params={{ traceId: trace.traceId }}
                      className="hover:text-accent truncate hover:underline"
                    >
                      {trace.rootName} <span className="text-muted">{trace.rootService}</span>
                    </Link>
                  </StatusMark>
                </td>
                <td className="text-muted num text-right whitespace-nowrap">
                  {trace.spanCount} {trace.spanCount === 1 ? 'span' : 'spans'}
                </td>
                <td className="num text-right whitespace-nowrap">
                  {formatSeconds(Number(trace.durationNano) / 1e9)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
