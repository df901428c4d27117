import { type Readable } from 'node:stream';

import { BackendError, type Log } from '@dwcp/core';
import {
  parseGroupingPath,
  PushError,
  type Pushgateway,
  pushGroupJson,
  type PushRefusal,
} from '@dwcp/metrics-collector';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import { version } from '../version.ts';
import { problemOf, readToItsEnd } from './problem.ts';
import { unpackGzip } from './unpack-gzip.ts';

export interface PushgatewayContext {
  /** Looked up at each request: the server answers before the stores are open. */
  readonly pushgateway: Pushgateway;
  readonly log: Log;
  /** When the server came up. */
  readonly startedUnixMs: number;
  /** Whether `PUT .../api/v1/admin/wipe` is there. */
  readonly adminApi: boolean;
  /** What the status shows of the settings. */
  readonly flags: Readonly<Record<string, string>>;
  /**
   * Where everything but pushing is: `/pushgateway` (the default) beside our own `/metrics` and
   * `/api/v1/status`, or '' on a listener of its own, which then is a Pushgateway in full.
   */
  readonly prefix?: '' | '/pushgateway';
}

const STATUS: Readonly<Record<PushRefusal, number>> = {
  malformed: 400,
  inconsistent: 400,
  'media-type': 415,
  'body-limit': 413,
  'group-limit': 429,
  'series-limit': 429,
  busy: 503,
};

/** Both stand in the path as they are; `@base64` says how the job is written. */
const JOB_PATHS = ['/metrics/job/*', '/metrics/job@base64/*'];

const GROUP_PATH = Type.Object({
  '*': Type.String({
    description: 'The job, then names and values of further labels: backup/instance/db-1.',
  }),
});

const plain = { 'text/plain': { schema: Type.String() } };

/**
 * Pushgateway's HTTP API: paths, statuses and the form of errors, which is plain text, are its own,
 * so that curl, prom-client and every other client of it work. Pushing is at `/metrics/job/...` and,
 * where there is a prefix, also below it, so that the prefix makes a base URL for clients.
 * @see https://github.com/prometheus/pushgateway#api
 */
export async function pushgatewayRoutes(
  app: FastifyInstance,
  context: PushgatewayContext,
): Promise<void> {
  const { log, prefix = '/pushgateway' } = context;
  // Whatever curl calls a body, what it is shows in its first bytes or in the parser's words.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('preParsing', (request, _reply, payload, done) => {
    done(null, unpackGzip(request, payload as Readable));
  });
  app.setErrorHandler((error, request, reply) => sendError(request, reply, error, log));

  for (const base of new Set(['', prefix])) {
    for (const path of JOB_PATHS) addPushRoutes(app, context, base, path);
  }

  app.get(
    `${prefix}/metrics`,
    {
      config: { monitoring: false },
      schema: {
        tags: ['Pushgateway'],
        summary: 'What was pushed, for a Prometheus with honor_labels: true',
        produces: ['text/plain'],
        response: { 200: { description: 'Text or OpenMetrics.', content: plain } },
      },
    },
    (request, reply) => {
      const wanted = request.headers.accept ?? '';
      const format = /\bapplication\/openmetrics-text\b/.test(wanted) ? 'openmetrics' : 'text';
      const type =
        format === 'text'
          ? 'text/plain; version=0.0.4; charset=utf-8'
          : 'application/openmetrics-text; version=1.0.0; charset=utf-8';
      return sendText(reply, 200, context.pushgateway.expose(format), type);
    },
  );

  const answer = Type.Object({ status: Type.Literal('success'), data: Type.Unknown() });
  app.get(
    `${prefix}/api/v1/metrics`,
    {
      schema: {
        tags: ['Pushgateway'],
        summary: 'What was pushed, by group',
        response: { 200: answer },
      },
    },
    () => ({ status: 'success' as const, data: context.pushgateway.groups().map(pushGroupJson) }),
  );
  app.get(
    `${prefix}/api/v1/status`,
    {
      schema: {
        tags: ['Pushgateway'],
        summary: 'Version, start and settings of the gateway',
        response: { 200: answer },
      },
    },
    () => ({
      status: 'success' as const,
      data: {
        // The names are Pushgateway's; what this server does not have stays empty.
        build_information: {
          branch: '',
          buildDate: '',
          buildUser: '',
          goVersion: '',
          revision: '',
          version,
        },
        flags: context.flags,
        start_time: new Date(context.startedUnixMs).toISOString(),
      },
    }),
  );
  if (!context.adminApi) return;
  app.put(
    `${prefix}/api/v1/admin/wipe`,
    {
      schema: {
        tags: ['Pushgateway'],
        summary: 'Remove every group',
        response: { 202: Type.Null(), 503: { description: 'Not removed.', content: plain } },
      },
    },
    async (_request, reply) => {
      const groups = await context.pushgateway.wipe();
      log.info({ groups }, 'all pushed groups were removed');
      return reply.code(202).send();
    },
  );
}

