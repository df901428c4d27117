import { useQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';

import { statusQuery } from '../../api/queries.ts';
import { type BackendStatus, type QueueStatus, type ServerStatus } from '../../api/types.ts';
import { formatCount, formatSeconds } from '../../format/units.ts';
import { Card } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusMark } from '../../ui/status-mark.tsx';
import { backendTone, formatStat, statLabel } from './stats.ts';

/** What the server is, holds and has lost: /api/v1/status in full. */
export function StatusPage(): ReactNode {
  const { data, error, refetch } = useQuery(statusQuery);
  return (
    <Page title="Status" note={data === undefined ? undefined : `${data.service} ${data.version}`}>
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ErrorState error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <div className="grid gap-3 xl:grid-cols-2">
          <ServerCard status={data} />
          <BackendsCard backends={data.backends} />
          <div className="grid items-start gap-3 sm:grid-cols-3 xl:col-span-2">
            {Object.entries(data.stores).map(([name, stats]) => (
              <Card key={name} title={`Store: ${name}`} bodyClassName="px-3 pb-3">
                <Facts
                  facts={Object.entries(stats).map(([key, value]) => [
                    statLabel(key),
                    formatStat(key, value),
                  ])}
                />
              </Card>
            ))}
          </div>
          <QueuesCard queues={data.queues} />
        </div>
      )}
    </Page>
  );
}

function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [string, ReactNode])[];
}): ReactNode {
  if (facts.length === 0) return <p className="text-faint text-xs">No figures.</p>;
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-6 gap-y-1 text-xs">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="num min-w-0 text-right break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ServerCard({ status }: { readonly status: ServerStatus }): ReactNode {
  const refused = Object.entries(status.rejectedSamples);
  return (
    <Card title="Server" bodyClassName="px-3 pb-3">
      <Facts
        facts={[
          ['Version', status.version],
          ['Service', status.service],
          ['Region', status.region],
          ['Instance', status.instance],
          ['Listening', status.listening || 'not listening'],
          ['Data directory', status.dataDir],
          ['Started', `${status.startedAt.slice(0, 19).replace('T', ' ')} UTC`],
          ['Up for', formatSeconds(status.uptimeSeconds)],
          [
            'Samples refused',
            refused.length === 0
              ? 'none'
              : refused.map(([reason, count]) => `${formatCount(count)} ${reason}`).join(', '),
          ],
          ['Wrong record calls', formatCount(status.recordErrors)],
        ]}
      />
    </Card>
  );
}

function BackendsCard({ backends }: { readonly backends: readonly BackendStatus[] }): ReactNode {
  return (
    <Card title="Backends" bodyClassName="overflow-x-auto">
      {backends.length === 0 ? (
        <EmptyState title="All data stay in the embedded stores" compact />
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Backend</th>
              <th scope="col">State</th>
              <th scope="col">Detail</th>
            </tr>
          </thead>
          <tbody>
            {backends.map((backend) => (
              <tr key={backend.name}>
                <td className="font-medium">{backend.name}</td>
                <td>
                  <StatusMark tone={backendTone(backend)}>
                    {backend.configured ? backend.state : 'not configured'}
                  </StatusMark>
                </td>
                <td className="text-muted break-words">{backend.detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function QueuesCard({ queues }: { readonly queues: readonly QueueStatus[] }): ReactNode {
  return (
    <Card title="Queues" className="xl:col-span-2" bodyClassName="overflow-x-auto">
      {queues.length === 0 ? (
        <EmptyState title="No queues" compact />
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col" className="w-2/5">
                Filled
              </th>
              <th scope="col" className="text-right!">
                Written
              </th>
              <th scope="col" className="text-right!">
                Failed writes
              </th>
              <th scope="col" className="text-right!">
                Dropped
              </th>
            </tr>
          </thead>
          <tbody>
            {queues.map((queue) => {
              const filled = queue.capacity > 0 ? queue.waiting / queue.capacity : 0;
              return (
                <tr key={queue.name}>
                  <td className="font-medium">{queue.name}</td>
                  <td>
                    <span className="flex items-center gap-3">
                      <span className="bg-raised h-1.5 max-w-64 flex-1 overflow-hidden rounded-full">
                        <span
                          className={`block h-full rounded-full ${filled > 0.8 ? 'bg-bad' : 'bg-accent'}`}
                          style={{ width: `${Math.max(filled > 0 ? 1 : 0, filled * 100)}%` }}
                        />
                      </span>
                      <span className="num text-muted whitespace-nowrap">
                        {formatCount(queue.waiting)} of {formatCount(queue.capacity)}
                      </span>
                    </span>
                  </td>
                  <td className="num text-right">{formatCount(queue.written)}</td>
                  <td className="num text-right">
                    <StatusMark tone={queue.failedWrites > 0 ? 'warn' : 'ok'}>
                      {formatCount(queue.failedWrites)}
                    </StatusMark>
                  </td>
                  <td className="num text-right">
                    <StatusMark tone={queue.dropped > 0 ? 'bad' : 'ok'}>
                      {formatCount(queue.dropped)}
                    </StatusMark>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Card>
  );
}
