import { QueryClient } from '@tanstack/react-query';

import { ApiError } from '../api/errors.ts';

/** A refusal will not change by asking again; an unreachable server may well come back. */
function worthRetrying(failures: number, error: Error): boolean {
  if (error instanceof ApiError && error.status >= 400 && error.status < 500) return false;
  return failures < 2;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: worthRetrying,
      retryDelay: (failures) => Math.min(5_000, 400 * 2 ** failures),
      refetchOnWindowFocus: false,
      staleTime: 2_000,
    },
  },
});
