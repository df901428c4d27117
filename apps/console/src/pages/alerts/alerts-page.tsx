import { getRouteApi } from '@tanstack/react-router';
import { BellPlus } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';

import { type AlertsSearch } from '../../app/search-params.ts';
import { useRegion } from '../../app/use-region.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { type AlertDialog, AlertDialogs } from './alert-dialogs.tsx';
import { alertTest, SEVERITIES } from './alert-filter.ts';
import { countStates } from './alert-groups.ts';
import { AlertList } from './alert-list.tsx';
import { useAlertList } from './alert-queries.ts';
import { AlertTabs } from './alert-tabs.tsx';
import { LevelBanner } from './level-banner.tsx';

const route = getRouteApi('/alerts');

/** What is wrong now, what holds it back, and who sees to it. */
export function AlertsPage(): ReactNode {
  const { rows, error, refetch } = useAlertList();
  const search = route.useSearch();
  const region = useRegion();
  const navigate = route.useNavigate();
  const [dialog, setDialog] = useState<AlertDialog>();
  const { state, severity, text } = search;
  const matching = useMemo(
    () => (rows ?? []).filter(alertTest({ severity, region, text })),
    [rows, severity, region, text],
  );
  const shown = matching.filter((row) => state === undefined || row.state === state);
  const set = (change: AlertsSearch): void => {
    void navigate({ replace: true, search: (prev) => ({ ...prev, ...change }) });
  };
  const filtered = severity !== undefined || text !== undefined || state !== undefined;
  return (
    <Page
      title="Alerts"
      actions={
        <>
          <FilterInput
            value={text ?? ''}
            onChange={(typed) => set({ text: typed === '' ? undefined : typed })}
            label="Filter by text or label=value"
            className="w-72"
          />
          <select
            aria-label="Severity"
            className="control"
            value={severity ?? ''}
            onChange={(event) =>
              set({ severity: SEVERITIES.find((one) => one === event.target.value) })
            }
          >
            <option value="">Any severity</option>
            {SEVERITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <button type="button" className="control" onClick={() => setDialog({ kind: 'trigger' })}>
            <BellPlus size={13} aria-hidden /> Raise an alert
          </button>
        </>
      }
    >
      <AlertTabs />
      <LevelBanner counts={countStates(matching)} filter={search} onFilter={set} />
      {rows === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <ErrorState error={error} onRetry={refetch} />
        )
      ) : shown.length === 0 ? (
        <div className="border-line bg-panel rounded-lg border">
          <EmptyState title={filtered ? 'No alert matches the filter' : 'Nothing is wrong'}>
            {filtered
              ? `${rows.length} alerts are there without it.`
              : 'An alert shows here from the moment its expression first holds.'}
          </EmptyState>
        </div>
      ) : (
        <AlertList rows={shown} onAct={setDialog} />
      )}
      <AlertDialogs dialog={dialog} onClose={() => setDialog(undefined)} />
    </Page>
  );
}
