import {
  AlertIntakeFullError,
  AlertNotFoundError,
  IncidentNotFoundError,
  PipelineFullError,
} from '@dwcp/alerting';

import { ProblemError } from '../problem.ts';

/** Does what was asked, and tells what stands against it as a problem. @throws ProblemError */
export async function orProblem<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AlertNotFoundError) throw notFound('alert', error.message);
    if (error instanceof IncidentNotFoundError) throw notFound('incident', error.message);
    if (error instanceof AlertIntakeFullError || error instanceof PipelineFullError) {
      throw new ProblemError(503, 'alerts-full', 'There are too many alerts', error.message, {
        headers: { 'retry-after': '30' },
      });
    }
    throw error;
  }
}

export function notFound(what: 'alert' | 'incident' | 'receiver', detail: string): ProblemError {
  const title = `${what.slice(0, 1).toUpperCase()}${what.slice(1)} not found`;
  return new ProblemError(404, `${what}-not-found`, title, detail);
}
