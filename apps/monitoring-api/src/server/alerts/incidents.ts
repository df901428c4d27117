import { apiIncidentDetail, apiIncidents, type IncidentsQuery } from '@dwcp/alerting';
import {
  IncidentDetailSchema,
  type IncidentDetailView,
  IncidentIdParametersSchema,
  IncidentPageSchema,
  type IncidentPageView,
  type IncidentsParameters,
  IncidentsParametersSchema,
  ProblemSchema,
} from '@dwcp/api-schema';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';

import { type ServerContext } from '../context.ts';
import { notFound } from './errors.ts';

const STATES: Readonly<
  Record<NonNullable<IncidentsParameters['state']>, Pick<IncidentsQuery, 'state'>>
> = {
  open: { state: ['open', 'acknowledged'] },
  unacknowledged: { state: 'open' },
  acknowledged: { state: 'acknowledged' },
  closed: { state: 'closed' },
  all: {},
};

/** Incidents: alerts that belong together. */
export function incidentRoutes(instance: FastifyInstance, { runtime }: ServerContext): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    '/api/v1/incidents',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Incidents: alerts that belong together; the last that opened first',
        querystring: IncidentsParametersSchema,
        response: { 200: IncidentPageSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    (request): IncidentPageView => {
      const { state = 'open', q, ...query } = request.query;
      const { incidents } = runtime.requireAlerting();
      const text = q === undefined ? {} : { text: q };
      return apiIncidents(incidents, { ...query, ...text, ...STATES[state] }) as IncidentPageView;
    },
  );

  app.get(
    '/api/v1/incidents/:id',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'An incident with its alerts, candidates for the cause, and what happened',
        params: IncidentIdParametersSchema,
        response: { 200: IncidentDetailSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    (request): IncidentDetailView => {
      const { id } = request.params;
      const found = apiIncidentDetail(runtime.requireAlerting().incidents, id);
      if (found === undefined) {
        const detail = `no incident has the id ${JSON.stringify(id)}; closed ones are kept for alerting.incidents.retention`;
        throw notFound('incident', detail);
      }
      return found as IncidentDetailView;
    },
  );
}
