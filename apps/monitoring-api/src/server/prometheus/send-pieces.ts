import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { type FastifyReply } from 'fastify';

/** Up to this length an answer is sent whole. */
const WHOLE_LENGTH = 65_536;

/**
 * Sends JSON that is made while it is sent, so that a large answer is never in memory as a whole and
 * never holds the event loop: between two pieces others have their turn.
 */
export function sendPieces(reply: FastifyReply, pieces: Iterator<string, void>): FastifyReply {
  reply.header('content-type', 'application/json').serializer(String);
  let start = '';
  while (start.length < WHOLE_LENGTH) {
    const next = pieces.next();
    if (next.done === true) return reply.send(start);
    start += next.value;
  }
  return reply.send(Readable.from(inTurns(start, pieces), { objectMode: false }));
}

async function* inTurns(start: string, pieces: Iterator<string, void>): AsyncGenerator<string> {
  yield start;
  for (;;) {
    await setImmediate();
    const next = pieces.next();
    if (next.done === true) return;
    yield next.value;
  }
}
