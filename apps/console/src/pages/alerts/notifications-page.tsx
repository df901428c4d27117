import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';

import { type NotificationRecord } from '../../api/alerting-types.ts';
import { alertingApi } from '../../api/alerting.ts';
import { statusQuery } from '../../api/queries.ts';
import { type NotificationsSearch, OUTCOMES } from '../../app/search-params.ts';
import { formatAgo, formatDateTime } from '../../format/time.ts';
import { useNowMs } from '../../time/live.ts';
import { Card } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusBadge, StatusMark } from '../../ui/status-mark.tsx';
import { ALERTING_KEY, receiversQuery } from './alert-queries.ts';
import { AlertTabs } from './alert-tabs.tsx';
import { alertNames, failuresFirst } from './notifications-model.ts';
import { ReceiverTests } from './receiver-tests.tsx';
import { outcomeTone } from './why-card.tsx';

const route = getRouteApi('/alerts/notifications');
const pageSize = 100;
const maxShown = 1_000;

/** Who was told of what and whether it arrived, failures first; and a test for each receiver. */
export function NotificationsPage(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate();
  const [limit, setLimit] = useState(pageSize);
  const receivers = useQuery(receiversQuery);
  const { data, error, refetch } = useQuery({
    queryKey: [ALERTING_KEY, 'notifications', search.outcome, search.receiver, limit],
    queryFn: async ({ signal }) => {
      const filter = { receiver: search.receiver, limit };
      if (search.outcome !== undefined) {
        return alertingApi.notifications({ ...filter, outcome: search.outcome }, signal);
      }
      // Failures come first even where they are older than all that one page holds.
      const [failed, dropped, all] = await Promise.all([
        alertingApi.notifications({ ...filter, outcome: 'failed' }, signal),
        alertingApi.notifications({ ...filter, outcome: 'dropped' }, signal),
        alertingApi.notifications(filter, signal),
      ]);
      return {
        items: failuresFirst([...failed.items, ...dropped.items, ...all.items]),
        nextCursor: all.nextCursor,
      };
    },
    refetchInterval: 3_000,
    placeholderData: (previous) => previous,
  });
  const set = (change: NotificationsSearch): void => {
    setLimit(pageSize);
    void navigate({
      to: '/alerts/notifications',
      replace: true,
      search: (prev) => ({ ...prev, ...change }),
    });
  };
  const items = data?.items ?? [];
  const names = (receivers.data ?? []).map(({ name }) => name);
  return (
    <Page
      title="Notifications"
      note={
        data === undefined
          ? undefined
          : `${items.length}${data.nextCursor === null ? '' : '+'}, failures first`
      }
      actions={
        <>
          <select
            aria-label="Receiver"
            className="control max-w-48"
            value={search.receiver ?? ''}
            onChange={(event) => set({ receiver: event.target.value || undefined })}
          >
            <option value="">All receivers</option>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <select
            aria-label="Outcome"
            className="control"
            value={search.outcome ?? ''}
            onChange={(event) =>
              set({ outcome: OUTCOMES.find((one) => one === event.target.value) })
            }
          >
            <option value="">Any outcome</option>
            {OUTCOMES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </>
      }
    >
      <AlertTabs />
      <FailingReceivers />
      <ReceiverTests names={names} error={receivers.error} />
      <div className="border-line bg-panel overflow-x-auto rounded-lg border">
        {data === undefined ? (
          error === null ? (
            <Loading />
          ) : (
            <ErrorState error={error} onRetry={() => void refetch()} />
          )
        ) : items.length === 0 ? (
          <EmptyState title="Nobody was told of anything yet">
            Each notification to a receiver shows here, with its tries and what the receiver
            answered.
          </EmptyState>
        ) : (
          <NotificationTable items={items} />
        )}
      </div>
      {data !== undefined && data.nextCursor !== null && limit < maxShown && (
        <div className="mt-3 text-center">
          <button type="button" className="control" onClick={() => setLimit(limit + 300)}>
            Show more
          </button>
        </div>
      )}
    </Page>
  );
}

/** Integrations that do not get through now. */
function FailingReceivers(): ReactNode {
  const { data } = useQuery(statusQuery);
  const nowMs = useNowMs();
  const failing = (data?.alerting?.notifiers ?? []).filter((one) => one.failing);
  if (failing.length === 0) return null;
  return (
    <Card title="Receivers that are not reached" className="mb-3" bodyClassName="px-3 pb-3">
      <ul className="flex flex-col gap-1 text-xs">
        {failing.map(({ name, failingSince, consecutiveFailures, lastError }) => (
          <li key={name} className="[overflow-wrap:anywhere]">
            <StatusMark tone="bad" size={13}>
              <b className="font-medium">{name}</b>
            </StatusMark>{' '}
            <span className="text-muted num">
              {failingSince !== null && `since ${formatAgo(Date.parse(failingSince), nowMs)}, `}
              {consecutiveFailures === 1 ? '1 try' : `${consecutiveFailures} tries in a row`}
            </span>{' '}
            {lastError}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function NotificationTable({
  items,
}: {
  readonly items: readonly NotificationRecord[];
}): ReactNode {
  const nowMs = useNowMs();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col">When</th>
          <th scope="col">Receiver</th>
          <th scope="col">Alerts</th>
          <th scope="col" className="text-right!">
            Tries
          </th>
          <th scope="col">Error</th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => {
          const queuedMs = Date.parse(one.queuedAt);
          return (
            <tr key={`${one.integration} ${one.idempotencyKey}`}>
              <td>
                <StatusBadge tone={outcomeTone(one.outcome)}>{one.outcome}</StatusBadge>
              </td>
              <td className="num text-muted whitespace-nowrap" title={formatDateTime(queuedMs)}>
                {formatAgo(queuedMs, nowMs)}
              </td>
              <td className="font-medium whitespace-nowrap">{one.integration}</td>
              <td className="max-w-md">
                <span className="block truncate">{alertNames(one)}</span>
                <span className="text-faint text-2xs block">
                  {one.alertCount === 1 ? '1 alert' : `${one.alertCount} alerts`} {one.status}
                </span>
              </td>
              <td className="num text-right">{one.attempts}</td>
              <td
                className={`max-w-md [overflow-wrap:anywhere] ${one.outcome === 'delivered' ? 'text-muted' : 'text-bad'}`}
              >
                {one.lastError}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
