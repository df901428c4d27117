import { apiReceivers, apiStatus } from '@dwcp/alerting';
import {
  AlertmanagerReceiversSchema,
  AlertmanagerStatusSchema,
  ReceiversParametersSchema,
} from '@dwcp/api-schema';
import { type FastifyInstance } from 'fastify';

import { apiCluster } from '../../runtime/alerting/cluster.ts';
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
      description: 'Of a cluster, the instances that are there are among the peers.',
      answer: AlertmanagerStatusSchema,
    }),
    (_request, reply) => {
      const { pipeline, cluster } = runtime.requireAlerting();
      return reply.send(apiStatus(pipeline, BUILD, apiCluster(cluster, runtime.externalUrl)));
    },
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
