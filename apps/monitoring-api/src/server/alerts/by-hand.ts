import {
  FingerprintParametersSchema,
  ProblemSchema,
  ResolveBodySchema,
  TriggerBodySchema,
  TriggeredSchema,
} from '@dwcp/api-schema';
import { InvalidInputError } from '@dwcp/core';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from '../context.ts';
import { parseTime } from '../time-parameter.ts';
import { orProblem } from './errors.ts';

/** Alerts that people raise and end. */
export function byHandRoutes(instance: FastifyInstance, { runtime }: ServerContext): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    '/api/v1/alerts/trigger',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Raise an alert by hand',
        description: 'It fires until it is resolved by hand, or until endsAt; at most 30 days.',
        body: TriggerBodySchema,
        response: { 200: TriggeredSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request) => {
      const { endsAt, annotations, ...input } = request.body;
      const { intake } = runtime.requireAlerting();
      return await orProblem(() =>
        intake.trigger({
          ...input,
          ...(annotations === undefined ? {} : { annotations }),
          ...(endsAt === undefined ? {} : { endsAtUnixMs: momentOf(endsAt) }),
        }),
      );
    },
  );

  app.post(
    '/api/v1/alerts/:fingerprint/resolve',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'End an alert by hand',
        description: "A rule's alert stays over until its condition ended and came again.",
        params: FingerprintParametersSchema,
        body: ResolveBodySchema,
        response: { 204: Type.Null(), '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { fingerprint } = request.params;
      const { by, comment = '' } = request.body;
      const { intake } = runtime.requireAlerting();
      await orProblem(() => intake.resolve({ fingerprint, by, comment }));
      return await reply.code(204).send(null);
    },
  );
}

function momentOf(text: string): number {
  const unixMs = parseTime(text);
  if (unixMs !== undefined) return unixMs;
  const shown = JSON.stringify(text.slice(0, 100));
  throw new InvalidInputError('endsAt', `must be RFC 3339 or Unix seconds, got ${shown}`);
}
