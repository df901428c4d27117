import { apiIncidents, type IncidentsQuery } from '@dwcp/alerting';

import { type Runtime } from '../runtime/runtime.ts';

export function getIncidents(
  runtime: Runtime,
  filter: IncidentsQuery,
): ReturnType<typeof apiIncidents> {
  const { incidents } = runtime.requireAlerting();
  return apiIncidents(incidents, { state: ['open', 'acknowledged'], ...filter });
}
