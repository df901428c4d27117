import { type Targets, TargetsParametersSchema, TargetsResponseSchema } from '@dwcp/api-schema';

import { type ServerContext } from './context.ts';
import { type AddRoute } from './prometheus-api.ts';
import { parametersOf } from './prometheus-parameters.ts';

/** What is scraped, and how the last scrape went. */
export function registerTargetRoutes(add: AddRoute, { runtime }: ServerContext): void {
  add(
    ['GET'],
    '/api/v1/targets',
    'What is scraped',
    { querystring: TargetsParametersSchema, answer: TargetsResponseSchema },
    (request) => {
      const parameters = parametersOf(request);
      const state = (parameters.get('state') ?? '').toLowerCase();
      const pool = parameters.get('scrapePool') ?? '';
      const active = state === 'dropped' ? [] : (runtime.scraper?.targets() ?? []);
      const dropped = state === 'active' ? [] : (runtime.scraper?.droppedTargets() ?? []);
      const data: Targets = {
        activeTargets: active
          .filter(({ scrapePool }) => pool === '' || scrapePool === pool)
          .map((target) => ({
            ...target,
            discoveredLabels: { ...target.discoveredLabels },
            labels: { ...target.labels },
          })),
        droppedTargets: dropped.map(({ discoveredLabels }) => ({
          discoveredLabels: discoveredLabels.toObject(),
        })),
        droppedTargetCounts: countBy(dropped.map(({ scrapePool }) => scrapePool)),
      };
      return { status: 'success', data };
    },
  );
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
