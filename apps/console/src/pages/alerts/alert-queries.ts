import { type QueryClient, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import { alertingApi } from '../../api/alerting.ts';
import { api } from '../../api/client.ts';
import { alertsQuery, statusQuery } from '../../api/queries.ts';
import { acknowledgedIncidents } from './acknowledged-incidents.ts';
import { type AlertRow, alertRows, type AlertSources, missingOf } from './alert-rows.ts';

/** Under this key is everything that changes when somebody acts. */
export const ALERTING_KEY = 'alerting';

/** For so long what is known of the members of an incident will do, unless somebody acts here. */
const MEMBERS_MS = 9_000;
/** From here on the list is asked for less often. */
const MANY_ALERTS = 1_000;

export interface AlertList {
  /** Undefined before the first answer. */
  readonly rows: readonly AlertRow[] | undefined;
  readonly error: Error | null;
  readonly refetch: () => void;
}

type Alerts = Omit<AlertSources, 'incidents' | 'ownRegion' | 'missing'> & {
  /** Firing alerts of rules that the routes do not have, now, and the time before too. */
  readonly missingNow: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
};

const alertsKey = [ALERTING_KEY, 'alerts'];

/** Alerts of rules and routes, with who silenced and, a little later, who acknowledged them. */
export function useAlertList(): AlertList {
  const client = useQueryClient();
  const { data: status } = useQuery(statusQuery);
  const alerts = useQuery({
    queryKey: alertsKey,
    queryFn: async ({ signal }): Promise<Alerts> => {
      const before = client.getQueryData<Alerts>(alertsKey);
      // Rules first: what fires by then, the routes have by now.
      const { alerts: rules } = await api.alerts(signal);
      const [routed, silences] = await Promise.all([
        alertingApi.routed(signal),
        alertingApi.silences(signal),
      ]);
      const missingNow = missingOf(rules, routed);
      const missing = new Set(
        [...missingNow].filter((key) => before?.missingNow.has(key) === true),
      );
      return { rules, routed, silences, missingNow, missing };
    },
    refetchInterval: ({ state }) =>
      (state.data?.routed.length ?? 0) > MANY_ALERTS ? 10_000 : 3_000,
    structuralSharing: false,
  });
  const { data: incidents } = useQuery({
    queryKey: [ALERTING_KEY, 'acknowledged-incidents'],
    queryFn: ({ signal }) =>
      acknowledgedIncidents({
        byName: () => alertingApi.byName(signal),
        incidents: (params) => alertingApi.incidents(params, signal),
        incident: (id) => client.query({ ...incidentQuery(id), staleTime: MEMBERS_MS }),
      }),
    refetchInterval: 3_000,
  });
  const { data, error, refetch } = alerts;
  const ownRegion = status?.region ?? '';
  const rows = useMemo(
    () =>
      data === undefined
        ? undefined
        : alertRows({ ...data, incidents: incidents ?? [], ownRegion }),
    [data, incidents, ownRegion],
  );
  return { rows, error, refetch: () => void refetch() };
}

// The type is the query's own.
// oxlint-disable-next-line typescript/explicit-module-boundary-types
export function incidentQuery(id: string) {
  return queryOptions({
    queryKey: [ALERTING_KEY, 'incident', id],
    queryFn: ({ signal }) => alertingApi.incident(id, signal),
  });
}

/** Asks again for all that an action may have changed. */
export async function refreshAlerting(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: [ALERTING_KEY] }),
    client.invalidateQueries({ queryKey: alertsQuery.queryKey }),
  ]);
}

export const levelQuery = queryOptions({
  queryKey: [ALERTING_KEY, 'level'],
  queryFn: ({ signal }) => alertingApi.level(signal),
  refetchInterval: 3_000,
});

export const silencesQuery = queryOptions({
  queryKey: [ALERTING_KEY, 'silences'],
  queryFn: ({ signal }) => alertingApi.silences(signal),
  refetchInterval: 5_000,
});

export const receiversQuery = queryOptions({
  queryKey: [ALERTING_KEY, 'receivers'],
  queryFn: ({ signal }) => alertingApi.receivers(signal),
  refetchInterval: 30_000,
});
