import { type LogLevel } from '@dwcp/core';
import { type ActiveSpan, extractTraceContext } from '@dwcp/tracing';
import {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';

import { type Runtime } from '../runtime/runtime.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False keeps a route out of traces, request metrics and the request log. */
    monitoring?: boolean;
  }
}

export interface DwcpFastifyOptions {
  /** At which level each finished request is logged; a 5xx is an error. Default `info`. */
  readonly requestLogLevel?: LogLevel;
}

interface Observed {
  readonly span: ActiveSpan;
  readonly startMs: number;
  error: unknown;
}

/** Methods that get a label value of their own; anything else counts as `_OTHER`. */
const METHODS = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);
const SCOPE = { name: '@dwcp/monitoring/fastify' };

/**
 * For every request: a server span that continues the caller's trace, the histogram
 * `http_server_request_duration_seconds` with the trace id as exemplar, and a log line. Handlers run
 * inside the span, so what they record and log belongs to the trace. The label `route` is the route's
 * pattern (`/orders/:id`), never the raw URL.
 */
export function instrumentFastify(
  runtime: Runtime,
  options: DwcpFastifyOptions = {},
): FastifyPluginAsync {
  const { requestLogLevel = 'info' } = options;
  const { tracer, clock } = runtime;
  const log = runtime.logs.logger('http');
  const duration = runtime.instruments.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'How long HTTP requests took, from the first byte of the headers to the end of the answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  });

  const plugin = async (app: FastifyInstance): Promise<void> => {
    const observed = new WeakMap<FastifyRequest, Observed>();

    app.addHook('onRequest', (request, _reply, done) => {
      if (request.routeOptions.config.monitoring === false) {
        done();
        return;
      }
      const method = methodOf(request);
      const route = routeOf(request);
      const parent = extractTraceContext(request.headers);
      const span = tracer.startSpan(route === '' ? method : `${method} ${route}`, {
        kind: 'server',
        parent: parent ?? null,
        scope: SCOPE,
        attributes: {
          'http.request.method': method,
          'url.path': request.url.split('?', 1)[0] ?? '',
          'url.scheme': request.protocol,
          'server.address': request.hostname,
          ...(route === '' ? {} : { 'http.route': route }),
          ...(request.headers['user-agent'] === undefined
            ? {}
            : { 'user_agent.original': request.headers['user-agent'] }),
        },
      });
      observed.set(request, { span, startMs: clock.monotonicMs(), error: undefined });
      tracer.run(span.context, done);
    });

    // Reading the body loses the context: the socket's events do not carry it.
    app.addHook('preValidation', (request, _reply, done) => {
      const state = observed.get(request);
      if (state === undefined) done();
      else tracer.run(state.span.context, done);
    });

    app.addHook('onError', (request, _reply, error, done) => {
      const state = observed.get(request);
      if (state !== undefined) state.error = error;
      done();
    });

    app.addHook('onResponse', (request, reply, done) => {
      finish(request, reply);
      done();
    });

    // Nobody was left to answer: 499, as proxies log it.
    app.addHook('onRequestAbort', (request, done) => {
      finish(request, undefined);
      done();
    });

    function finish(request: FastifyRequest, reply: FastifyReply | undefined): void {
      const state = observed.get(request);
      if (state === undefined) return;
      observed.delete(request);
      const { span, startMs, error } = state;
      const status = reply?.statusCode ?? 499;
      const method = methodOf(request);
      const route = routeOf(request);
      const durationSeconds = (clock.monotonicMs() - startMs) / 1_000;

      span.setAttribute('http.response.status_code', status);
      if (status >= 500) {
        if (error === undefined) span.setStatus({ code: 'error', message: `status ${status}` });
        else span.recordException(error);
      }
      span.end();

      duration
        .labels({ method, route: route === '' ? 'unmatched' : route, status: String(status) })
        .observe(
          durationSeconds,
          span.recording
            ? { exemplar: { trace_id: span.context.traceId, span_id: span.context.spanId } }
            : {},
        );

      tracer.run(span.context, () => {
        log[status >= 500 ? 'error' : requestLogLevel]('request finished', {
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': status,
          durationMs: Math.round(durationSeconds * 1e6) / 1e3,
          ...(status >= 500 && error instanceof Error ? { 'error.message': error.message } : {}),
        });
      });
    }
  };

  return Object.assign(plugin, {
    // Hooks of the plug-in are for the whole application, not for its own scope only.
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'dwcp-monitoring',
  });
}

function methodOf(request: FastifyRequest): string {
  return METHODS.has(request.method) ? request.method : '_OTHER';
}

/** The pattern of the matched route; '' when none matched. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '';
}
