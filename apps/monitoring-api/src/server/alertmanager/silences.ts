import { apiSilence, apiSilences, readPostedSilence, SilenceNotFoundError } from '@dwcp/alerting';
import {
  GettableSilenceSchema,
  GettableSilencesSchema,
  PostableSilenceSchema,
  PostedSilenceSchema,
  SilenceIdParametersSchema,
  SilencesParametersSchema,
} from '@dwcp/api-schema';
import { type FastifyInstance, type FastifyReply } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from '../context.ts';
import { queryOf } from './query.ts';
import { optionsOf } from './route.ts';

interface WithId {
  readonly Params: { readonly silenceID: string };
}

export function silenceRoutes(app: FastifyInstance, { runtime }: ServerContext): void {
  app.get(
    '/api/v2/silences',
    optionsOf({
      summary: 'Silences',
      description:
        'Those that hold now first, then those that begin later, then those that are over.',
      querystring: SilencesParametersSchema,
      answer: GettableSilencesSchema,
    }),
    (request, reply) => {
      const flags = ['active', 'pending', 'expired'] as const;
      const query = queryOf(request, { flags, lists: ['filter'] });
      return reply.send(apiSilences(runtime.requireAlerting().pipeline, query));
    },
  );

  app.post(
    '/api/v2/silences',
    optionsOf({
      summary: 'Set a silence, or change one by its id',
      description: '200 once it is on disk; the id may be a new one.',
      body: PostableSilenceSchema,
      answer: PostedSilenceSchema,
    }),
    async (request, reply) => {
      const posted = readPostedSilence(request.body);
      const silenceID = await runtime.requireAlerting().pipeline.setSilence(posted);
      return reply.send({ silenceID });
    },
  );

  app.get<WithId>(
    '/api/v2/silence/:silenceID',
    optionsOf({
      summary: 'A silence',
      params: SilenceIdParametersSchema,
      answer: GettableSilenceSchema,
    }),
    (request, reply) =>
      orNotFound(reply, async () =>
        apiSilence(runtime.requireAlerting().pipeline, request.params.silenceID),
      ),
  );

  app.delete<WithId>(
    '/api/v2/silence/:silenceID',
    optionsOf({
      summary: 'End a silence now',
      description: 'One that is over stays as it is.',
      params: SilenceIdParametersSchema,
      answer: Type.Null(),
    }),
    (request, reply) =>
      orNotFound(reply, () =>
        runtime.requireAlerting().pipeline.expireSilence(request.params.silenceID),
      ),
  );
}

/** Where the id stands in the path, Alertmanager says 404 and no more. */
async function orNotFound(
  reply: FastifyReply,
  work: () => Promise<unknown>,
): Promise<FastifyReply> {
  try {
    const answer = await work();
    return await reply.code(200).send(answer);
  } catch (error) {
    if (!(error instanceof SilenceNotFoundError)) throw error;
    return await reply.code(404).send();
  }
}
