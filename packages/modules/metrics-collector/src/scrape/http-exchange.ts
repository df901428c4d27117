import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { type Connections } from './agents.ts';
import { type Cancellation } from './cancellation.ts';
import { ScrapeError } from './scrape-error.ts';

const gunzipAsync = promisify(gunzip);

/** One GET, with all that node would otherwise work out again for each request. */
export interface PreparedGet {
  readonly secure: boolean;
  readonly hostname: string;
  /** Undefined for the scheme's own. */
  readonly port: string | undefined;
  readonly path: string;
  /** Names and values in turn, `host` among them. */
  readonly headers: readonly string[];
}

/** The parts of an address as node wants them. */
export function preparedGet(url: URL, headers: readonly string[]): PreparedGet {
  return {
    secure: url.protocol === 'https:',
    // Node takes IPv6 addresses without their brackets.
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? undefined : url.port,
    path: `${url.pathname}${url.search}`,
    headers: ['host', url.host, ...headers],
  };
}

/**
 * Sends a GET and waits for the head of its answer. A server may close a kept connection at the very
 * moment it is used again. That is no failure of the target, so the request is sent once more; after
 * that, on a connection of its own.
 * @throws ScrapeError, or the reason of the cancellation
 */
export async function get(
  prepared: PreparedGet,
  connections: Connections,
  cancellation: Cancellation,
): Promise<IncomingMessage> {
  try {
    return await send(prepared, connections, cancellation, 'kept');
  } catch (error) {
    if (!(error instanceof StaleConnectionError)) throw error;
    return await send(prepared, connections, cancellation, 'fresh');
  }
}

function send(
  prepared: PreparedGet,
  connections: Connections,
  cancellation: Cancellation,
  kind: keyof Connections,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { secure, ...options } = prepared;
    const request = (secure ? requestHttps : requestHttp)({
      ...options,
      agent: connections[kind],
    });
    cancellation.onCancel((reason) => request.destroy(reason));
    request.once('socket', (socket) => socket.unref());
    request.once('response', resolve);
    request.on('error', (error) => {
      if (cancellation.reason !== undefined) reject(cancellation.reason);
      else if (request.reusedSocket) reject(new StaleConnectionError(error));
      else reject(connectionError(error));
    });
    request.end();
  });
}

/** A kept connection broke before an answer came. Never leaves this file. */
class StaleConnectionError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/**
 * The body of an answer, decompressed; bounded before and after that.
 * @throws ScrapeError, or the reason of the cancellation
 */
export async function readBody(
  response: IncomingMessage,
  limitBytes: number,
  cancellation: Cancellation,
): Promise<Buffer> {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const compressed = encoding === 'gzip' || encoding === 'x-gzip';
  if (!compressed && encoding !== 'identity' && encoding !== '') {
    response.destroy();
    throw new ScrapeError(
      'encoding',
      `the answer has the content encoding ${JSON.stringify(encoding.slice(0, 40))}; only gzip is understood`,
    );
  }
  const received = await collect(response, limitBytes, cancellation);
  if (!compressed) return received;
  try {
    return await gunzipAsync(received, { maxOutputLength: limitBytes, chunkSize: 128 * 1024 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw bodySizeError(limitBytes);
    throw new ScrapeError('encoding', `cannot decompress the answer: ${message}`, {
      cause: error,
    });
  }
}

function collect(
  response: IncomingMessage,
  limitBytes: number,
  cancellation: Cancellation,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const tooLarge = (): void => {
      reject(bodySizeError(limitBytes));
      response.destroy();
    };
    if (Number(response.headers['content-length'] ?? 0) > limitBytes) {
      tooLarge();
      return;
    }
    response.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) tooLarge();
      else chunks.push(chunk);
    });
    response.once('end', () => {
      const [first] = chunks;
      resolve(
        chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, sizeBytes),
      );
    });
    response.on('error', (error) => reject(cancellation.reason ?? connectionError(error)));
  });
}

function bodySizeError(limitBytes: number): ScrapeError {
  return new ScrapeError('body-size-limit', `body size limit of ${limitBytes} bytes exceeded`);
}

function connectionError(error: Error): ScrapeError {
  // A name with several addresses fails with an AggregateError, whose own message is empty.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const found = first instanceof Error ? first.message : 'cannot connect';
  const cut = found === 'aborted' || found === 'socket hang up';
  const message = cut ? 'the connection was closed before the answer was complete' : found;
  return new ScrapeError('connection', message, { cause: error });
}
