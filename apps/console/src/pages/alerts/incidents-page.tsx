import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';

import { type Incident } from '../../api/alerting-types.ts';
import { alertingApi } from '../../api/alerting.ts';
import { type IncidentsSearch } from '../../app/search-params.ts';
import { formatAgo, formatDateTime } from '../../format/time.ts';
import { useNowMs } from '../../time/live.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusBadge } from '../../ui/status-mark.tsx';
import { ALERTING_KEY } from './alert-queries.ts';
import { AlertTabs } from './alert-tabs.tsx';
import { incidentTone } from './incident-model.ts';

const route = getRouteApi('/alerts/incidents');
const pageSize = 100;
const maxShown = 1_000;
const states = ['open', 'closed', 'all'] as const;

/** Alerts that belong together, as one thing to see to. */
export function IncidentsPage(): ReactNode {
  const { state = 'open', text } = route.useSearch();
  const navigate = route.useNavigate();
  const [limit, setLimit] = useState(pageSize);
  const { data, error, refetch } = useQuery({
    queryKey: [ALERTING_KEY, 'incidents', state, text, limit],
    queryFn: ({ signal }) => alertingApi.incidents({ state, q: text, limit }, signal),
    refetchInterval: 3_000,
    placeholderData: (previous) => previous,
  });
  const set = (change: IncidentsSearch): void => {
    setLimit(pageSize);
    void navigate({
      replace: true,
      search: (prev) => ({ ...prev, ...change }),
    });
  };
  const items = data?.items ?? [];
  return (
    <Page
      title="Incidents"
      note={
        data === undefined
          ? undefined
          : `${items.length}${data.nextCursor === null ? '' : '+'}${state === 'all' ? '' : ` ${state}`}, newest first`
      }
      actions={
        <>
          <FilterInput
            value={text ?? ''}
            onChange={(typed) => set({ text: typed === '' ? undefined : typed })}
            label="Filter by name, label or annotation"
            className="w-72"
          />
          <div className="flex gap-1.5" role="group" aria-label="Filter by state">
            {states.map((one) => (
              <button
                key={one}
                type="button"
                className="control"
                aria-pressed={state === one}
                onClick={() => set({ state: one === 'open' ? undefined : one })}
              >
                {one}
              </button>
            ))}
          </div>
        </>
      }
    >
      <AlertTabs />
      <div className="border-line bg-panel overflow-x-auto rounded-lg border">
        {data === undefined ? (
          error === null ? (
            <Loading />
          ) : (
            <ErrorState error={error} onRetry={() => void refetch()} />
          )
        ) : items.length === 0 ? (
          <EmptyState title={text === undefined ? 'No incident' : 'No incident matches the filter'}>
            {text === undefined &&
              'Alerts that begin together, in one region or along one dependency, become an incident.'}
          </EmptyState>
        ) : (
          <IncidentTable items={items} />
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

function IncidentTable({ items }: { readonly items: readonly Incident[] }): ReactNode {
  const nowMs = useNowMs();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Incident</th>
          <th scope="col">Severity</th>
          <th scope="col" className="text-right!">
            Alerts
          </th>
          <th scope="col">Regions</th>
          <th scope="col">Services</th>
          <th scope="col">Opened</th>
          <th scope="col">Level</th>
          <th scope="col">Who sees to it</th>
        </tr>
      </thead>
      <tbody>
        {items.map((incident) => {
          const openedMs = Date.parse(incident.openedAt);
          return (
            <tr key={incident.id}>
              <td>
                <StatusBadge tone={incidentTone(incident)}>{incident.state}</StatusBadge>
              </td>
              <td className="max-w-md">
                <Link
                  to="/alerts/incidents/$incident"
                  params={{ incident: incident.id }}
                  className="hover:text-accent block truncate font-medium hover:underline"
                >
                  {incident.title}
                </Link>
                <span className="text-faint text-2xs font-mono">{incident.id}</span>
              </td>
              <td>{incident.severity}</td>
              <td className="num text-right whitespace-nowrap">
                {incident.firing} <span className="text-faint">of {incident.alerts}</span>
              </td>
              <td className="text-muted">{incident.regions.join(', ')}</td>
              <td className="text-muted max-w-48 truncate" title={incident.services.join(', ')}>
                {incident.services.join(', ')}
              </td>
              <td className="num text-muted whitespace-nowrap" title={formatDateTime(openedMs)}>
                {formatAgo(openedMs, nowMs)}
              </td>
              <td className="num">{incident.level}</td>
              <td>{incident.acknowledgement?.by ?? <span className="text-faint">nobody</span>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
