import {
  apiAlertGroups,
  apiAlerts,
  readPostedAlerts,
  type RenderRouteLabels,
} from '@dwcp/alerting';
import {
  AlertGroupsParametersSchema,
  AlertGroupsSchema,
  AlertsParametersSchema,
  GettableAlertsSchema,
  PostableAlertsSchema,
} from '@dwcp/api-schema';
import { InvalidInputError } from '@dwcp/core';
import { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';

import { type AlertingFiles } from '../../runtime/alerting/alerting-files.ts';
import { type ServerContext } from '../context.ts';
import { queryOf } from './query.ts';
import { optionsOf } from './route.ts';

const TEXTS = ['receiver'] as const;
const LISTS = ['filter', 'receiver_matchers'] as const;

export function alertRoutes(app: FastifyInstance, { runtime }: ServerContext): void {
  app.get(
    '/api/v2/alerts',
    optionsOf({
      summary: 'Alerts that are not over',
      querystring: AlertsParametersSchema,
      answer: GettableAlertsSchema,
    }),
    (request, reply) => {
      const flags = ['active', 'silenced', 'inhibited', 'unprocessed'] as const;
      const { receiver_matchers: receiverMatchers, ...query } = queryOf(request, {
        flags,
        texts: TEXTS,
        lists: LISTS,
      });
      const { pipeline } = runtime.requireAlerting();
      return reply.send(
        apiAlerts(pipeline, {
          ...query,
          ...(receiverMatchers === undefined ? {} : { receiverMatchers }),
        }),
      );
    },
  );

  app.get(
    '/api/v2/alerts/groups',
    optionsOf({
      summary: 'Alerts that are not over, in the groups that receivers are told of',
      querystring: AlertGroupsParametersSchema,
      answer: AlertGroupsSchema,
    }),
    async (request, reply) => {
      const flags = ['active', 'silenced', 'inhibited', 'muted'] as const;
      const { receiver_matchers: receiverMatchers, ...query } = queryOf(request, {
        flags,
        texts: TEXTS,
        lists: LISTS,
      });
      const alerting = runtime.requireAlerting();
      const { pipeline } = alerting;
      const wanted = {
        ...query,
        ...(receiverMatchers === undefined ? {} : { receiverMatchers }),
      };
      return await reply.send(
        apiAlertGroups(pipeline, wanted, await routeLabelsOf(alerting.files.templates, runtime)),
      );
    },
  );

  app.post(
    '/api/v2/alerts',
    optionsOf({
      summary: 'Take alerts, as Prometheus sends them',
      description:
        'An alert that is posted again before its end goes on; one whose end has come is over. ' +
        '200 once they are on disk. Those that are wrong are left out and named with 400; the others are taken.',
      body: PostableAlertsSchema,
      answer: Type.Null(),
    }),
    async (request, reply) => {
      const posted = readPostedAlerts(request.body);
      const { intake } = runtime.requireAlerting();
      const { problems } = await intake.putAlerts(posted);
      const [first] = problems;
      if (first !== undefined) {
        const text = problems.map(({ index, problem }) => `[${index}]: ${problem}`).join('; ');
        throw new InvalidInputError('alerts', text);
      }
      return reply.code(200).send();
    },
  );
}

/** Labels of routes may be templates, and those of files may be named in them. */
async function routeLabelsOf(
  templates: AlertingFiles['templates'],
  { clock }: ServerContext['runtime'],
): Promise<RenderRouteLabels | undefined> {
  if (templates === undefined) return undefined;
  // Loaded already where there are templates.
  const { Rendering } = await import('@dwcp/alerting/receivers');
  const unixMs = clock.nowUnixMs();
  return (notification) => new Rendering({ notification, templates, unixMs }).routeLabels;
}
