import { type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { type FastifyRequest } from 'fastify';

import { ProblemError } from './problem.ts';

/**
 * The body of a request as it was before it was packed. What unpacks to more than the body limit is
 * refused as it unpacks.
 * @throws ProblemError 415 for what is not gzip
 */
export function unpackGzip(request: FastifyRequest, payload: Readable): Readable {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return payload;
  if (encoding !== 'gzip') {
    throw new ProblemError(
      415,
      'content-encoding',
      'Unsupported encoding',
      `send gzip or nothing, not ${encoding}`,
    );
  }
  const gunzip = createGunzip();
  let received = 0;
  payload.on('data', (chunk: Buffer) => {
    received += chunk.length;
    // Fastify compares Content-Length with what came over the wire.
    Object.assign(gunzip, { receivedEncodedLength: received });
  });
  payload.on('error', (error) => gunzip.destroy(error));
  payload.on('aborted', () => gunzip.destroy());
  return payload.pipe(gunzip);
}
