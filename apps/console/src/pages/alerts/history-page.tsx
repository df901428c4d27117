import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';

import { type DecisionRecord } from '../../api/alerting-types.ts';
import { alertingApi } from '../../api/alerting.ts';
import { DECISION_KINDS, type HistorySearch } from '../../app/search-params.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { useRangeParams } from '../use-range-params.ts';
import { ALERTING_KEY } from './alert-queries.ts';
import { AlertTabs } from './alert-tabs.tsx';
import { Timeline } from './timeline.tsx';

const route = getRouteApi('/alerts/history');
const pageSize = 100;

const kindNames: Readonly<Record<(typeof DECISION_KINDS)[number], string>> = {
  evaluated: 'Alerts of rules',
  rule: 'Rules',
  intake: 'Deduplication',
  routed: 'Routes',
  weighed: 'What holds back',
  flushed: 'Groups',
  delivered: 'Deliveries',
  silence: 'Silences',
  acknowledged: 'Acknowledgements',
  escalated: 'Escalations',
  manual: 'By hand',
};

/** What was decided about alerts in the range, newest first, searchable by alert and kind. */
export function HistoryPage(): ReactNode {
  const search = route.useSearch();
  const navigate = useNavigate();
  const { key, params } = useRangeParams();
  const [typed, setTyped] = useState(search.alert ?? '');
  const set = (change: HistorySearch): void => {
    void navigate({
      to: '/alerts/history',
      replace: true,
      search: (prev) => ({ ...prev, ...change }),
    });
  };
  const found = useInfiniteQuery({
    queryKey: [ALERTING_KEY, 'history', key, search.alert, search.kind],
    initialPageParam: undefined as
      | { readonly cursor: string; readonly start: number; readonly end: number }
      | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const bounds = pageParam ?? { ...params(), cursor: undefined };
      const page = await alertingApi.decisions(
        { alert: search.alert, kind: search.kind, ...bounds, limit: pageSize },
        signal,
      );
      return { page, start: bounds.start, end: bounds.end };
    },
    getNextPageParam: ({ page, start, end }) =>
      page.nextCursor === null ? undefined : { cursor: page.nextCursor, start, end },
  });
  const records = (found.data?.pages ?? []).flatMap(({ page }) => page.items);
  // Not every decision about an alert says its name.
  const names = new Map(
    records.flatMap(({ subject, alertName }) => (alertName === '' ? [] : [[subject, alertName]])),
  );
  return (
    <Page
      title="History"
      note={
        found.data === undefined
          ? undefined
          : `${records.length}${found.hasNextPage ? '+' : ''} decisions in the range, newest first`
      }
      actions={
        <>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              set({ alert: typed.trim() === '' ? undefined : typed.trim() });
            }}
          >
            <FilterInput
              value={typed}
              onChange={(text) => {
                setTyped(text);
                if (text === '') set({ alert: undefined });
              }}
              label='Name, {label="value"}; Enter'
              className="w-80"
            />
          </form>
          <select
            aria-label="Kind"
            className="control"
            value={search.kind ?? ''}
            onChange={(event) =>
              set({ kind: DECISION_KINDS.find((one) => one === event.target.value) })
            }
          >
            <option value="">Everything</option>
            {DECISION_KINDS.map((one) => (
              <option key={one} value={one}>
                {kindNames[one]}
              </option>
            ))}
          </select>
        </>
      }
    >
      <AlertTabs />
      <div className="border-line bg-panel rounded-lg border">
        {found.data === undefined ? (
          found.error === null ? (
            <Loading />
          ) : (
            <ErrorState error={found.error} onRetry={() => void found.refetch()} />
          )
        ) : records.length === 0 ? (
          <EmptyState title="Nothing was decided in this range">
            Choose a longer range, or another alert.
          </EmptyState>
        ) : (
          <Timeline
            records={records}
            nameOf={(record) => <Subject record={record} name={names.get(record.subject)} />}
          />
        )}
      </div>
      {found.hasNextPage && (
        <div className="mt-3 text-center">
          <button
            type="button"
            className="control"
            disabled={found.isFetchingNextPage}
            onClick={() => void found.fetchNextPage()}
          >
            Show more
          </button>
        </div>
      )}
    </Page>
  );
}

function Subject({
  record,
  name,
}: {
  readonly record: DecisionRecord;
  readonly name: string | undefined;
}): ReactNode {
  const { subject } = record;
  if (/^[0-9a-f]{16}$/.test(subject)) {
    return (
      <Link
        to="/alerts/$alert"
        params={{ alert: subject }}
        search={{ at: record.at }}
        className="hover:text-accent w-48 truncate font-medium hover:underline"
      >
        {name ?? subject}
      </Link>
    );
  }
  return (
    <span className="text-muted w-48 truncate" title={subject}>
      {name ?? subject.slice(0, subject.indexOf(':'))}
    </span>
  );
}
