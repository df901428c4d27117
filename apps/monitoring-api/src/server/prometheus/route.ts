import { PrometheusErrorSchema } from '@dwcp/api-schema';
import { type FastifyInstance, type RouteOptions } from 'fastify';
import { type TSchema } from 'typebox';

export type Method = 'GET' | 'POST' | 'PUT';

export interface RouteSchemas {
  readonly params?: TSchema;
  readonly querystring?: TSchema;
  readonly answer: TSchema;
}

/** Adds a documented route to the Prometheus API. */
export type AddRoute = (
  methods: readonly Method[],
  url: string,
  summary: string,
  schemas: RouteSchemas,
  handler: RouteOptions['handler'],
) => void;

export const GET_AND_POST = ['GET', 'POST'] as const;

export function routesOf(app: FastifyInstance): AddRoute {
  return (methods, url, summary, schemas, handler) => {
    const { answer, ...request } = schemas;
    app.route({
      method: [...methods],
      url,
      schema: {
        tags: ['Prometheus API'],
        summary,
        ...request,
        response: { 200: answer, '4xx': PrometheusErrorSchema, 503: PrometheusErrorSchema },
      },
      // The schemas document; the messages of wrong parameters have to be Prometheus' own.
      validatorCompiler: () => () => true,
      handler,
    });
  };
}

/** The envelope of a good answer. */
export interface Success<Data> {
  readonly status: 'success';
  readonly data: Data;
  readonly warnings?: readonly string[];
}

export const TRUNCATED = 'results truncated due to limit';

export function success<Data>(data: Data): Success<Data> {
  return { status: 'success', data };
}

/** A list, cut with a warning where there is more than the limit; 0 is none. */
export function limited<Item>(items: readonly Item[], limit: number): Success<readonly Item[]> {
  if (limit === 0 || items.length <= limit) return success(items);
  return { status: 'success', data: items.slice(0, limit), warnings: [TRUNCATED] };
}
