import { type FastifyInstance } from 'fastify';

import { type ServerContext } from '../context.ts';
import { compressAnswers } from './compression.ts';
import { sendPrometheusError } from './errors.ts';
import { registerExemplarRoutes } from './exemplars.ts';
import { registerMetadataRoutes } from './metadata.ts';
import { registerQueryRoutes } from './query.ts';
import { routesOf } from './route.ts';
import { registerRuleRoutes } from './rules.ts';
import { registerSeriesRoutes } from './series.ts';
import { registerStatusRoutes } from './status.ts';
import { registerSyntaxRoutes } from './syntax.ts';
import { registerTargetRoutes } from './targets.ts';
import { registerTsdbRoutes } from './tsdb.ts';

/**
 * The Prometheus HTTP API: parameters, shapes, messages and errors are those of Prometheus 3, so that
 * Grafana and every other client of it works.
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export async function prometheusApi(app: FastifyInstance, context: ServerContext): Promise<void> {
  app.setErrorHandler((error, request, reply) =>
    sendPrometheusError(request, reply, error, context),
  );
  acceptForms(app);
  compressAnswers(app);

  const add = routesOf(app);
  registerQueryRoutes(add, context);
  registerExemplarRoutes(add, context);
  registerSyntaxRoutes(add);
  registerSeriesRoutes(add, context);
  registerMetadataRoutes(add, context);
  registerTargetRoutes(add, context);
  registerRuleRoutes(add, context);
  registerStatusRoutes(add, context);
  registerTsdbRoutes(add, context);
}

/** Lets parameters come in the body of a form. */
export function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
}
