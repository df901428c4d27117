import {
  ProblemSchema,
  ReceiverNameParametersSchema,
  ReceiverTestBodySchema,
  ReceiverTestSchema,
  type ReceiverTestView,
} from '@dwcp/api-schema';
// Types only: at run time the provider would load a validator that is not used here.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyInstance } from 'fastify';

import { type ServerContext } from '../context.ts';
import { notFound } from './errors.ts';

/** Whether a receiver is told of something when it should be. */
export function receiverTestRoutes(instance: FastifyInstance, { runtime }: ServerContext): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  app.post(
    '/api/v1/receivers/:name/test',
    {
      schema: {
        tags: ['Alerts'],
        summary: 'Send a test to each integration of a receiver',
        description:
          'An alert ReceiverTest that says it is a test, sent once and at once; then that it is over, where the integration hears of that.',
        params: ReceiverNameParametersSchema,
        body: ReceiverTestBodySchema,
        response: { 200: ReceiverTestSchema, '4xx': ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request): Promise<ReceiverTestView> => {
      const alerting = runtime.requireAlerting();
      const { name } = request.params;
      const found = await alerting.testReceiver(name, request.body.by);
      if (found !== undefined) return { ...found, integrations: [...found.integrations] };
      const known = alerting.files.alertmanager.receivers.map((receiver) => receiver.name);
      const detail = `no receiver is called ${JSON.stringify(name)}; there are ${known.join(', ')}`;
      throw notFound('receiver', detail);
    },
  );
}
