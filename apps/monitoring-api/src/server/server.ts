import { type Server } from 'node:http';

import swagger from '@fastify/swagger';
import { fastify, type FastifyInstance, type FastifyHttpOptions } from 'fastify';
import { type TSchema } from 'typebox';

import { instrumentFastify } from '../fastify/plugin.ts';
import { type Runtime } from '../runtime/runtime.ts';
import { version } from '../version.ts';
import { alertmanagerApi } from './alertmanager/api.ts';
import { alertRoutes } from './alerts/routes.ts';
import { clusterRoute } from './cluster.ts';
import { consoleRoutes, findConsole, methodNotAllowed, notFound } from './console.ts';
import { explainRoute } from './explain.ts';
import { expositionRoutes } from './exposition.ts';
import { federateRoute } from './federate.ts';
import { healthRoutes } from './health.ts';
import { ingestRoutes } from './ingest.ts';
import { logRoutes } from './logs.ts';
import { notificationRoutes } from './notifications.ts';
import { pathOf, sendProblem } from './problem.ts';
import { prometheusApi } from './prometheus/api.ts';
import { pushgatewayRoutes } from './pushgateway.ts';
import { QuerySlots } from './query-slots.ts';
import { reloadRoute } from './reload.ts';
import { remoteReadRoute } from './remote-read.ts';
import { remoteWriteRoutes } from './remote-write.ts';
import { ruleGroupRoutes } from './rule-groups/routes.ts';
import { runbookRoutes } from './runbooks.ts';
import { registerSecurity } from './security.ts';
import { type TokenCheck } from './token.ts';
import { traceRoutes } from './traces.ts';
import { compilersFactory, serializerCompiler, validatorCompiler } from './validation.ts';

/** A request has this long to arrive as a whole, its headers a third of it. */
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_URL_LENGTH = 65_536;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export interface ServerOptions {
  readonly runtime: Runtime;
  /** The address it will listen on, which decides what requests are let in. */
  readonly host: string;
  readonly token: TokenCheck | undefined;
  /** Whether its own requests are traced, measured and logged. */
  readonly observeRequests: boolean;
  /** Ends live streams. */
  readonly closing: AbortSignal;
  /** Where the built console is. Default: looked for beside this package. */
  readonly consoleDir?: string;
}

/** The HTTP server with all its routes, not yet listening. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { runtime } = options;
  const { config } = runtime;
  const serverOptions: FastifyHttpOptions<Server> = {
    bodyLimit: config.server.bodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 65_000,
    http: { headersTimeout: REQUEST_TIMEOUT_MS / 3, maxHeaderSize: MAX_URL_LENGTH + 16_384 },
    routerOptions: { maxParamLength: 4_096 },
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    schemaController: { compilersFactory },
    // A path that cannot be decoded never gets to a route, nor to the error handler.
    frameworkErrors: (error, request, reply) =>
      void sendProblem(request, reply, error, runtime.log),
  };
  const app = fastify(serverOptions);
  app.setValidatorCompiler<TSchema>(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error, runtime.log));
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request);
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url: path }));
    const problem =
      allowed.length === 0 ? notFound(path) : methodNotAllowed(path, request.method, allowed);
    return sendProblem(request, reply, problem, runtime.log);
  });

  registerSecurity(app, {
    host: options.host,
    allowedHosts: config.server.allowedHosts,
    token: options.token,
  });
  if (options.observeRequests) {
    await app.register(instrumentFastify(runtime, { requestLogLevel: 'debug' }));
  }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'DWCP Monitoring',
        version,
        description:
          'Metrics, logs and traces of one region. The Prometheus API keeps the shapes of Prometheus; ' +
          'our own endpoints answer errors as application/problem+json.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      ...(options.token === undefined
        ? {}
        : {
            components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
            security: [{ bearer: [] }],
          }),
    },
  });

  const context = {
    runtime,
    querySlots: new QuerySlots(config.query.maxConcurrent),
    closing: options.closing,
  };
  await app.register((scope) => prometheusApi(scope, context));
  await app.register((scope) => explainRoute(scope, context));
  await app.register((scope) => alertmanagerApi(scope, context));
  await app.register(async (scope) => {
    logRoutes(scope, context);
    traceRoutes(scope, context);
    healthRoutes(scope, context);
    expositionRoutes(scope, context);
    reloadRoute(scope, context);
    runbookRoutes(scope);
    notificationRoutes(scope, context);
    alertRoutes(scope, context);
    clusterRoute(scope, context);
    ruleGroupRoutes(scope, context);
  });
  await app.register((scope) => federateRoute(scope, context));
  if (config.pushgateway.enabled) {
    await app.register((scope) =>
      pushgatewayRoutes(scope, {
        get pushgateway() {
          return runtime.requirePushgateway();
        },
        log: runtime.log,
        startedUnixMs: runtime.startedUnixMs,
        adminApi: config.server.adminApi,
        flags: { 'web.enable-admin-api': String(config.server.adminApi) },
      }),
    );
  }
  await app.register((scope) => ingestRoutes(scope, context));
  await app.register((scope) => remoteWriteRoutes(scope, context));
  await app.register((scope) => remoteReadRoute(scope, context));
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.register((scope) => consoleRoutes(scope, { dir: options.consoleDir ?? findConsole() }));
  return app;
}
