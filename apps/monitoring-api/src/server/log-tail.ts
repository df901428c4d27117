import { Readable } from 'node:stream';

import { type LogRecord } from '@dwcp/core';
import { type TailFilter } from '@dwcp/log-aggregator';
import { type FastifyReply } from 'fastify';

import { type ServerContext } from './context.ts';
import { ProblemError } from './problem.ts';
import { viewOfLogRecord } from './views.ts';

const MAX_STREAMS = 100;
/** What waits for one slow reader at most; beyond it records are dropped and counted. */
const MAX_WAITING_BYTES = 1_048_576;
const HEARTBEAT_MS = 15_000;

/** Open streams per server. */
const open = new WeakMap<ServerContext, { count: number }>();

/** Sends log records as they come, as server-sent events, until the reader or the server closes. */
export function streamLogs(
  reply: FastifyReply,
  context: ServerContext,
  filter: TailFilter,
  wanted: (record: LogRecord) => boolean,
): FastifyReply {
  const { runtime, closing } = context;
  const streams = open.get(context) ?? { count: 0 };
  open.set(context, streams);
  if (streams.count >= MAX_STREAMS) {
    throw new ProblemError(
      503,
      'too-many-streams',
      'Too many streams',
      `${MAX_STREAMS} readers follow already`,
      {
        headers: { 'retry-after': '10' },
      },
    );
  }
  streams.count++;

  let dropped = 0;
  const stream = new Readable({ read: () => undefined, highWaterMark: 65_536 });
  const send = (text: string): void => {
    if (stream.destroyed || stream.readableEnded) return;
    if (stream.readableLength + text.length > MAX_WAITING_BYTES) {
      dropped++;
      return;
    }
    if (dropped > 0) {
      stream.push(`event: dropped\ndata: {"count":${dropped}}\n\n`);
      dropped = 0;
    }
    stream.push(text);
  };

  const tail = runtime.logs.tail(filter, (record) => {
    if (wanted(record)) send(`event: log\ndata: ${JSON.stringify(viewOfLogRecord(record))}\n\n`);
  });
  let heartbeat: Disposable;
  const beat = (): void => {
    // A heartbeat must not count as a dropped record.
    if (stream.readableLength === 0) send(': still here\n\n');
    heartbeat = runtime.clock.schedule(HEARTBEAT_MS, beat);
  };
  heartbeat = runtime.clock.schedule(HEARTBEAT_MS, beat);

  const end = (): void => void stream.push(null);
  closing.addEventListener('abort', end, { once: true });
  stream.once('close', () => {
    streams.count--;
    tail[Symbol.dispose]();
    heartbeat[Symbol.dispose]();
    closing.removeEventListener('abort', end);
  });

  // The first bytes tell the reader that it is connected.
  stream.push('retry: 2000\n\n');
  return reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(stream);
}
