import { queryOptions } from '@tanstack/react-query';

import { api } from './client.ts';

/** Queries several pages share. They refresh on their own pace, and rest while the tab is hidden. */
export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => api.status(signal),
  refetchInterval: 5_000,
});

export const alertsQuery = queryOptions({
  queryKey: ['alerts'],
  queryFn: ({ signal }) => api.alerts(signal),
  refetchInterval: 3_000,
});

export const rulesQuery = queryOptions({
  queryKey: ['rules'],
  queryFn: ({ signal }) => api.rules(signal),
  refetchInterval: 3_000,
});

export const targetsQuery = queryOptions({
  queryKey: ['targets'],
  queryFn: ({ signal }) => api.targets(signal),
  refetchInterval: 2_000,
});

export const servicesQuery = queryOptions({
  queryKey: ['services'],
  queryFn: ({ signal }) => api.services(signal),
  refetchInterval: 30_000,
});

export const metadataQuery = queryOptions({
  queryKey: ['metadata'],
  queryFn: ({ signal }) => api.metadata(signal),
  staleTime: 60_000,
});

export const regionsQuery = queryOptions({
  queryKey: ['label-values', 'region'],
  queryFn: ({ signal }) => api.labelValues('region', signal),
  refetchInterval: 60_000,
});

export const metricNamesQuery = queryOptions({
  queryKey: ['label-values', '__name__'],
  queryFn: ({ signal }) => api.labelValues('__name__', signal),
  refetchInterval: 30_000,
});
