import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { BackendError } from '@dwcp/core';

import { type ServerAuth, type ServerSettings } from './options.ts';

const gunzipAsync = promisify(gunzip);

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Below the server's address, such as `/api/v1/query`. */
  readonly path: string;
  /** Of a GET the query, of a POST the form. */
  readonly params?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The cause of a BackendError when a request took too long. */
export class RequestTimeout extends Error {}

/**
 * Requests to one server, over connections that stay open. Every wait for it ends with the timeout or
 * the caller's signal, every buffer at the limit. Redirects are not followed: credentials are for the
 * configured address.
 */
export class HttpClient implements Disposable {
  readonly #settings: ServerSettings;
  readonly #agent: Agent;
  readonly #closed = new AbortController();

  constructor(settings: ServerSettings) {
    this.#settings = settings;
    const options = { keepAlive: true, maxSockets: settings.maxConnections, maxFreeSockets: 4 };
    this.#agent =
      settings.url.protocol === 'https:' ? new SecureAgent(options) : new Agent(options);
  }

  /**
   * @returns the answer of any status but a redirect
   * @throws BackendError when none came, or one too large; the signal's reason when aborted
   */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    const { signal: given } = request;
    given?.throwIfAborted();
    const { clock, requestTimeoutMs } = this.#settings;
    const timeout = new AbortController();
    const headers = await this.#headers(request);
    using _timer = clock.schedule(requestTimeoutMs, () => {
      timeout.abort(new RequestTimeout(`no answer within requestTimeoutMs = ${requestTimeoutMs}`));
    });
    const signals = [timeout.signal, this.#closed.signal, ...(given === undefined ? [] : [given])];
    const signal = AbortSignal.any(signals);
    try {
      signal.throwIfAborted();
      const response = await this.#sendAgain(request, headers, signal);
      return await this.#read(request, response);
    } catch (error) {
      given?.throwIfAborted();
      if (error instanceof BackendError) throw error;
      throw this.#unavailable(request, signal.aborted ? signal.reason : error);
    }
  }

  /** `GET http://host:9090/api/v1/labels`, for messages. */
  describe({ method, path }: Pick<HttpRequest, 'method' | 'path'>): string {
    return `${method} ${this.#address(path)}`;
  }

  [Symbol.dispose](): void {
    this.#closed.abort(new Error('the connection to the server was closed'));
    this.#agent.destroy();
  }

  /** A server may close a kept connection at the moment it is used again; that is no failure. */
  async #sendAgain(
    request: HttpRequest,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    try {
      return await this.#send(request, headers, signal);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      return await this.#send(request, { ...headers, connection: 'close' }, signal);
    }
  }

  #send(
    { method, path, params, body }: HttpRequest,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const url = new URL(this.#address(path));
    if (method === 'GET' && params !== undefined) url.search = params.toString();
    const payload = body ?? (method === 'POST' ? Buffer.from(params?.toString() ?? '') : undefined);
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const agent = headers['connection'] === 'close' ? false : this.#agent;
    const length = payload === undefined ? {} : { 'content-length': String(payload.length) };
    const request = send(url, { method, agent, headers: { ...headers, ...length }, signal });
    request.once('response', resolve);
    request.on('error', (error) => {
      reject(request.reusedSocket && !signal.aborted ? new StaleConnection(error) : error);
    });
    request.end(payload);
    return promise;
  }

  async #headers(request: HttpRequest): Promise<Record<string, string>> {
    const { auth } = this.#settings;
    const form = request.method === 'POST' && request.body === undefined;
    return {
      'user-agent': 'dwcp-monitoring',
      'accept-encoding': 'gzip',
      ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...request.headers,
      ...(auth === undefined ? {} : { authorization: await authorization(auth) }),
    };
  }

  async #read(request: HttpRequest, response: IncomingMessage): Promise<HttpAnswer> {
    const { statusCode: status = 0, headers } = response;
    if (status >= 300 && status < 400) {
      response.destroy();
      throw new BackendError(
        'prometheus',
        `${this.describe(request)} answered ${status}, a redirect, which is not followed; set url to where the server is`,
        { retryable: false },
      );
    }
    const received = await this.#collect(request, response);
    const packed = headers['content-encoding'] === 'gzip';
    return { status, headers, body: packed ? await this.#unpack(request, received) : received };
  }

  async #collect(request: HttpRequest, response: IncomingMessage): Promise<Buffer> {
    const { maxAnswerBytes } = this.#settings;
    const chunks: Buffer[] = [];
    let sizeBytes = Number(response.headers['content-length'] ?? 0);
    if (sizeBytes > maxAnswerBytes) {
      response.destroy();
      throw this.tooLarge(request);
    }
    sizeBytes = 0;
    // Leaving the loop destroys the response.
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxAnswerBytes) throw this.tooLarge(request);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, sizeBytes);
  }

  async #unpack(request: HttpRequest, packed: Buffer): Promise<Buffer> {
    try {
      return await gunzipAsync(packed, { maxOutputLength: this.#settings.maxAnswerBytes });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        throw this.tooLarge(request);
      }
      throw error;
    }
  }

  /** The error for an answer over the limit. */
  tooLarge(request: Pick<HttpRequest, 'method' | 'path'>): BackendError {
    return new BackendError(
      'prometheus',
      `${this.describe(request)}: the answer is over maxAnswerBytes = ${this.#settings.maxAnswerBytes}; narrow the matchers or the time range, or raise it`,
      { retryable: false },
    );
  }

  #unavailable(request: HttpRequest, cause: unknown): BackendError {
    // A name with several addresses fails with an AggregateError, whose own message is empty.
    const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
    const found = first instanceof Error ? first.message : String(first);
    return new BackendError('prometheus', `${this.describe(request)}: ${found}`, {
      cause,
      retryable: !this.#closed.signal.aborted,
    });
  }

  #address(path: string): string {
    const { origin, pathname } = this.#settings.url;
    return `${origin}${pathname.replace(/\/+$/, '')}${path}`;
  }
}

/** A kept connection broke before an answer came. Never leaves this file. */
class StaleConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

async function authorization(auth: ServerAuth): Promise<string> {
  const secret = auth.kind === 'bearer' ? auth.token : auth.password;
  const text = typeof secret === 'string' ? secret : await secret();
  if (auth.kind === 'bearer') return `Bearer ${text}`;
  return `Basic ${Buffer.from(`${auth.username}:${text}`).toString('base64')}`;
}
