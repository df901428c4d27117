import { readFile } from 'node:fs/promises';
import {
  Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { ScrapeError } from './scrape-error.ts';
import { type ScrapeAuth, type ScrapeJob, type ScrapeProtocol } from './scrape-job.ts';

const gunzipAsync = promisify(gunzip);

const MAX_REDIRECTS = 5;

const MEDIA_TYPE: Readonly<Record<ScrapeProtocol, string>> = {
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
};

export interface FetchedExposition {
  /** Uncompressed. */
  readonly body: Buffer;
  readonly contentType: string | undefined;
}

/** Connections to targets, kept open between scrapes. Idle ones do not keep the process alive. */
export class ScrapeClient implements Disposable {
  readonly #http = new Agent({ keepAlive: true, maxFreeSockets: 1 });
  readonly #https = new SecureAgent({ keepAlive: true, maxFreeSockets: 1 });

  /**
   * Fetches one answer. Every wait ends with the signal, every buffer at the body limit, before and
   * after decompression.
   * @throws ScrapeError
   */
  async fetch(
    url: URL,
    job: ScrapeJob,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<FetchedExposition> {
    const authorization = job.auth === undefined ? undefined : await headerOf(job.auth);
    let current = url;
    for (let redirects = 0; ; redirects++) {
      const headers = {
        accept: acceptHeader(job.scrapeProtocols),
        'accept-encoding': job.enableCompression ? 'gzip' : 'identity',
        'user-agent': 'dwcp-monitoring',
        'x-prometheus-scrape-timeout-seconds': String(options.timeoutMs / 1_000),
        // Credentials are for the configured server, not for where it may point.
        ...(authorization !== undefined && current.origin === url.origin && { authorization }),
      };
      const response = await this.#requestAgain(current, headers, options.signal);
      const { statusCode = 0, statusMessage = '' } = response;
      const location = response.headers.location;
      const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
      if (isRedirect && location !== undefined && job.followRedirects) {
        response.destroy();
        if (redirects === MAX_REDIRECTS) {
          throw new ScrapeError('redirect', `stopped after ${MAX_REDIRECTS} redirects`);
        }
        current = redirected(location, current);
        continue;
      }
      if (statusCode !== 200) {
        response.destroy();
        throw new ScrapeError(
          'http-status',
          `server returned HTTP status ${statusCode} ${statusMessage}`.trimEnd(),
        );
      }
      const body = await readBody(response, job.bodySizeLimitBytes, options.signal);
      return { body, contentType: response.headers['content-type'] };
    }
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  /**
   * A server may close a kept connection at the very moment it is used again. That is no failure of
   * the target, so the request is sent once more; after that, on a connection of its own.
   */
  async #requestAgain(
    url: URL,
    headers: OutgoingHttpHeaders,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    try {
      return await this.#request(url, headers, signal);
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      return await this.#request(url, { ...headers, connection: 'close' }, signal);
    }
  }

  #request(url: URL, headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const agent = headers['connection'] === 'close' ? false : secure ? this.#https : this.#http;
      const request = (secure ? requestHttps : requestHttp)(url, { agent, headers, signal });
      request.once('socket', (socket) => socket.unref());
      request.once('response', resolve);
      request.on('error', (error) => {
        if (signal.aborted) reject(signal.reason as Error);
        else if (request.reusedSocket) reject(new StaleConnectionError(error));
        else reject(connectionError(error));
      });
      request.end();
    });
  }
}

/** A kept connection broke before an answer came. Never leaves this file. */
class StaleConnectionError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

function acceptHeader(protocols: readonly ScrapeProtocol[]): string {
  const wanted = protocols.map((protocol, index) => `${MEDIA_TYPE[protocol]};q=0.${9 - index}`);
  return [...wanted, '*/*;q=0.1'].join(',');
}

function redirected(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) {
    throw new ScrapeError('redirect', 'redirected to an address that is none');
  }
  const url = new URL(location, from);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new ScrapeError('redirect', `redirected to the scheme ${url.protocol}`);
}

async function headerOf(auth: ScrapeAuth): Promise<string> {
  if (auth.kind === 'basic') {
    const password = auth.password?.reveal() ?? (await readSecret(auth.passwordFile));
    return `Basic ${Buffer.from(`${auth.username}:${password}`).toString('base64')}`;
  }
  const credentials = auth.credentials?.reveal() ?? (await readSecret(auth.credentialsFile));
  return `${auth.type} ${credentials}`;
}

async function readSecret(file: string | undefined): Promise<string> {
  if (file === undefined) return '';
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new ScrapeError('credentials', `cannot read the credentials from ${file}: ${code}`);
  }
}

async function readBody(
  response: IncomingMessage,
  limitBytes: number,
  signal: AbortSignal,
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
  const received = await collect(response, limitBytes, signal);
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
  signal: AbortSignal,
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
    response.once('end', () => resolve(Buffer.concat(chunks, sizeBytes)));
    response.on('error', (error) => {
      reject(signal.aborted ? (signal.reason as Error) : connectionError(error));
    });
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
