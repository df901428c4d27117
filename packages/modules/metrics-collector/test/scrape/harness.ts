import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

import {
  type BoundGauge,
  type Counter,
  type Gauge,
  type Histogram,
  type Instruments,
  type LabelValues,
} from '@dwcp/core';
import { parseScrapeConfigs, Scraper, type ScraperOptions } from '@dwcp/metrics-collector';
import { ManualClock, RecordingMetricStore } from '@dwcp/testing';

export const TEXT = { 'content-type': 'text/plain; version=0.0.4' };

/** Waits for what real sockets bring while the manual clock stands still. */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const giveUpMs = performance.now() + 8_000;
  while (!condition()) {
    if (performance.now() > giveUpMs) throw new Error(`${what} never came`);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Counts what counters get, by name and label values. */
export class CountingInstruments implements Instruments {
  readonly counts = new Map<string, number>();

  counter({ name }: { readonly name: string }): Counter {
    const bound = (key: string): { readonly inc: (value?: number) => void } => ({
      inc: (value = 1) => {
        this.counts.set(key, (this.counts.get(key) ?? 0) + value);
      },
    });
    return {
      ...bound(name),
      labels: (values: LabelValues) => bound(`${name} ${Object.values(values).join(' ')}`),
    };
  }

  gauge({ name }: { readonly name: string }): Gauge {
    const bound = (key: string): BoundGauge => ({
      set: (value) => void this.counts.set(key, value),
      inc: (value = 1) => void this.counts.set(key, (this.counts.get(key) ?? 0) + value),
      dec: (value = 1) => void this.counts.set(key, (this.counts.get(key) ?? 0) - value),
    });
    const keyOf = (values: LabelValues): string => `${name} ${Object.values(values).join(' ')}`;
    return {
      ...bound(name),
      labels: (values) => bound(keyOf(values)),
      remove: (values) => void this.counts.delete(keyOf(values)),
    };
  }

  histogram(): Histogram {
    const bound = { observe: () => undefined };
    return { ...bound, labels: () => bound };
  }

  summary(): never {
    throw new Error('the scraper has no summaries');
  }
}

/** An HTTP server on a free port of this machine. */
export class TestServer implements AsyncDisposable {
  readonly #server: Server;
  requests = 0;
  readonly address: string;

  static async start(listener: RequestListener): Promise<TestServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const started = new TestServer(server);
    server.on('request', (request, response) => {
      started.requests++;
      listener(request, response);
    });
    return started;
  }

  private constructor(server: Server) {
    this.#server = server;
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** A scraper of one job at 1 s, driven by a manual clock. */
export class Harness implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly store = new RecordingMetricStore();
  readonly instruments = new CountingInstruments();
  readonly scraper: Scraper;

  constructor(configs: readonly Record<string, unknown>[], options: Partial<ScraperOptions> = {}) {
    this.scraper = new Scraper({
      jobs: parseScrapeConfigs(configs, 'code'),
      store: this.store,
      clock: this.clock,
      instruments: this.instruments,
      externalLabels: { region: 'eu-1' },
      hostname: 'test-host',
      ...options,
    });
    this.scraper.start();
  }

  /** Lets the next second pass and waits until its scrapes are stored. */
  async tick(batches = 1): Promise<void> {
    const wanted = this.store.batches.length + batches;
    await this.clock.advance(1_000);
    await until(() => this.store.batches.length >= wanted, 'the scrape');
    // The status is written just after the store answered.
    await this.clock.advance(0);
  }

  get status(): ReturnType<Scraper['targets']>[number] | undefined {
    return this.scraper.targets()[0];
  }

  count(key: string): number {
    return this.instruments.counts.get(key) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scraper[Symbol.asyncDispose]();
  }
}

/** A job named `test` of these addresses at 1 s. */
export function job(
  targets: readonly string[],
  settings: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    job_name: 'test',
    scrape_interval: '1s',
    static_configs: [{ targets }],
    ...settings,
  };
}
