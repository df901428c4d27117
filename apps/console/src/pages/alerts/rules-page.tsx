import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { rulesQuery } from '../../api/queries.ts';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { AlertTabs } from './alert-tabs.tsx';
import { RULES_EXAMPLE, countRules } from './alerts-model.ts';
import { RulesTable } from './rules-table.tsx';

const route = getRouteApi('/alerts/rules');
const states = ['firing', 'pending', 'inactive'] as const;

/** The rules: what they watch, whether they hold, and whether their evaluation works. */
export function RulesPage(): ReactNode {
  const { data, error, refetch } = useQuery(rulesQuery);
  const { state } = route.useSearch();
  const groups = data?.groups ?? [];
  const counts = countRules(groups);
  return (
    <Page
      title="Rules"
      note={groups.length === 0 ? undefined : 'Choose an expression to see it in the explorer'}
      actions={
        <div className="flex gap-1.5" role="group" aria-label="Filter by state">
          {states.map((one) => (
            <Link
              key={one}
              to="/alerts/rules"
              search={{ state: state === one ? undefined : one }}
              className="control num"
              data-active={state === one}
              aria-current={state === one}
            >
              <b className="font-semibold">{counts[one]}</b> {one}
            </Link>
          ))}
        </div>
      }
    >
      <AlertTabs />
      {data === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ErrorState error={error} onRetry={() => void refetch()} />
        )
      ) : groups.length === 0 ? (
        <div className="border-line bg-panel rounded-lg border">
          <EmptyState title="No rules are loaded" config={RULES_EXAMPLE}>
            Make some under Rule groups, or name Prometheus rule files in the configuration under
            alerting.ruleFiles. This one tells when a target stops answering:
          </EmptyState>
        </div>
      ) : (
        <RulesTable groups={groups} state={state} />
      )}
    </Page>
  );
}
