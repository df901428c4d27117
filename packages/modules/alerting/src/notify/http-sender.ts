import { type CallOptions, type Clock, InvalidInputError, systemClock } from '@dwcp/core';

import { DeliveryError } from '../errors.ts';
import {
  AddressRefusedError,
  guardedLookup,
  judgeHost,
  type ResolveHost,
  resolveWithDns,
} from './address-guard.ts';
import { post, type PostAnswer, type TlsOptions } from './http-post.ts';

/** What is sent to a receiver that speaks HTTP. */
export interface HttpMessage {
  /** Default POST. */
  readonly method?: 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpSenderOptions {
  /** The receiver's name, in errors. */
  readonly name: string;
  /** Loopback and private addresses are refused without this; metadata services always. */
  readonly allowPrivateNetwork?: boolean;
  /** For the whole exchange. Default 10 s. */
  readonly timeoutMs?: number;
  /** More of an answer is not read. Default 16,384. */
  readonly maxResponseBytes?: number;
  readonly clock?: Clock;
  /** Default: the system's resolver. */
  readonly resolve?: ResolveHost;
}

export interface SendOptions extends CallOptions {
  readonly tls?: TlsOptions;
  /** Texts that no error may show, such as a key that the receiver repeats in its answer. */
  readonly secrets?: readonly string[];
  /** Whether the path of the address is a secret, as in Slack's. */
  readonly hidePath?: boolean;
}

/** Of an answer, as much is read, and as much told. */
const MAX_RESPONSE_BYTES = 16_384;
const MAX_SHOWN = 200;
const LONG_PATH_PART = /[^/]{16,}/g;

/** Sends one message and tells what became of it; addresses are checked when connecting. */
export class HttpSender {
  readonly #options: HttpSenderOptions;
  readonly #clock: Clock;

  constructor(options: HttpSenderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * @returns a 2xx answer
   * @throws DeliveryError; retryable for 408, 425, 429, 5xx, and when no answer came
   */
  async send(message: HttpMessage, given: SendOptions = {}): Promise<PostAnswer> {
    const secrets = [...(given.secrets ?? []), ...secretsOf(message.url)];
    const options = { ...given, secrets };
    const { name, timeoutMs = 10_000, allowPrivateNetwork = false } = this.#options;
    const where = whereOf(message, options);
    // A connection to a literal address asks no resolver.
    const verdict = judgeHost(message.url.hostname, allowPrivateNetwork);
    if (!verdict.allowed) {
      throw new DeliveryError(name, `${where}: ${verdict.reason}`, { retryable: false });
    }
    const timeout = new AbortController();
    using _ = this.#clock.schedule(timeoutMs, () => {
      timeout.abort();
    });
    const signals = [timeout.signal, ...(options.signal === undefined ? [] : [options.signal])];
    let answer: PostAnswer;
    try {
      answer = await post({
        ...message,
        headers: { 'user-agent': 'dwcp-monitoring', ...message.headers },
        signal: AbortSignal.any(signals),
        maxResponseBytes: this.#options.maxResponseBytes ?? MAX_RESPONSE_BYTES,
        lookup: guardedLookup(this.#options.resolve ?? resolveWithDns, allowPrivateNetwork),
        ...(options.tls === undefined ? {} : { tls: options.tls }),
      });
    } catch (cause) {
      const timedOut = timeout.signal.aborted ? `no answer within ${timeoutMs} ms` : undefined;
      const text = timedOut ?? (cause instanceof Error ? cause.message : String(cause));
      throw new DeliveryError(name, `${where}: ${redact(text || codeOf(cause), options)}`, {
        cause,
        // A name that leads into a private network today will do so in a second.
        retryable: !(cause instanceof AddressRefusedError),
      });
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw this.#refusal(where, answer, options);
  }

  #refusal(where: string, { status, retryAfter, text }: PostAnswer, options: SendOptions): Error {
    const shown = redact(text, options).trim().slice(0, MAX_SHOWN);
    const isRedirect = status >= 300 && status < 400;
    const fix = isRedirect ? ', a redirect, which is not followed: set the final address' : '';
    const retryAfterMs = this.#retryAfterMs(retryAfter);
    return new DeliveryError(
      this.#options.name,
      `${where}: answered ${status}${fix}${shown === '' ? '' : `: ${shown}`}`,
      {
        retryable: status === 408 || status === 425 || status === 429 || status >= 500,
        rateLimited: status === 429,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      },
    );
  }

  /** Seconds or an HTTP date. */
  #retryAfterMs(header: string | undefined): number | undefined {
    if (header === undefined) return undefined;
    if (/^\d+$/.test(header)) return Number(header) * 1_000;
    const unixMs = Date.parse(header);
    return Number.isNaN(unixMs) ? undefined : Math.max(0, unixMs - this.#clock.nowUnixMs());
  }
}

function whereOf({ method = 'POST', url }: HttpMessage, options: SendOptions): string {
  const shown = options.hidePath === true ? `${url.protocol}//${url.host}/***` : maskUrl(url);
  return `${method} ${redact(shown, options)}`;
}

/** Parts of an address that `maskUrl` does not show, and that a receiver may repeat. */
function secretsOf({ username, password, pathname, search, searchParams }: URL): readonly string[] {
  const parts = [username, password, search.slice(1), ...(pathname.match(LONG_PATH_PART) ?? [])];
  return [...parts.flatMap((part) => [part, decoded(part)]), ...searchParams.values()];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function redact(text: string, { secrets = [] }: SendOptions): string {
  return (
    secrets
      // Shorter ones are no secrets, and would tear texts apart.
      .filter((secret) => secret.length >= 4)
      // One may be a part of another.
      .sort((a, b) => b.length - a.length)
      .reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
  );
}

/**
 * @param field shown in the error
 * @throws InvalidInputError for an address that cannot or may not be posted to
 */
export function checkedUrl(field: string, text: string, allowPrivateNetwork: boolean): URL {
  const url = URL.parse(text);
  // A text that is no address may still hold a password, so it is not shown.
  if (url === null) throw new InvalidInputError(field, 'not an address; write https://host/path');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new InvalidInputError(field, `${url.protocol}// cannot be posted to; use http or https`);
  }
  const verdict = judgeHost(url.hostname, allowPrivateNetwork);
  if (!verdict.allowed) throw new InvalidInputError(field, `${maskUrl(url)}: ${verdict.reason}`);
  return url;
}

/** An address that can be shown: without user, password, query, and long parts of its path. */
export function maskUrl(url: URL): string {
  const user = url.username === '' && url.password === '' ? '' : '***@';
  // Slack and others keep the secret in the path.
  const path = url.pathname.replaceAll(LONG_PATH_PART, '***');
  return `${url.protocol}//${user}${url.host}${path}${url.search === '' ? '' : '?***'}`;
}

function codeOf(error: unknown): string {
  // A failed connection to several addresses has no message, only a code.
  return error instanceof Error && 'code' in error ? String(error.code) : 'failed';
}