function addPushRoutes(
  app: FastifyInstance,
  context: PushgatewayContext,
  base: string,
  path: string,
): void {
  const url = base + path;
  const description =
    'Below stand the job and then further grouping labels, name and value in turn: ' +
    '.../<job>/<label>/<value>. After a name with @base64 the value is base64url.';
  const refusals = {
    '4xx': { description: 'Refused as a whole; the text says why.', content: plain },
    503: { description: 'Not stored; try again.', content: plain },
  };
  const summaries = { PUT: 'Replace a group', POST: 'Replace metrics of the same name in a group' };
  for (const method of ['PUT', 'POST'] as const) {
    app.route({
      method,
      url,
      config: { monitoring: false },
      schema: {
        tags: ['Pushgateway'],
        summary: summaries[method],
        description,
        params: GROUP_PATH,
        consumes: ['text/plain', 'application/openmetrics-text', 'application/vnd.google.protobuf'],
        response: { 200: Type.Null(), ...refusals },
      },
      handler: async (request, reply) => {
        const contentType = request.headers['content-type'];
        await context.pushgateway.push({
          grouping: parseGroupingPath(groupingPathOf(request, base)),
          body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
          method,
          ...(contentType === undefined ? {} : { contentType }),
        });
        return reply.code(200).send();
      },
    });
  }
  app.delete(
    url,
    {
      config: { monitoring: false },
      schema: {
        tags: ['Pushgateway'],
        summary: 'Remove a group',
        description,
        params: GROUP_PATH,
        response: { 202: Type.Null(), ...refusals },
      },
    },
    async (request, reply) => {
      await context.pushgateway.delete(parseGroupingPath(groupingPathOf(request, base)));
      return reply.code(202).send();
    },
  );
}

/** The path behind `/metrics/`, still encoded. */
function groupingPathOf(request: FastifyRequest, base: string): string {
  return (request.url.split('?', 1)[0] ?? '').slice(`${base}/metrics/`.length);
}

function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  log: Log,
): FastifyReply {
  if (error instanceof PushError) {
    const status = STATUS[error.reason];
    if (status === 429 || status === 503) void reply.header('retry-after', '30');
    return sendText(reply, status, `${error.message}\n`);
  }
  const { status, message, headers } = problemOf(error);
  if (status >= 500 && !(error instanceof BackendError)) {
    log.error({ err: error, requestId: request.id }, 'a push failed');
  }
  if (status === 413) readToItsEnd(request, reply);
  return sendText(reply.headers(headers), status, `${message}\n`);
}

function sendText(
  reply: FastifyReply,
  status: number,
  text: string,
  contentType = 'text/plain; charset=utf-8',
): FastifyReply {
  return reply.code(status).header('content-type', contentType).serializer(String).send(text);
}
