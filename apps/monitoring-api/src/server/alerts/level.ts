import { apiAlertsByName } from '@dwcp/alerting';
import {
  AlertLevelSchema,
  type AlertLevelView,
  AlertsByNameSchema,
  type AlertsByNameView,
  ProblemSchema,
} from '@dwcp/api-schema';
import { type FastifyInstance } from 'fastify';

import { type ServerContext } from '../context.ts';

/** The alerts that fire, at a glance. */
export function levelRoutes(app: FastifyInstance, { runtime }: ServerContext): void {
  app.get(
    '/api/v1/alerts/level',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'The state of the whole in one word, and why',
        description: 'Of the alerts that fire and are neither silenced nor inhibited.',
        response: { 200: AlertLevelSchema, 503: ProblemSchema },
      },
    },
    () => runtime.requireAlerting().level() as AlertLevelView,
  );

  app.get(
    '/api/v1/alerts/by-name',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Alerts that fire, counted by name and region',
        response: { 200: AlertsByNameSchema, 503: ProblemSchema },
      },
    },
    () => {
      const alerting = runtime.requireAlerting();
      const { regionLabel } = alerting.incidents.config;
      const items = apiAlertsByName(alerting.levelAlerts(), { regionLabel });
      return { items } as AlertsByNameView;
    },
  );
}
