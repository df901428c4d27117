import { PipelineFullError, SilenceNotFoundError } from '@dwcp/alerting';
import { InvalidInputError } from '@dwcp/core';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { type ServerContext } from '../context.ts';
import { problemOf, readToItsEnd } from '../problem.ts';
import { alertRoutes } from './alerts.ts';
import { silenceRoutes } from './silences.ts';
import { statusRoutes } from './status.ts';

/**
 * Alertmanager's API, version 2: Prometheus sends its alerts here, amtool and Grafana read them and
 * set silences. Shapes and statuses are those of its openapi.yaml.
 */
export async function alertmanagerApi(app: FastifyInstance, context: ServerContext): Promise<void> {
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, context));
  app.addHook('onSend', async (_request, reply) => {
    void reply.header('cache-control', 'no-store');
  });
  statusRoutes(app, context);
  alertRoutes(app, context);
  silenceRoutes(app, context);
}

/** Errors are texts in JSON, for Alertmanager's clients read nothing else. */
function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { runtime }: ServerContext,
): FastifyReply {
  const send = (status: number, text: string): FastifyReply =>
    reply.code(status).type('application/json').send(JSON.stringify(text));
  if (error instanceof InvalidInputError) return send(400, error.message);
  if (error instanceof SilenceNotFoundError) return send(404, error.message);
  if (error instanceof PipelineFullError) return send(503, error.message);
  const problem = problemOf(error);
  if (problem.status === 500) {
    runtime.log.error(
      { err: error, requestId: request.id, route: request.routeOptions.url },
      'request failed',
    );
  }
  if (problem.status === 413) readToItsEnd(request, reply);
  void reply.headers(problem.headers);
  return send(problem.status, problem.message);
}
