import { type CallOptions, type Notification, type Notifier } from '@dwcp/core';

import { DeliveryError } from '../errors.ts';
import { checkedUrl, type HttpMessage, HttpSender } from '../notify/http-sender.ts';
import { type ReceiverEnvironment } from './receiver-environment.ts';
import { type Rendering } from './rendering.ts';
import { httpExtras, readSecret, type SecretSource } from './secrets.ts';
import { type HttpSettings } from './settings.ts';

/** Where a receiver's requests go, once its secrets are read. */
export interface HttpTarget {
  readonly url: URL;
  /** A key or token; '' where the address is all there is. */
  readonly key: string;
}

export interface HttpReceiverOptions {
  /** The name of this receiver, in errors and history. */
  readonly name: string;
  /** As `slack_configs`, in errors. */
  readonly kind: string;
  /** The address; one that is a secret is shown without its path. */
  readonly url: SecretSource & { readonly isSecret: boolean };
  readonly key?: SecretSource;
  readonly httpConfig?: HttpSettings | undefined;
  readonly timeoutMs?: number;
  /** The requests of a notification, sent one after the other. Pure. */
  readonly messages: (rendering: Rendering, target: HttpTarget) => readonly HttpMessage[];
  /** Finds in the body of a 2xx answer that it was refused nevertheless. */
  readonly problemIn?: (
    answer: string,
  ) => { readonly problem: string; readonly retryable: boolean } | undefined;
}

/** A receiver that is reached by HTTP. Each try of one notification has the same `Idempotency-Key`. */
export class HttpReceiver implements Notifier {
  readonly name: string;
  readonly #options: HttpReceiverOptions;
  readonly #environment: ReceiverEnvironment;
  readonly #sender: HttpSender;

  /** @throws InvalidInputError for an inline address that cannot or may not be used */
  constructor(options: HttpReceiverOptions, environment: ReceiverEnvironment) {
    this.name = options.name;
    this.#options = options;
    this.#environment = environment;
    const { clock, allowPrivateNetwork, resolve } = environment;
    this.#sender = new HttpSender({
      name: options.name,
      clock,
      allowPrivateNetwork,
      ...(resolve === undefined ? {} : { resolve }),
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
    const { inline = '' } = options.url;
    if (inline !== '' && !inline.includes('{{')) this.#parse(inline);
  }

  /** @throws DeliveryError when it was not accepted */
  async notify(notification: Notification, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const target = await this.#target(notification);
    const { headers, secrets, tls } = await httpExtras(this.name, this.#options.httpConfig);
    const messages = this.#environment.render(this.name, notification, (rendering) =>
      this.#options.messages(rendering, target),
    );
    const hidePath = this.#options.url.isSecret;
    const hidden = [target.key, ...secrets, ...secretsOf(target.url, hidePath)];
    for (const message of messages) {
      const answer = await this.#sender.send(
        {
          ...message,
          headers: {
            ...headers,
            ...message.headers,
            'idempotency-key': notification.idempotencyKey,
          },
        },
        { ...options, tls, hidePath, secrets: hidden },
      );
      const found = this.#options.problemIn?.(answer.text);
      if (found === undefined) continue;
      throw new DeliveryError(this.name, `refused: ${found.problem}`, found);
    }
  }

  async #target(notification: Notification): Promise<HttpTarget> {
    const { kind, url, key = {} } = this.#options;
    const [address, secret] = await Promise.all([
      readSecret(this.name, `${kind}: address`, url),
      readSecret(this.name, `${kind}: key`, key),
    ]);
    // Either may be a template, such as a key that is chosen by a label.
    const render = (what: string, text = ''): string =>
      this.#environment.render(this.name, notification, (it) => it.text(`${kind}: ${what}`, text));
    try {
      return { url: this.#parse(render('address', address)), key: render('key', secret).trim() };
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      // A file can be put right at any time.
      throw new DeliveryError(this.name, problem, { cause, retryable: true });
    }
  }

  #parse(address: string): URL {
    const field = `${this.name}: ${this.#options.kind}: address`;
    return checkedUrl(field, address.trim(), this.#environment.allowPrivateNetwork);
  }
}

/** The parts of an address that its receiver may repeat and nobody else may see. */
function secretsOf(url: URL, hidePath: boolean): readonly string[] {
  const always = [url.username, url.password, ...url.searchParams.values()];
  if (!hidePath) return always;
  return [...always, url.pathname, ...url.pathname.split('/').filter((part) => part.length >= 8)];
}
