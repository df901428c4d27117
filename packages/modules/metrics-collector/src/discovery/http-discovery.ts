import { type Clock, type Log } from '@dwcp/core';

import { type Cancellation } from '../scrape/cancellation.ts';
import { type HttpClient, type HttpSource } from '../scrape/http-client.ts';
import { type Discoverer } from './discoverer.ts';
import { type HttpDiscoveryConfig } from './discovery-config.ts';
import { DiscoveryError } from './discovery-error.ts';
import { type DiscoveryMetrics } from './discovery-metrics.ts';
import { readTargetGroups, type TargetGroup } from './target-group.ts';

const MAX_BODY_BYTES = 32 * 2 ** 20;

/** A server may take as long as there is until the next look, but not longer than this. */
const MAX_TIMEOUT_MS = 60_000;

const JSON_TYPE = /^application\/json(;\s*charset=("utf-8"|utf-8))?$/i;

/**
 * Target groups from a server, asked for as Prometheus does. On any failure the targets of the last
 * good answer stay. Redirects are followed within the configured scheme, host and port only.
 * @see https://prometheus.io/docs/prometheus/latest/http_sd/
 */
export class HttpDiscovery implements Discoverer {
  readonly intervalMs: number;
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #metrics: DiscoveryMetrics;
  readonly #log: Log;
  readonly #source: HttpSource;
  readonly #url: string;
  readonly #timeoutMs: number;
  #groups: readonly TargetGroup[] = [];
  failure: string | undefined;

  constructor(
    config: HttpDiscoveryConfig,
    context: {
      readonly client: HttpClient;
      readonly clock: Clock;
      readonly metrics: DiscoveryMetrics;
      readonly log: Log;
    },
  ) {
    this.#client = context.client;
    this.#clock = context.clock;
    this.#metrics = context.metrics;
    this.#log = context.log;
    this.intervalMs = config.refreshIntervalMs;
    this.#timeoutMs = Math.min(config.refreshIntervalMs, MAX_TIMEOUT_MS);
    this.#url = config.url;
    this.#source = {
      url: new URL(config.url),
      settings: config,
      headers: [
        'accept',
        'application/json',
        'accept-encoding',
        'gzip',
        'user-agent',
        'dwcp-monitoring',
        'x-prometheus-refresh-interval-seconds',
        String(config.refreshIntervalMs / 1_000),
      ],
      bodyLimitBytes: MAX_BODY_BYTES,
      otherOrigins: false,
    };
  }

  async look(cancellation: Cancellation): Promise<readonly TargetGroup[]> {
    try {
      this.#groups = readTargetGroups(await this.#ask(cancellation), { __meta_url: this.#url });
      if (this.failure !== undefined) {
        this.#log.info({ url: this.#shownUrl }, 'server of targets works again');
      }
      this.failure = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#metrics.httpFailures.inc();
      if (this.failure !== reason) {
        this.#log.error({ url: this.#shownUrl, reason }, 'server of targets gave no usable answer');
      }
      this.failure = reason;
    }
    return this.#groups;
  }

  async #ask(cancellation: Cancellation): Promise<unknown> {
    using _ = this.#clock.schedule(this.#timeoutMs, () =>
      cancellation.cancel(new DiscoveryError(`no complete answer within ${this.#timeoutMs} ms`)),
    );
    const { body, contentType = '' } = await this.#client.fetch(this.#source, cancellation);
    if (!JSON_TYPE.test(contentType.trim())) {
      throw new DiscoveryError(
        `the Content-Type ${JSON.stringify(contentType.slice(0, 100))} is not application/json`,
      );
    }
    return JSON.parse(body.toString('utf8'));
  }

  /** Without user, password and query, in which secrets may stand. */
  get #shownUrl(): string {
    const { origin, pathname } = this.#source.url;
    return origin + pathname;
  }
}
