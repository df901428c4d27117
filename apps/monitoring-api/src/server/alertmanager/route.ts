import { AlertmanagerErrorSchema } from '@dwcp/api-schema';
import { type RouteShorthandOptions } from 'fastify';
import { type TSchema } from 'typebox';

/** What a route of Alertmanager's API says of itself. */
export interface AlertmanagerRoute {
  readonly summary: string;
  readonly description?: string;
  readonly params?: TSchema;
  readonly querystring?: TSchema;
  readonly body?: TSchema;
  readonly answer: TSchema;
}

/** The schemas document; readPostedAlerts and the like tell what is wrong. */
export function optionsOf({ answer, ...request }: AlertmanagerRoute): RouteShorthandOptions {
  return {
    schema: {
      tags: ['Alertmanager API'],
      ...request,
      response: { 200: answer, '4xx': AlertmanagerErrorSchema, 503: AlertmanagerErrorSchema },
    },
    validatorCompiler: () => () => true,
  };
}
