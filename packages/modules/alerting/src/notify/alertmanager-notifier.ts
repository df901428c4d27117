import {
  type Alert,
  type CallOptions,
  type Notification,
  type Notifier,
  systemClock,
} from '@dwcp/core';

import { momentText } from '../alertmanager/alerts.ts';
import { httpExtras } from '../receivers/secrets.ts';
import { type HttpSettings } from '../receivers/settings.ts';
import { checkedUrl, HttpSender, type HttpSenderOptions } from './http-sender.ts';

export interface AlertmanagerNotifierOptions extends Omit<
  HttpSenderOptions,
  'allowPrivateNetwork'
> {
  /** Of one instance, such as `http://host:9093`, with the prefix of its path if it has one. */
  readonly url: string;
  /** Authorization and certificates; files are read for each request. */
  readonly http?: HttpSettings;
  /** When nothing says until when a firing alert holds: so long from now. Default 4 min. */
  readonly validForMs?: number;
}

/** Alerts in one request, at most. */
const MAX_BATCH = 256;

/**
 * Posts alerts to an Alertmanager as Prometheus does. Every instance of a cluster wants a notifier of
 * its own: they agree among themselves who tells. Alertmanagers may be in private networks.
 * @see https://prometheus.io/docs/alerting/latest/alerts_api/
 */
export class AlertmanagerNotifier implements Notifier {
  readonly name: string;
  /** Where alerts go: `http://host:9093/api/v2/alerts`. */
  readonly url: string;
  readonly #url: URL;
  readonly #options: AlertmanagerNotifierOptions;
  readonly #sender: HttpSender;

  /** @throws InvalidInputError for an address that cannot be posted to */
  constructor(options: AlertmanagerNotifierOptions) {
    const { name, url } = options;
    this.name = name;
    this.#options = options;
    this.#sender = new HttpSender({ ...options, allowPrivateNetwork: true });
    const base = checkedUrl(`alertmanager ${JSON.stringify(name)}: url`, url, true);
    this.#url = new URL(`${base.pathname.replace(/\/+$/, '')}/api/v2/alerts`, base);
    this.url = this.#url.href;
  }

  /** @throws DeliveryError; retryable for 408, 425, 429, 5xx, and when no answer came */
  async notify(notification: Notification, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const alerts = this.#alertsOf(notification);
    const { headers, secrets, tls } = await httpExtras(this.name, this.#options.http);
    for (let start = 0; start < alerts.length; start += MAX_BATCH) {
      await this.#sender.send(
        {
          url: this.#url,
          body: JSON.stringify(alerts.slice(start, start + MAX_BATCH)),
          headers: {
            ...headers,
            'content-type': 'application/json',
            'idempotency-key': notification.idempotencyKey,
          },
        },
        { ...options, secrets, tls },
      );
    }
  }

  #alertsOf({ alerts, validUntilUnixMs }: Notification): readonly PostedAlert[] {
    const { clock = systemClock, validForMs = 240_000 } = this.#options;
    const unixMs = clock.nowUnixMs();
    const untilUnixMs = validUntilUnixMs ?? unixMs + validForMs;
    return alerts.flatMap((alert): readonly PostedAlert[] => {
      const { state } = alert;
      if (state.kind === 'resolved') return [posted(alert, state, state.resolvedAtUnixMs)];
      // Waited too long: it would tell as over what was told again since.
      if (state.kind !== 'firing' || untilUnixMs <= unixMs) return [];
      return [posted(alert, state, untilUnixMs)];
    });
  }
}

interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

function posted(
  { labels, annotations, generatorUrl }: Alert,
  { firedAtUnixMs }: { readonly firedAtUnixMs: number },
  endsAtUnixMs: number,
): PostedAlert {
  return {
    labels: labels.toObject(),
    annotations,
    startsAt: momentText(firedAtUnixMs),
    endsAt: momentText(endsAtUnixMs),
    generatorURL: generatorUrl,
  };
}
