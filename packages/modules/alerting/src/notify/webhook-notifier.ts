import { createHmac } from 'node:crypto';

import {
  type CallOptions,
  type Clock,
  InvalidInputError,
  type Notification,
  type Notifier,
  systemClock,
} from '@dwcp/core';

import { checkedUrl, HttpSender, type HttpSenderOptions } from './http-sender.ts';
import { webhookBody } from './webhook-body.ts';

export interface WebhookNotifierOptions extends HttpSenderOptions {
  /** `http` or `https`. User and password in it are sent as basic authentication. */
  readonly url: string;
  /** Signs each request. */
  readonly secret?: string;
  /** Sent with each request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** More alerts are left out and counted in the body. Default 0: no limit. */
  readonly maxAlerts?: number;
}

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
  readonly #sender: HttpSender;

  /** @throws InvalidInputError for an address that cannot or may not be used, or a bad header */
  constructor(options: WebhookNotifierOptions) {
    const { name, url, allowPrivateNetwork = false, headers = {} } = options;
    this.name = name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#sender = new HttpSender(options);
    this.#url = checkedUrl(`webhook ${JSON.stringify(name)}: url`, url, allowPrivateNetwork);
    for (const header of Object.keys(headers)) {
      if (OWN_HEADERS.has(header.toLowerCase()) || !/^[!#$%&'*+\-.^_`|~\w]+$/.test(header)) {
        throw new InvalidInputError(
          `webhook ${JSON.stringify(name)}: headers`,
          `${JSON.stringify(header)} cannot be set; remove it`,
        );
      }
    }
  }

  /** @throws DeliveryError; retryable for 408, 425, 429, 5xx, and when no answer came */
  async notify(notification: Notification, options: CallOptions = {}): Promise<void> {
    const { secret, maxAlerts = 0, headers = {} } = this.#options;
    const body = JSON.stringify(webhookBody(notification, maxAlerts));
    await this.#sender.send(
      {
        url: this.#url,
        body,
        headers: {
          ...headers,
          'content-type': 'application/json',
          'idempotency-key': notification.idempotencyKey,
          ...(secret === undefined ? {} : signature(secret, body, this.#clock.nowUnixMs())),
        },
      },
      { ...options, secrets: [secret ?? '', ...Object.values(headers)] },
    );
  }
}

/**
 * The headers that let a receiver check who sent a body, and when.
 * @returns `X-DWCP-Timestamp` in Unix seconds, and the HMAC-SHA256 over it, a dot and the body
 */
export function signature(secret: string, body: string, unixMs: number): Record<string, string> {
  const timestamp = String(Math.floor(unixMs / 1_000));
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'x-dwcp-timestamp': timestamp, 'x-dwcp-signature': `sha256=${digest}` };
}
