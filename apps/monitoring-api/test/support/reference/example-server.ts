import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseSelector } from '@dwcp/promql';
import { eventually, ManualClock } from '@dwcp/testing';

import { parseConfig } from '#src/config/parse-config.ts';
import { codeSource } from '#src/config/source.ts';
import { Runtime } from '#src/runtime/runtime.ts';
import { type RunningServer, startServer } from '#src/server/start-server.ts';

const RULES = `groups:
  - name: shop
    interval: 1s
    rules:
      - record: shop:queue_length:sum
        expr: sum(shop_queue_length)
      - alert: QueueTooLong
        expr: shop_queue_length > 5
        labels: { severity: page }
        annotations: { summary: 'The queue {{ $labels.queue }} has {{ $value }} entries' }
`;

/** What differs from run to run, by key, and what is shown instead. */
const MASKED_KEYS: Readonly<Record<string, unknown>> = {
  activeAt: '2026-01-02T03:04:06.5Z',
  lastEvaluation: '2026-01-02T03:04:08.5Z',
  lastScrape: '2026-01-02T03:04:08.25Z',
  evaluationTime: 0.0004,
  lastScrapeDuration: 0.003,
  oldestUnixMs: 1_767_323_045_000,
  newestUnixMs: 1_767_323_048_000,
  minTime: 1_767_323_045_000,
  maxTime: 1_767_323_048_000,
  // Of the server's own series some come with the first request of their kind.
  numSeries: 113,
  numLabelPairs: 133,
  chunkCount: 113,
  uptimeSeconds: 4,
  version: '1.0.0',
  hostname: 'shop-1',
  CWD: '/var/lib/dwcp',
  startTime: '2026-01-02T03:04:05Z',
  serverTime: '2026-01-02T03:04:09Z',
  lastConfigTime: '2026-01-02T03:04:05Z',
  GOMAXPROCS: 2,
  GOMEMLIMIT: 4_345_298_944,
  durationMs: 0.4,
  requestId: 'req-7',
  startsAt: '2026-01-02T03:04:06.5Z',
  endsAt: '2026-01-02T03:09:06.5Z',
  updatedAt: '2026-01-02T03:04:06.5Z',
  uptime: '2026-01-02T03:04:05Z',
  silenceID: '1d0b3a52-6c11-4f5e-9a64-0b8a3a1f7c2e',
  id: '1d0b3a52-6c11-4f5e-9a64-0b8a3a1f7c2e',
  silencedBy: ['1d0b3a52-6c11-4f5e-9a64-0b8a3a1f7c2e'],
  openedAt: '2026-01-02T03:04:06.5Z',
  changedAt: '2026-01-02T03:04:08.5Z',
  at: '2026-01-02T03:04:08.5Z',
  since: '2026-01-02T03:04:06.5Z',
  queuedAt: '2026-01-02T03:04:06.5Z',
  lastAttemptAt: '2026-01-02T03:04:06.5Z',
  finishedAt: '2026-01-02T03:04:06.52Z',
  idempotencyKey: '8a1d7f0c5e3b42969d0c1f7ab0e4d2c3',
};

/** For the same reason, the value of each entry in these lists. */
const MASKED_LISTS: Readonly<Record<string, number>> = {
  labelValueCountByLabelName: 87,
  memoryInBytesByLabelName: 4_329,
  seriesCountByLabelValuePair: 150,
};

/** Sizes and counts in these parts of the status depend on when it was asked. */
const MASKED_PARTS: readonly string[] = ['stores', 'queues'];
const KEPT_NUMBERS: readonly string[] = ['capacity'];

/**
 * A server with a rule, a target and a standing clock, for the answers in the reference: what is
 * asked is answered by the real thing, and the same each time.
 */
