import { queryOptions } from '@tanstack/react-query';

import { api } from '../../api/client.ts';
import { ruleGroupsApi } from '../../api/rule-groups.ts';
import { ALERTING_KEY } from '../alerts/alert-queries.ts';

// The types are the queries' own.
/* oxlint-disable typescript/explicit-module-boundary-types */

/** All groups, and how the rules of those that are evaluated do; without their alerts. */
export const ruleGroupsQuery = queryOptions({
  queryKey: [ALERTING_KEY, 'rule-groups'],
  queryFn: async ({ signal }) => {
    const [{ items }, { groups }] = await Promise.all([
      ruleGroupsApi.list(signal),
      api.rules(signal, { exclude_alerts: true }),
    ]);
    return { summaries: items, evaluated: groups };
  },
  refetchInterval: 3_000,
});

/** One that is kept here, with its text. */
export function managedGroupQuery(name: string) {
  return queryOptions({
    queryKey: [ALERTING_KEY, 'rule-group', name],
    queryFn: ({ signal }) => ruleGroupsApi.get(name, signal),
    refetchInterval: 3_000,
  });
}
