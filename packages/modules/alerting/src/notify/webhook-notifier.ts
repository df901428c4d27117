import { createHmac } from 'node:crypto';

import {
  type CallOptions,
  type Clock,
  InvalidInputError,
  type Notification,
  type Notifier,
  systemClock,
} from '@dwcp/core';

import { DeliveryError } from '../errors.ts';
import {
  AddressRefusedError,
  guardedLookup,
  judgeHost,
  type ResolveHost,
  resolveWithDns,
} from './address-guard.ts';
import { post, type PostAnswer } from './http-post.ts';
import { webhookBody } from './webhook-body.ts';

export interface WebhookNotifierOptions {
  /** The receiver's name, in bodies and metrics. */
  readonly name: string;
  /** `http` or `https`. User and password in it are sent as basic authentication. */
  readonly url: string;
  /** Signs each request. */
  readonly secret?: string;
  /** Loopback and private addresses are refused without this; metadata services always. */
  readonly allowPrivateNetwork?: boolean;
  /** Sent with each request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange. Default 10 s. */
  readonly timeoutMs?: number;
  /** More alerts are left out and counted in the body. Default 0: no limit. */
  readonly maxAlerts?: number;
  readonly clock?: Clock;
  /** Default: the system's resolver. */
  readonly resolve?: ResolveHost;
}

/** Of an answer, as much is read and told. */
const MAX_RESPONSE_BYTES = 16_384;
const MAX_SHOWN = 200;

/** Standard headers nobody may change from outside. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'transfer-encoding',
  'x-dwcp-signature',
  'x-dwcp-timestamp',
]);

/**
 * Posts Alertmanager's webhook body, version 4. Each try of one notification carries the same
 * `Idempotency-Key`. With a secret, `X-DWCP-Signature: sha256=<hex>` is the HMAC-SHA256 of
 * `<X-DWCP-Timestamp>.<body>`, the timestamp in Unix seconds.
 */
export class WebhookNotifier implements Notifier {
  readonly name: string;
  readonly #url: URL;
  readonly #options: WebhookNotifierOptions;
  readonly #clock: Clock;

  /** @throws InvalidInputError for an address that cannot or may not be used, or a bad header */
  constructor(options: WebhookNotifierOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#url = parseUrl(options.name, options.url, options.allowPrivateNetwork ?? false);
    for (const name of Object.keys(options.headers ?? {})) {
      if (OWN_HEADERS.has(name.toLowerCase()) || !/^[!#$%&'*+\-.^_`|~\w]+$/.test(name)) {
        throw new InvalidInputError(
          `webhook ${JSON.stringify(options.name)}: headers`,
          `${JSON.stringify(name)} cannot be set; remove it`,
        );
      }
    }
  }

  /** @throws DeliveryError; retryable for 408, 429, 5xx, and when no answer came */
  async notify(notification: Notification, options: CallOptions = {}): Promise<void> {
    const { timeoutMs = 10_000 } = this.#options;
    const timeout = new AbortController();
    using _ = this.#clock.schedule(timeoutMs, () => {
      timeout.abort();
    });
    const signals = [timeout.signal, ...(options.signal === undefined ? [] : [options.signal])];
    let answer: PostAnswer;
    try {
      answer = await this.#post(notification, AbortSignal.any(signals));
    } catch (cause) {
      throw this.#failure(
        cause,
        timeout.signal.aborted ? `no answer within ${timeoutMs} ms` : undefined,
      );
    }
    if (answer.status >= 200 && answer.status < 300) return;
    throw this.#refusal(answer);
  }

  async #post(notification: Notification, signal: AbortSignal): Promise<PostAnswer> {
    const { secret, maxAlerts = 0, headers = {} } = this.#options;
    const body = JSON.stringify(webhookBody(notification, maxAlerts));
    return await post({
      url: this.#url,
      body,
      signal,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      lookup: guardedLookup(
        this.#options.resolve ?? resolveWithDns,
        this.#options.allowPrivateNetwork ?? false,
      ),
      headers: {
        'user-agent': 'dwcp-monitoring',
        ...headers,
        'content-type': 'application/json',
        'idempotency-key': notification.idempotencyKey,
        ...(secret === undefined ? {} : this.#sign(secret, body)),
      },
    });
  }

  #sign(secret: string, body: string): Record<string, string> {
    const timestamp = String(Math.floor(this.#clock.nowUnixMs() / 1_000));
    const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    return { 'x-dwcp-timestamp': timestamp, 'x-dwcp-signature': `sha256=${digest}` };
  }

  #failure(cause: unknown, problem: string | undefined): DeliveryError {
    const text = problem ?? (cause instanceof Error ? cause.message : String(cause));
    return new DeliveryError(this.name, `POST ${maskUrl(this.#url)}: ${text || codeOf(cause)}`, {
      cause,
      // A name that leads into a private network today will do so in a second.
      retryable: !(cause instanceof AddressRefusedError),
    });
  }

  #refusal({ status, retryAfter, text }: PostAnswer): DeliveryError {
    const shown = text.trim().slice(0, MAX_SHOWN);
    const isRedirect = status >= 300 && status < 400;
    const fix = isRedirect ? ', a redirect, which is not followed: set the final address' : '';
    const retryAfterMs = this.#retryAfterMs(retryAfter);
    return new DeliveryError(
      this.name,
      `POST ${maskUrl(this.#url)}: answered ${status}${fix}${shown === '' ? '' : `: ${shown}`}`,
      {
        retryable: status === 408 || status === 429 || status >= 500,
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

function parseUrl(name: string, text: string, allowPrivateNetwork: boolean): URL {
  const field = `webhook ${JSON.stringify(name)}: url`;
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
  const path = url.pathname.replaceAll(/[^/]{16,}/g, '***');
  return `${url.protocol}//${user}${url.host}${path}${url.search === '' ? '' : '?***'}`;
}

function codeOf(error: unknown): string {
  // A failed connection to several addresses has no message, only a code.
  return error instanceof Error && 'code' in error ? String(error.code) : 'failed';
}
