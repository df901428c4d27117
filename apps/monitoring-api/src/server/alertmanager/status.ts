import { apiReceivers, apiStatus } from '@dwcp/alerting';
import {
  AlertmanagerReceiversSchema,
  AlertmanagerStatusSchema,
  ReceiversParametersSchema,
} from '@dwcp/api-schema';
import { type FastifyInstance } from 'fastify';

import { version } from '../../version.ts';
import { type ServerContext } from '../context.ts';
import { queryOf } from './query.ts';
import { optionsOf } from './route.ts';

const BUILD = { version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };

export function statusRoutes(app: FastifyInstance, { runtime }: ServerContext): void {
  app.get(
    '/api/v2/status',
    optionsOf({
      summary: 'The configuration in force, without its secrets',
      description: 'There is one instance, and so no cluster.',
      answer: AlertmanagerStatusSchema,
    }),
    (_request, reply) => reply.send(apiStatus(runtime.requireAlerting().pipeline, BUILD)),
  );

  app.get(
    '/api/v2/receivers',
    optionsOf({
      summary: 'Receivers',
      querystring: ReceiversParametersSchema,
      answer: AlertmanagerReceiversSchema,
    }),
    (request, reply) => {
      const { receiver_matchers: receiverMatchers = [] } = queryOf(request, {
        lists: ['receiver_matchers'],
      });
      return reply.send(apiReceivers(runtime.requireAlerting().pipeline, { receiverMatchers }));
    },
  );
}
