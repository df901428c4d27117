import { useQuery } from '@tanstack/react-query';
import { Link, getRouteApi } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type RuleGroupsSearch } from '../../app/search-params.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { AlertTabs } from '../alerts/alert-tabs.tsx';
import { RULES_EXAMPLE } from '../alerts/alerts-model.ts';
import { GroupsTable } from './groups-table.tsx';
import { ruleGroupsQuery } from './rule-group-queries.ts';
import { groupRows, healthTones, matchesText } from './rule-groups-model.ts';

const route = getRouteApi('/alerts/rule-groups');
const PAGE_SIZE = 200;
const sources = [
  { value: undefined, label: 'All' },
  { value: 'managed', label: 'Made here' },
  { value: 'file', label: 'From files' },
] as const;

/** Groups of rules: those of files, those that are kept here, and how they do. */
export function RuleGroupsPage(): ReactNode {
  const { source, text = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(ruleGroupsQuery);
  const [limit, setLimit] = useState(PAGE_SIZE);
  const set = (change: RuleGroupsSearch): void => {
    setLimit(PAGE_SIZE);
    void navigate({ replace: true, search: (prev) => ({ ...prev, ...change }) });
  };
  const all = data === undefined ? [] : groupRows(data.summaries, data.evaluated);
  const shown = all.filter(
    (row) => (source === undefined || row.summary.source === source) && matchesText(row, text),
  );
  const wrong = all.filter(({ health }) => healthTones[health] === 'bad').length;
  return (
    <Page
      title="Rule groups"
      note={
        data === undefined
          ? undefined
          : `${all.length} in all, ${wrong === 0 ? 'none in trouble' : `${wrong} in trouble`}`
      }
      actions={
        <>
          <FilterInput
            value={text}
            onChange={(typed) => set({ text: typed === '' ? undefined : typed })}
            label="Filter by group, rule or file"
          />
          <div className="flex gap-1.5" role="group" aria-label="Filter by where they lie">
            {sources.map(({ value, label }) => (
              <button
                key={label}
                type="button"
                className="control"
                aria-pressed={source === value}
                onClick={() => set({ source: value })}
              >
                {label}
              </button>
            ))}
          </div>
          <Link to="/alerts/new-rule-group" className="control">
            <Plus size={13} aria-hidden /> New rule group
          </Link>
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
        ) : all.length === 0 ? (
          <EmptyState title="There are no rule groups" config={RULES_EXAMPLE}>
            Make one with New rule group; it is in effect once it is saved. Or name Prometheus rule
            files in the configuration under alerting.ruleFiles. This one tells when a target stops
            answering:
          </EmptyState>
        ) : shown.length === 0 ? (
          <EmptyState title="No rule group matches the filter" />
        ) : (
          <GroupsTable rows={shown.slice(0, limit)} />
        )}
      </div>
      {shown.length > limit && (
        <div className="mt-3 text-center">
          <button type="button" className="control" onClick={() => setLimit(limit + PAGE_SIZE)}>
            Show more of {shown.length}
          </button>
        </div>
      )}
    </Page>
  );
}
