import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type FeedPosition, type SampleBatch, SampleBatchBuilder } from '@dwcp/core';
import {
  MemoryPositionStore,
  type PositionStore,
  RemoteWriteForwarder,
} from '@dwcp/metrics-forwarder';
import {
  eventually,
  findProgram,
  freePort,
  type RealServer,
  startPrometheus,
  startVictoriaMetrics,
  wants,
} from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { ArrayFeed } from './support/array-feed.ts';
import { Proxy } from './support/proxy.ts';
import { labelsOf } from './support/rows.ts';

const SERIES_COUNT = 40;
/** Ten minutes of feed time, a sample of each series per second. */
const TICKS = 600;

/** Ends some minutes ago, where every receiver answers queries about it. */
function startOfFeed(): number {
  return Math.floor(Date.now() / 1_000) * 1_000 - (TICKS + 300) * 1_000;
}

function tick(startUnixMs: number, index: number): SampleBatch {
  const builder = new SampleBatchBuilder();
  for (let series = 0; series < SERIES_COUNT; series++) {
    builder.add(
      labelsOf(`forwarded{series="${series}",job="feed"}`),
      startUnixMs + index * 1_000,
      index * 100 + series,
    );
  }
  return builder.build();
}

interface ReceiverKind {
  readonly title: string;
  readonly program: string | undefined;
  readonly skipped: string;
  readonly path: string;
  start(
    program: string,
    options: { readonly port: number; readonly dataDir: string },
  ): Promise<RealServer>;
  /** What it acknowledged outlives a kill. */
  readonly isDurable: boolean;
  /** Makes what was acknowledged visible to queries and, if it is not, durable. */
  flush(server: RealServer): Promise<void>;
}

const receivers: readonly ReceiverKind[] = [
  {
    title: 'Prometheus',
    program: findProgram('prometheus'),
    skipped: wants('prometheus'),
    path: '/api/v1/write',
    start: async (program, options) =>
      await startPrometheus(program, 'global: {}', {
        ...options,
        args: ['--web.enable-remote-write-receiver', '--log.level=error'],
      }),
    isDurable: true,
    flush: () => Promise.resolve(),
  },
  {
    title: 'VictoriaMetrics',
    program: findProgram('victoria-metrics'),
    skipped: wants('victoria-metrics'),
    path: '/api/v1/write',
    start: async (program, options) => await startVictoriaMetrics(program, options),
    // It acknowledges what it holds in memory, for five seconds; a snapshot writes all down.
    isDurable: false,
    flush: async (server) => {
      const response = await fetch(`${server.url}/snapshot/create`);
      expect(await response.json()).toMatchObject({ status: 'ok' });
    },
  },
];

