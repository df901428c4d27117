import { pipeline, type Readable, type Transform } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, createZstdCompress, gzip, zstdCompress } from 'node:zlib';

import { type FastifyInstance } from 'fastify';

type Coding = 'zstd' | 'gzip';

/** Below it, packing costs more than it saves. */
const MIN_LENGTH = 1_024;

/** Most of what there is to gain, at a third of the default level's time. */
const GZIP = { level: 3 };
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

const gzipWhole = promisify(gzip);
const zstdWhole = promisify(zstdCompress);

/** Packs the answers of a scope as the client allows; the work is done off the event loop's thread. */
export function compressAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    if (payload === null || payload === undefined || reply.hasHeader('content-encoding')) {
      return payload;
    }
    const isStream = typeof (payload as { pipe?: unknown }).pipe === 'function';
    if (!isStream && typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload;
    reply.header('vary', 'Accept-Encoding');
    const coding = acceptedCoding(request.headers['accept-encoding']);
    if (coding === undefined) return payload;
    if (isStream) {
      reply.header('content-encoding', coding);
      const packer: Transform = coding === 'zstd' ? createZstdCompress(ZSTD) : createGzip(GZIP);
      // Either end takes the other with it; the reply tells who failed.
      return pipeline(payload as Readable, packer, () => undefined);
    }
    const whole = payload as string | Buffer;
    if (whole.length < MIN_LENGTH) return whole;
    reply.header('content-encoding', coding);
    reply.removeHeader('content-length');
    return coding === 'zstd' ? zstdWhole(whole, ZSTD) : gzipWhole(whole, GZIP);
  });
}

/**
 * What the client likes best of what we have, zstd where it likes both alike; undefined to send as it
 * is.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
 */
export function acceptedCoding(header: string | undefined): Coding | undefined {
  const weights = new Map<string, number>();
  for (const part of (header ?? '').split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (name !== '') weights.set(name, Number.isFinite(weight) ? weight : 0);
  }
  const weightOf = (coding: Coding): number =>
    weights.get(coding) ??
    (coding === 'gzip' ? weights.get('x-gzip') : undefined) ??
    weights.get('*') ??
    0;
  const [zstd, packed] = [weightOf('zstd'), weightOf('gzip')];
  if (Math.max(zstd, packed) <= 0) return undefined;
  const best: Coding = zstd >= packed ? 'zstd' : 'gzip';
  return Math.max(zstd, packed) >= (weights.get('identity') ?? 0) ? best : undefined;
}
