import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { alertsQuery, rulesQuery } from '../../api/queries.ts';
import { type Alert } from '../../api/types.ts';
import { formatAgo, formatDateTime } from '../../format/time.ts';
import { formatValue } from '../../format/units.ts';
import { useNowMs } from '../../time/live.ts';
import { SectionTitle } from '../../ui/card.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { StatusBadge } from '../../ui/status-mark.tsx';
import { RULES_EXAMPLE, alertTone, byUrgency, countRules } from './alerts-model.ts';
import { RulesTable } from './rules-table.tsx';

const route = getRouteApi('/alerts');
const states = ['firing', 'pending', 'inactive'] as const;

/** What is wrong now, and the rules that say so. */
export function AlertsPage(): ReactNode {
  const alerts = useQuery(alertsQuery);
  const rules = useQuery(rulesQuery);
  const { state } = route.useSearch();
  const groups = rules.data?.groups ?? [];
  const counts = countRules(groups);
  const shown = (alerts.data?.alerts ?? [])
    .filter((alert) => state === undefined || alert.state === state)
    .toSorted(byUrgency);
  const failed = alerts.error ?? rules.error;
  const retry = (): void => {
    void alerts.refetch();
    void rules.refetch();
  };
  if (failed !== null && (alerts.data === undefined || rules.data === undefined)) {
    return (
      <Page title="Alerts">
        <ErrorState error={failed} onRetry={retry} />
      </Page>
    );
  }
  return (
    <Page
      title="Alerts"
      note={`${shown.length} active`}
      actions={
        <div className="flex gap-1.5" role="group" aria-label="Filter by state">
          {states.map((one) => (
            <Link
              key={one}
              to="/alerts"
              search={{ state: state === one ? undefined : one }}
              className="control num"
              data-active={state === one}
              aria-current={state === one}
            >
              {one}{' '}
              <span className="text-faint">
                {counts[one] === 1 ? '1 rule' : `${counts[one]} rules`}
              </span>
            </Link>
          ))}
        </div>
      }
    >
      {alerts.data === undefined || rules.data === undefined ? (
        <Loading />
      ) : (
        <>
          {shown.length === 0 && groups.length > 0 && (
            <div className="border-line bg-panel rounded-lg border">
              <EmptyState
                title={state === undefined ? 'Nothing is wrong' : `No alert is ${state}`}
                compact
              >
                {groups.reduce((sum, group) => sum + group.rules.length, 0)} rules are watching. An
                alert shows here from the moment its expression first holds.
              </EmptyState>
            </div>
          )}
          <ul className="flex flex-col gap-2" aria-label="Active alerts">
            {shown.map((alert) => (
              <AlertItem key={JSON.stringify(alert.labels)} alert={alert} />
            ))}
          </ul>
          <SectionTitle
            note={
              groups.length === 0 ? undefined : 'Choose an expression to see it in the explorer'
            }
          >
            Rules
          </SectionTitle>
          {groups.length === 0 ? (
            <div className="border-line bg-panel rounded-lg border">
              <EmptyState title="No rules are loaded" config={RULES_EXAMPLE}>
                Rules are Prometheus rule files, named in the configuration under ruleFiles. This
                one tells when a target stops answering:
              </EmptyState>
            </div>
          ) : (
            <RulesTable groups={groups} state={state} />
          )}
        </>
      )}
    </Page>
  );
}

function AlertItem({ alert }: { readonly alert: Alert }): ReactNode {
  const nowMs = useNowMs();
  const { alertname, severity, ...labels } = alert.labels;
  const { summary, description, ...annotations } = alert.annotations;
  const sinceMs = alert.activeAt === undefined ? undefined : Date.parse(alert.activeAt);
  return (
    <li
      className={`border-line bg-panel rounded-lg border border-l-[3px] px-4 py-3 ${alert.state === 'firing' ? 'border-l-bad' : 'border-l-warn'}`}
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StatusBadge tone={alertTone(alert)}>{alert.state}</StatusBadge>
        <span className="text-[13px] font-semibold">{alertname}</span>
        {severity !== undefined && <span className="text-muted text-xs">{severity}</span>}
        <span className="text-muted num ml-auto text-xs">
          value <b className="text-text font-medium">{formatValue(Number(alert.value), 'none')}</b>
        </span>
        {sinceMs !== undefined && (
          <span className="text-muted num text-xs" title={formatDateTime(sinceMs)}>
            active since {formatDateTime(sinceMs).slice(11)}, {formatAgo(sinceMs, nowMs)}
          </span>
        )}
      </div>
      {summary !== undefined && <p className="mt-1.5 text-xs">{summary}</p>}
      {description !== undefined && <p className="text-muted mt-0.5 text-xs">{description}</p>}
      <div className="mt-2 flex flex-wrap gap-1">
        {Object.entries(labels).map(([name, value]) => (
          <span key={name} className="bg-raised text-muted text-2xs rounded px-1.5 py-px font-mono">
            {name}={value}
          </span>
        ))}
        {Object.entries(annotations).map(([name, value]) => (
          <span key={name} className="text-faint text-2xs px-1.5 py-px">
            {name}: {value}
          </span>
        ))}
      </div>
    </li>
  );
}