export class ExampleServer implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly #clock: ManualClock;
  readonly #server: RunningServer;
  readonly #target: Server;
  readonly #folder: string;

  private constructor(parts: {
    readonly runtime: Runtime;
    readonly clock: ManualClock;
    readonly server: RunningServer;
    readonly target: Server;
    readonly folder: string;
  }) {
    this.runtime = parts.runtime;
    this.#clock = parts.clock;
    this.#server = parts.server;
    this.#target = parts.target;
    this.#folder = parts.folder;
  }

  static async start(): Promise<ExampleServer> {
    const folder = await mkdtemp(join(tmpdir(), 'dwcp-reference-'));
    await mkdir(join(folder, 'rules'));
    await writeFile(join(folder, 'rules/shop.yml'), RULES);
    const target = createServer((_request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(
        '# HELP shop_queue_length Entries that wait.\n# TYPE shop_queue_length gauge\nshop_queue_length{queue="mail"} 7\n',
      );
    });
    target.listen(0, '127.0.0.1').unref();
    await once(target, 'listening');
    const address = `127.0.0.1:${(target.address() as AddressInfo).port}`;
    const config = parseConfig({
      cwd: folder,
      hostname: 'shop-1',
      sources: [
        codeSource(
          {
            region: 'eu-west',
            service: 'shop',
            dataDir: 'data',
            collection: { host: false, process: false },
            alerting: {
              ruleFiles: ['rules/shop.yml'],
              webhooks: [
                { name: 'on-call', url: `http://${address}/alerts`, allowPrivateNetwork: true },
              ],
            },
            scrapeConfigs: [
              {
                job_name: 'queue',
                scrape_interval: '1s',
                scrape_timeout: '1s',
                extra_scrape_metrics: true,
                static_configs: [{ targets: [address] }],
              },
            ],
          },
          folder,
        ),
      ],
    });
    const clock = new ManualClock();
    const runtime = new Runtime({ config, clock });
    await runtime.initialize();
    const server = await startServer(runtime, { port: 0, observeRequests: true });
    const example = new ExampleServer({ runtime, clock, server, target, folder });
    await example.#fill();
    return example;
  }

  /** Scrapes and evaluates until there is something to show. */
  async #fill(): Promise<void> {
    const ask = async (): Promise<true | undefined> => {
      await this.#clock.advance(1_000);
      const alerts = this.runtime.rules?.stats().alertsFiring ?? 0;
      const up = this.runtime.scraper?.targets().every(({ health }) => health === 'up') ?? false;
      const stored = await Promise.all(
        ['ALERTS', 'dwcp_notifications_total{notifier=~"on-call.*"}'].map((selector) =>
          this.runtime.metricStore.series({
            matchers: parseSelector(selector),
            startUnixMs: 0,
            endUnixMs: this.#clock.nowUnixMs(),
          }),
        ),
      );
      const isStored = stored.every(({ length }) => length > 0);
      return alerts > 0 && up && isStored ? true : undefined;
    };
    await eventually(ask, { timeoutMs: 20_000, everyMs: 20, what: 'an alert of the example' });
  }

  /** The answer's text, what varies replaced. @throws Error when the status is not 2xx */
  async ask(path: string, init: RequestInit = {}): Promise<string> {
    const response = await fetch(`${this.#server.url}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return this.#masked(text);
  }

  /** The first event of a stream, after something made it happen. */
  async askStream(path: string, makeEvent: () => Promise<unknown>): Promise<string> {
    const abort = new AbortController();
    const { body } = await fetch(`${this.#server.url}${path}`, { signal: abort.signal });
    await makeEvent();
    let text = '';
    for await (const chunk of body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (/event: log\ndata: .*\n\n/.test(text)) break;
    }
    abort.abort();
    return this.#masked(text).replaceAll(
      /"timeUnixNano":"\d+"/g,
      '"timeUnixNano":"1767323048000000000"',
    );
  }

  #masked(text: string): string {
    const { port } = this.#target.address() as AddressInfo;
    return (
      text
        .replaceAll(this.#server.url, 'http://127.0.0.1:9000')
        // Other addresses of the target have the name of this machine in them.
        .replaceAll(new RegExp(`http://[^/"]+:${port}/`, 'g'), 'http://127.0.0.1:8080/')
        .replaceAll(`127.0.0.1:${port}`, '127.0.0.1:8080')
        .replaceAll(`${this.#folder}/data`, '/var/lib/dwcp')
        .replaceAll(this.#folder, '/etc/dwcp')
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close({ timeoutMs: 1_000 });
    await this.runtime.close({ timeoutMs: 5_000 });
    this.#target.closeAllConnections();
    this.#target.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Values that vary from run to run, replaced by one that is possible. */
export function steady(value: unknown, key = '', inMaskedPart = false): unknown {
  if (typeof value === 'string' && value.startsWith('inc-')) return 'inc-1f3a9c2e44';
  // In a list: of an alert whose labels have the port of the target.
  if (key === '' && typeof value === 'string' && /^[0-9a-f]{16}$/.test(value)) {
    return '3f1c0b9a7e5d2468';
  }
  // A version may be a count too, and a moment may be none.
  if (Object.hasOwn(MASKED_KEYS, key) && typeof value === typeof MASKED_KEYS[key]) {
    return MASKED_KEYS[key];
  }
  if (typeof value === 'number' && inMaskedPart && !KEPT_NUMBERS.includes(key)) return 0;
  if (typeof value !== 'object' || value === null) return value;
  const listed = MASKED_LISTS[key];
  if (listed !== undefined && Array.isArray(value)) {
    return value.map((item: object) => ({ ...item, value: listed }));
  }
  const masks = inMaskedPart || MASKED_PARTS.includes(key);
  if (Array.isArray(value)) return value.map((item) => steady(item, '', masks));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, steady(item, name, masks)]),
  );
}
