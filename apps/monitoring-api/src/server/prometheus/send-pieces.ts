import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { type FastifyReply } from 'fastify';

/** Up to this length an answer is sent whole: some 28,000 points, which take four milliseconds. */
const WHOLE_LENGTH = 1_048_576;

/**
 * Sends JSON that is made while it is sent, so that a large answer is never in memory as a whole and
 * never holds the event loop: between two pieces others have their turn.
 * @param onWhole gets an answer that was sent whole
 */
export function sendPieces(
  reply: FastifyReply,
  pieces: Iterator<string | Uint8Array, void>,
  onWhole?: (bytes: Buffer) => void,
): FastifyReply {
  reply.header('content-type', 'application/json');
  const start: Buffer[] = [];
  let length = 0;
  while (length < WHOLE_LENGTH) {
    const next = pieces.next();
    if (next.done === true) {
      const bytes = Buffer.concat(start);
      onWhole?.(bytes);
      return reply.send(bytes);
    }
    const piece = bytesOf(next.value);
    start.push(piece);
    length += piece.length;
  }
  return reply.send(Readable.from(inTurns(Buffer.concat(start), pieces), { objectMode: false }));
}

async function* inTurns(
  start: Buffer,
  pieces: Iterator<string | Uint8Array, void>,
): AsyncGenerator<Buffer> {
  yield start;
  for (;;) {
    await setImmediate();
    const next = pieces.next();
    if (next.done === true) return;
    yield bytesOf(next.value);
  }
}

function bytesOf(piece: string | Uint8Array): Buffer {
  return typeof piece === 'string'
    ? Buffer.from(piece)
    : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}
