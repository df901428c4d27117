import { useQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';

import { api } from '../../api/client.ts';
import { useRegion } from '../../app/use-region.ts';
import { formatClock, nanoToMs } from '../../format/time.ts';
import { Card } from '../../ui/card.tsx';
import { LevelTag } from '../../ui/level-tag.tsx';
import { EmptyState, ErrorState } from '../../ui/states.tsx';
import { InlineAttributes } from '../logs/inline-attributes.tsx';
import { useRangeParams } from '../use-range-params.ts';
import { More } from './targets-panel.tsx';

export function LogsPanel(): ReactNode {
  const region = useRegion();
  const { key, params } = useRangeParams();
  const { data, error, refetch } = useQuery({
    queryKey: ['logs', 'latest', key, region],
    queryFn: ({ signal }) => api.logs({ ...params(), region, minLevel: 'info', limit: 10 }, signal),
    refetchInterval: 2_000,
    placeholderData: (previous) => previous,
  });
  const records = data?.items ?? [];
  return (
    <Card title="Latest log records, info and above" aside={<More to="/logs" />}>
      {error !== null && data === undefined ? (
        <ErrorState error={error} onRetry={() => void refetch()} compact />
      ) : records.length === 0 ? (
        <EmptyState title="No log records in this range" compact>
          The server&apos;s own lines land here; services send theirs by OTLP to /v1/logs.
        </EmptyState>
      ) : (
        <ul className="px-3 pb-2">
          {records.map((record, index) => (
            <li
              key={`${record.timeUnixNano}:${index}`}
              className="flex h-[25px] items-center gap-2.5 font-mono text-[11.5px]"
            >
              <span className="text-faint num">{formatClock(nanoToMs(record.timeUnixNano))}</span>
              <LevelTag level={record.level} />
              <span className="min-w-0 truncate" title={record.body}>
                {record.body} <InlineAttributes record={record} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
