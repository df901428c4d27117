import { type Acknowledged } from '@dwcp/alerting';
import {
  type AcknowledgeBody,
  AcknowledgeBodySchema,
  FingerprintParametersSchema,
  IncidentIdParametersSchema,
  ProblemSchema,
  type UnacknowledgeBody,
  UnacknowledgeBodySchema,
} from '@dwcp/api-schema';
import { InvalidInputError, parseDuration } from '@dwcp/core';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from '../context.ts';
import { orProblem } from './errors.ts';

const response = { 204: Type.Null(), '4xx': ProblemSchema, 503: ProblemSchema };
const GIVEN =
  'While it holds, escalation stops and receivers are not reminded. Takes the place of one that is there.';

/** Somebody sees to an incident or an alert. */
export function acknowledgeRoutes(instance: FastifyInstance, { runtime }: ServerContext): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  const acknowledge = (what: Acknowledged, body: AcknowledgeBody): Promise<void> => {
    const { by, comment = '', timeout } = body;
    const timeoutMs = timeout === undefined ? {} : { timeoutMs: durationOf(timeout) };
    const { incidents } = runtime.requireAlerting();
    return orProblem(() => incidents.acknowledge({ ...what, by, comment, ...timeoutMs }));
  };
  const withdraw = (what: Acknowledged, body: UnacknowledgeBody): Promise<void> => {
    const { incidents } = runtime.requireAlerting();
    const by = body?.by ?? 'anonymous';
    return orProblem(() => incidents.unacknowledge({ ...what, by }));
  };

  app.post(
    '/api/v1/incidents/:id/ack',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Acknowledge an incident',
        description: GIVEN,
        params: IncidentIdParametersSchema,
        body: AcknowledgeBodySchema,
        response,
      },
    },
    async (request, reply) => {
      await acknowledge({ incident: request.params.id }, request.body);
      return await reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/incidents/:id/ack',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Take the acknowledgement of an incident back; none is no error',
        params: IncidentIdParametersSchema,
        body: UnacknowledgeBodySchema,
        response,
      },
    },
    async (request, reply) => {
      await withdraw({ incident: request.params.id }, request.body);
      return await reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/alerts/:fingerprint/ack',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Acknowledge an alert that fires',
        description: GIVEN,
        params: FingerprintParametersSchema,
        body: AcknowledgeBodySchema,
        response,
      },
    },
    async (request, reply) => {
      await acknowledge({ fingerprint: request.params.fingerprint }, request.body);
      return await reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/alerts/:fingerprint/ack',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Take the acknowledgement of an alert back; none is no error',
        params: FingerprintParametersSchema,
        body: UnacknowledgeBodySchema,
        response,
      },
    },
    async (request, reply) => {
      await withdraw({ fingerprint: request.params.fingerprint }, request.body);
      return await reply.code(204).send(null);
    },
  );
}

function durationOf(text: string): number {
  const ms = parseDuration(text) ?? 0;
  if (ms > 0) return ms;
  throw new InvalidInputError('timeout', `must be longer than 0, got ${JSON.stringify(text)}`);
}
