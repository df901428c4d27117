import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { type SeriesQuery } from '@dwcp/core';
import {
  decodeReadRequest,
  encodeChunkedReadResponses,
  encodeReadResponse,
  encodeReadSeries,
  readFrameHead,
  type ReadRequest,
  type ReadResponseType,
  RemoteWriteError,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';
import { crc32c } from '@dwcp/segments';
import { type FastifyInstance, type FastifyReply } from 'fastify';
import { Type } from 'typebox';

import { type ServerContext } from './context.ts';
import { ProblemError, problemOf } from './problem.ts';
import { tooBusy } from './prometheus/errors.ts';
import { requestSignal, type RequestSignal } from './request-signal.ts';

const CHUNKED_TYPE = 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse';
/** Unpacked; a request is a few hundred bytes. */
const MAX_REQUEST_BYTES = 1_048_576;

const plain = { 'text/plain': { schema: Type.String() } };

/**
 * Lets another Prometheus query this server's series: those that its selectors match, whole or in
 * chunks, one series after the other. Errors are plain text, as from Prometheus.
 * @see https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/
 */
export async function remoteReadRoute(app: FastifyInstance, context: ServerContext): Promise<void> {
  const { log, config, clock } = context.runtime;

  app.setErrorHandler((error, request, reply) => {
    const { status, message, headers } = problemOf(error);
    if (status >= 500 && status !== 503) {
      log.error({ err: error, requestId: request.id }, 'remote read failed');
    }
    return reply
      .code(status)
      .headers(headers)
      .header('content-type', 'text/plain; charset=utf-8')
      .serializer(String)
      .send(`${message}\n`);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.post(
    '/api/v1/read',
    {
      config: { monitoring: false },
      schema: {
        tags: ['Prometheus API'],
        summary: "Series for another Prometheus, by Prometheus' remote read",
        description:
          'The body and, unless chunks are streamed, the answer are protobuf messages, packed with snappy.',
        consumes: ['application/x-protobuf'],
        produces: ['application/x-protobuf'],
        response: {
          200: {
            description: 'prometheus.ReadResponse, or a stream of prometheus.ChunkedReadResponse.',
            content: { 'application/x-protobuf': { schema: Type.String() } },
          },
          '4xx': { description: 'What is wrong with the request.', content: plain },
          503: { description: 'Too busy, or too slow.', content: plain },
        },
      },
      bodyLimit: MAX_REQUEST_BYTES,
    },
    async (request, reply) => {
      const { queries, acceptedResponseTypes } = decode(request.body);
      const type = responseTypeOf(acceptedResponseTypes);
      const slot = context.querySlots.take();
      if (slot === undefined) throw tooBusy();
      const limit = requestSignal(reply, clock, config.query.timeoutMs);
      // The slot is held until the last byte, since the series are read while they are sent.
      const release = (): void => {
        slot[Symbol.dispose]();
        limit[Symbol.dispose]();
      };
      if (type === 'samples') {
        try {
          return sendSamples(reply, await readSamples(context, queries, limit));
        } finally {
          release();
        }
      }
      return sendChunks(reply, { context, queries, limit, release });
    },
  );
}

function decode(body: unknown): ReadRequest {
  try {
    return decodeReadRequest(unpackSnappy(body as Uint8Array, MAX_REQUEST_BYTES));
  } catch (error) {
    if (!(error instanceof RemoteWriteError)) throw error;
    throw new ProblemError(400, 'malformed-body', 'Malformed remote read', error.message);
  }
}

/** The first of the types asked for that there is. */
function responseTypeOf(accepted: ReadRequest['acceptedResponseTypes']): ReadResponseType {
  const known = accepted.find((type) => typeof type === 'string');
  if (known !== undefined) return known;
  if (accepted.length === 0) return 'samples';
  throw new ProblemError(
    400,
    'response-type',
    'No known response type',
    `server does not support any of the requested response types: ${accepted.join(', ')}; supported: SAMPLES (0), STREAMED_XOR_CHUNKS (1)`,
  );
}

/** The series of each query, encoded. @throws ProblemError 400 when they have too many samples */
async function readSamples(
  { runtime }: ServerContext,
  queries: readonly SeriesQuery[],
  { signal }: RequestSignal,
): Promise<readonly (readonly Uint8Array[])[]> {
  const { maxSamples } = runtime.config.query;
  const results: Uint8Array[][] = [];
  let samples = 0;
  for (const query of queries) {
    const found: Uint8Array[] = [];
    const visit = (series: Parameters<typeof encodeReadSeries>[0]): void => {
      samples += series.timestamps.length;
      if (samples > maxSamples) {
        throw new ProblemError(
          400,
          'too-many-samples',
          'Too many samples',
          `exceeded sample limit (${maxSamples})`,
        );
      }
      found.push(encodeReadSeries(series));
    };
    await runtime.metricStore.scan(query, visit, { signal });
    results.push(found);
  }
  return results;
}

function sendSamples(
  reply: FastifyReply,
  results: readonly (readonly Uint8Array[])[],
): FastifyReply {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const piece of encodeReadResponse(results)) {
      yield piece;
      await setImmediate();
    }
  }
  return reply
    .header('content-type', 'application/x-protobuf')
    .header('content-encoding', 'snappy')
    .send(Readable.from(pieces(), { objectMode: false }));
}

/** Sends each series as it is read; the client's pace is the store's. */
function sendChunks(
  reply: FastifyReply,
  {
    context,
    queries,
    limit,
    release,
  }: {
    readonly context: ServerContext;
    readonly queries: readonly SeriesQuery[];
    readonly limit: RequestSignal;
    readonly release: () => void;
  },
): FastifyReply {
  const { signal } = limit;
  const { metricStore, log } = context.runtime;
  const stream = new PassThrough();
  const send = async (bytes: Uint8Array): Promise<void> => {
    if (!stream.write(bytes)) await once(stream, 'drain', { signal });
  };
  const work = async (): Promise<void> => {
    for (const [queryIndex, query] of queries.entries()) {
      await metricStore.scan(
        query,
        async (series) => {
          for (const message of encodeChunkedReadResponses(series, queryIndex)) {
            await send(readFrameHead(message, crc32c(message)));
            await send(message);
          }
        },
        { signal },
      );
    }
    stream.end();
  };
  work()
    .catch((error: unknown) => {
      // The status is on its way: a stream that ends too soon tells the client.
      if (!signal.aborted) log.error({ err: error }, 'remote read failed while it was sent');
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    })
    .finally(release);
  return reply.header('content-type', CHUNKED_TYPE).send(stream);
}