interface Matrix {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

async function query(server: RealServer, expression: string, unixMs: number): Promise<unknown> {
  const url = new URL('/api/v1/query', server.url);
  url.searchParams.set('query', expression);
  url.searchParams.set('time', String(unixMs / 1_000));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${expression}: ${await response.text()}`);
  return await response.json();
}

/** `labels@time` and values of all that a receiver holds, in its order. */
async function readBack(
  server: RealServer,
  startUnixMs: number,
): Promise<readonly (readonly [sample: string, value: number])[]> {
  const endUnixMs = startUnixMs + TICKS * 1_000;
  const range = `${TICKS + 60}s`;
  const { data } = (await query(server, `forwarded[${range}]`, endUnixMs)) as Matrix;
  return data.result.flatMap(({ metric, values }) => {
    const labels = labelsOf(`forwarded{series="${metric['series']}",job="${metric['job']}"}`);
    return values.map(([seconds, value]): [string, number] => [
      `${labels.toString()}@${Math.round(seconds * 1_000)}`,
      Number(value),
    ]);
  });
}

function expected(startUnixMs: number): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (let index = 0; index < TICKS; index++) {
    const batch = tick(startUnixMs, index);
    for (const [row, labels] of batch.labels.entries()) {
      all.set(`${labels.toString()}@${batch.timestamps[row]}`, batch.values[row] ?? Number.NaN);
    }
  }
  return all;
}

/** What should be held, each sample once. */
function wantedOf(startUnixMs: number, refused: ReadonlySet<string>): ReadonlyMap<string, number> {
  return new Map([...expected(startUnixMs)].filter(([sample]) => !refused.has(sample)));
}

async function outOfOrderCount(server: RealServer): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return [
    ...text.matchAll(/^prometheus_tsdb_out_of_order_samples_total(?:\{.*\})? (\d+)$/gm),
  ].reduce((sum, [, value]) => sum + Number(value), 0);
}

function forwarderTo(
  url: string,
  feed: ArrayFeed,
  positions: PositionStore = new MemoryPositionStore(),
): RemoteWriteForwarder {
  return new RemoteWriteForwarder(
    {
      name: 'real',
      url,
      minShards: 3,
      maxShards: 3,
      maxSamplesPerSend: 500,
      capacity: 1_000,
      batchDelayMs: 20,
      maxBackoffMs: 500,
      saveIntervalMs: 50,
      timeoutMs: 10_000,
    },
    { feed, positions },
  );
}

async function settled(forwarder: RemoteWriteForwarder, feed: ArrayFeed): Promise<void> {
  await eventually(() => forwarder.status().position === feed.end() || undefined, {
    timeoutMs: 60_000,
    what: `all is settled: ${JSON.stringify(forwarder.status())}`,
  });
}

for (const receiver of receivers) {
  const { title, program, skipped } = receiver;
  describe.skipIf(program === undefined)(
    `${title} as receiver${program === undefined ? ` (skipped: ${skipped})` : ''}`,
    () => {
      test('after a stop, a kill, and answers 400, 429 and 500 all is there, in order and once', async () => {
        const dataDir = await mkdtemp(join(tmpdir(), 'dwcp-forwarder-'));
        const port = await freePort();
        const start = async (): Promise<RealServer> =>
          await receiver.start(program ?? '', { port, dataDir });
        const startUnixMs = startOfFeed();
        const feed = new ArrayFeed();
        let next = 0;
        const feedUpTo = (end: number): void => {
          for (; next < end; next++) feed.append(tick(startUnixMs, next));
        };
        let server = await start();
        await using proxy = await Proxy.open(`http://127.0.0.1:${port}${receiver.path}`);
        await using forwarder = forwarderTo(proxy.url, feed);
        try {
          await forwarder.start();
          feedUpTo(50);
          await settled(forwarder, feed);

          // It stops for seconds, in which a minute and a half goes by in the feed.
          await server.child.end();
          const stoppedMs = performance.now();
          feedUpTo(140);
          await eventually(() => performance.now() - stoppedMs > 3_000 || undefined, {
            timeoutMs: 10_000,
            what: 'seconds go by',
          });
          expect(forwarder.status()).toMatchObject({ state: 'retrying', position: '50' });
          server = await start();
          await settled(forwarder, feed);

          // Answers that say "later".
          for (const status of [429, 500]) {
            proxy.status = status;
            feedUpTo(next + 60);
            await eventually(() => (proxy.answered.get(status) ?? 0) >= 10 || undefined, {
              timeoutMs: 20_000,
              what: `it was told ${status} ten times`,
            });
            proxy.status = undefined;
            await settled(forwarder, feed);
          }

          // Answers that say "never".
          proxy.status = 400;
          feedUpTo(next + 10);
          await settled(forwarder, feed);
          proxy.status = undefined;

          // It is killed: at work, where it does not itself lose what it has acknowledged.
          await receiver.flush(server);
          const answeredBefore = proxy.upstreamStatuses.length;
          if (receiver.isDurable) {
            feedUpTo(500);
            await eventually(() => proxy.upstreamStatuses.length > answeredBefore || undefined, {
              timeoutMs: 10_000,
              everyMs: 1,
              what: 'it is at work',
            });
          }
          const killed = server.child.end('SIGKILL');
          feedUpTo(500);
          await killed;
          server = await start();
          await settled(forwarder, feed);
          feedUpTo(TICKS);
          await settled(forwarder, feed);
          await receiver.flush(server);

          const { droppedByReason, version, lagSeconds, backlogBytes } = forwarder.status();
          expect(proxy.refused.size).toBe(10 * SERIES_COUNT);
          expect(droppedByReason['http_400']).toBe(proxy.refused.size);
          // None of these programs knows 2.0: they answer 2xx, without saying what was written.
          expect({ version, lagSeconds, backlogBytes }).toEqual({
            version: '1.0',
            lagSeconds: 0,
            backlogBytes: 0,
          });
          const held = await readBack(server, startUnixMs);
          const wanted = wantedOf(startUnixMs, proxy.refused);
          expect(new Map(held)).toEqual(wanted);
          // Once, but for requests that had no answer; Prometheus keeps those once too.
          const mayRepeat = proxy.broken > 0 && title !== 'Prometheus';
          expect(mayRepeat || held.length === wanted.size).toBe(true);
          const counted = (await query(
            server,
            `sum(count_over_time(forwarded[${TICKS + 60}s]))`,
            startUnixMs + TICKS * 1_000,
          )) as {
            readonly data: { readonly result: readonly { readonly value: [number, string] }[] };
          };
          expect(Number(counted.data.result[0]?.value[1])).toBe(held.length);
          // It counts what is out of order; only what it had already, without an answer, may be.
          const repeats = droppedByReason['http_400_on_repeat'] ?? 0;
          expect(repeats > 0 || (await outOfOrderCount(server)) === 0).toBe(true);
        } finally {
          await server[Symbol.asyncDispose]();
          await rm(dataDir, { recursive: true, force: true });
        }
      });

      test('a sender that was killed goes on from an old position, and nothing is missing', async () => {
        const dataDir = await mkdtemp(join(tmpdir(), 'dwcp-forwarder-'));
        const port = await freePort();
        const startUnixMs = startOfFeed();
        const feed = new ArrayFeed();
        const server = await receiver.start(program ?? '', { port, dataDir });
        const url = `http://127.0.0.1:${port}${receiver.path}`;
        /** Loses what is saved after a moment, as a kill does. */
        const kept = new MemoryPositionStore();
        let isLosing = false;
        const positions: PositionStore = {
          load: async (name) => await kept.load(name),
          save: async (name, position: FeedPosition) => {
            if (!isLosing) await kept.save(name, position);
          },
        };
        try {
          {
            await using killed = forwarderTo(url, feed, positions);
            await killed.start();
            for (let index = 0; index < 300; index++) feed.append(tick(startUnixMs, index));
            await settled(killed, feed);
            await eventually(
              () => killed.status().savedPosition === killed.status().position || undefined,
              { timeoutMs: 10_000, what: 'the position is saved' },
            );
            isLosing = true;
            for (let index = 300; index < 317; index++) feed.append(tick(startUnixMs, index));
            await settled(killed, feed);
          }
          // Appended while nobody reads: the first requests hold what is known and what is new.
          for (let index = 317; index < TICKS; index++) feed.append(tick(startUnixMs, index));
          await using forwarder = forwarderTo(url, feed, positions);
          await forwarder.start();
          await settled(forwarder, feed);
          await receiver.flush(server);

          const held = await readBack(server, startUnixMs);
          expect(new Map(held)).toEqual(wantedOf(startUnixMs, new Set()));
        } finally {
          await server[Symbol.asyncDispose]();
          await rm(dataDir, { recursive: true, force: true });
        }
      });
    },
  );
}
