import { type IncomingMessage, Agent, request as requestHttp } from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';

import { type Clock } from '@dwcp/core';

import { type CheckAddress, checkedLookup, checkLiteral } from './address-check.ts';
import { type Settings } from './settings.ts';
import { readTls } from './tls.ts';

/** Of an answer, as much is read and told. */
const MAX_ANSWER_BYTES = 16_384;
/** An idle connection is closed after this time. */
const IDLE_MS = 90_000;
/** How long certificates that were read count as current. */
const RECHECK_TLS_MS = 30_000;

export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  /** A header by its name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The beginning of the body. */
  readonly text: string;
}

/** Carries requests to one destination. */
export interface Transport extends Disposable {
  /** @throws the socket's error, or the signal's reason, when no answer came */
  post(request: PostRequest): Promise<PostAnswer>;
}

/** Posts over kept connections, one per request at work. Follows no redirect. */
export class HttpTransport implements Transport {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #check: CheckAddress | undefined;
  #agent: Agent | undefined;
  #material = '';
  #checkedMs = 0;

  constructor(settings: Settings, clock: Clock, check: CheckAddress | undefined) {
    this.#settings = settings;
    this.#clock = clock;
    this.#check = check;
  }

  async post({ headers, body, signal }: PostRequest): Promise<PostAnswer> {
    const { url } = this.#settings;
    if (this.#check !== undefined) checkLiteral(url.hostname, this.#check);
    const agent = await this.#currentAgent();
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
      url,
      {
        method: 'POST',
        agent,
        signal,
        headers: { ...headers, 'Content-Length': String(body.length) },
        ...(this.#check !== undefined && { lookup: checkedLookup(this.#check) }),
      },
      (response) => readAnswer(response, resolve),
    );
    request.on('error', reject);
    // A connection that turns into something else is no answer.
    request.on('upgrade', () => request.destroy(new Error('the receiver changed the protocol')));
    request.end(body);
    return await promise;
  }

  [Symbol.dispose](): void {
    this.#agent?.destroy();
  }

  async #currentAgent(): Promise<Agent> {
    const { url, tls, maxShards } = this.#settings;
    const nowMs = this.#clock.monotonicMs();
    const isSecure = url.protocol === 'https:';
    const isCurrent = !isSecure || nowMs - this.#checkedMs < RECHECK_TLS_MS;
    if (this.#agent !== undefined && isCurrent) return this.#agent;
    const secrets = isSecure ? await readTls(tls) : {};
    const material = JSON.stringify(secrets);
    this.#checkedMs = nowMs;
    if (this.#agent !== undefined && material === this.#material) return this.#agent;
    this.#material = material;
    // One more than shards, for metadata. Requests at work on an old agent end there.
    const bounds = { keepAlive: true, maxSockets: maxShards + 1, timeout: IDLE_MS };
    this.#agent = isSecure ? new SecureAgent({ ...bounds, ...secrets }) : new Agent(bounds);
    return this.#agent;
  }
}

/** What the receiver decided is in the head; the body only says why, so it may break off or be too long. */
function readAnswer(response: IncomingMessage, resolve: (answer: PostAnswer) => void): void {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const finish = (): void => {
    resolve({
      status: response.statusCode ?? 0,
      headers: response.headers,
      text: Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString(),
    });
  };
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes < MAX_ANSWER_BYTES) return;
    finish();
    response.destroy();
  });
  response.on('end', finish);
  response.on('error', finish);
  response.on('close', finish);
}
