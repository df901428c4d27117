import {
  AlertmanagersResponseSchema,
  type Targets,
  TargetsParametersSchema,
  TargetsResponseSchema,
} from '@dwcp/api-schema';

import { type ServerContext } from '../context.ts';
import { parametersOf } from './parameters.ts';
import { type AddRoute, success } from './route.ts';

/** What is scraped, and how the last scrape went. */
export function registerTargetRoutes(add: AddRoute, { runtime }: ServerContext): void {
  add(
    ['GET'],
    '/api/v1/targets',
    'What is scraped',
    { querystring: TargetsParametersSchema, answer: TargetsResponseSchema },
    (request, reply) => {
      const parameters = parametersOf(request);
      const state = (parameters.get('state') ?? '').toLowerCase();
      const pool = parameters.get('scrapePool') ?? '';
      const shows = (kind: string): boolean => ['', 'any', kind].includes(state);
      const isWanted = ({ scrapePool }: { readonly scrapePool: string }): boolean =>
        pool === '' || scrapePool === pool;
      const active = shows('active') ? (runtime.scraper?.targets() ?? []) : [];
      const dropped = shows('dropped') ? (runtime.scraper?.droppedTargets() ?? []) : [];
      const data: Targets = {
        activeTargets: active.filter(isWanted).map((target) => ({
          ...target,
          discoveredLabels: { ...target.discoveredLabels },
          labels: { ...target.labels },
        })),
        droppedTargets: dropped.filter(isWanted).map(({ discoveredLabels, scrapePool }) => ({
          discoveredLabels: discoveredLabels.toObject(),
          scrapePool,
        })),
        droppedTargetCounts: countBy(dropped.map(({ scrapePool }) => scrapePool)),
      };
      return reply.send(success(data));
    },
  );

  add(
    ['GET'],
    '/api/v1/alertmanagers',
    'Alertmanagers that alerts are sent on to',
    { answer: AlertmanagersResponseSchema },
    (_request, reply) => {
      const urls = runtime.alerting?.alertmanagerUrls() ?? [];
      const activeAlertmanagers = urls.map((url) => ({ url }));
      return reply.send(success({ activeAlertmanagers, droppedAlertmanagers: [] }));
    },
  );
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
