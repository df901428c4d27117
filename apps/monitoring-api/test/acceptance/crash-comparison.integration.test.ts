import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Labels } from '@dwcp/core';
import { encodeRemoteWrite, remoteWriteHeaders } from '@dwcp/protocol-prometheus';
import {
  findProgram,
  freePort,
  type RealServer,
  startPrometheus,
  startVictoriaMetrics,
  wants,
} from '@dwcp/testing';
import { expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { type MatrixElement, promQuery } from './prometheus-answers.ts';

const KILLS = 2;
const SENDERS = 2;
const SERIES = 50;
/** Samples of each series in a request. */
const SAMPLES = 10;
const STEP_MS = 10;
/** Between two requests of a sender. */
const PAUSE_MS = 15;
/** VictoriaMetrics brings samples and the index of new series to the disk within 5 to 12 seconds. */
const LIFE_MS = 15_000;
/** So many samples at least, or nothing was measured. */
const ENOUGH = 100_000;

/** A server that can be killed and comes back on the same data. */
interface Subject {
  readonly url: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** All samples there are, by series: the values, which are the numbers of the samples. */
  stored(fromMs: number): Promise<ReadonlyMap<string, readonly number[]>>;
}

interface Outcome {
  readonly acknowledged: number;
  readonly missing: number;
  readonly doubled: number;
  readonly found: number;
}

/**
 * The same stream for each: numbered requests of two senders, each with series of its own. What got
 * no answer is not sent again, so that no repair by a sender hides what a server lost.
 */
async function killInMidStream(subject: Subject): Promise<Outcome> {
  const startMs = Math.floor(Date.now() / 1_000) * 1_000 - 1_200_000;
  const acknowledged: Set<number>[] = Array.from({ length: SENDERS }, () => new Set());
  const next = Array.from({ length: SENDERS }, () => 0);

  const send = async (sender: number, stop: AbortSignal): Promise<void> => {
    while (!stop.aborted) {
      const request = (next[sender] ?? 0) * SAMPLES;
      next[sender] = (next[sender] ?? 0) + 1;
      try {
        const response = await fetch(`${subject.url}/api/v1/write`, {
          method: 'POST',
          headers: remoteWriteHeaders('1.0'),
          body: bodyOf(sender, request, startMs),
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`${subject.url}: ${response.status} ${text}`);
        acknowledged[sender]?.add(request);
        await pause(PAUSE_MS);
      } catch (error) {
        // A broken connection is the kill; a refusal is a failure of the test.
        if (error instanceof TypeError) return;
        throw error;
      }
    }
  };

  for (let life = 1; life <= KILLS; life++) {
    const stop = new AbortController();
    const running = Array.from({ length: SENDERS }, (_, sender) => send(sender, stop.signal));
    await pause(LIFE_MS + life * 700);
    await subject.kill();
    stop.abort();
    await Promise.all(running);
    await subject.restart();
  }

  const stored = await subject.stored(startMs);
  let missing = 0;
  let doubled = 0;
  let found = 0;
  for (let sender = 0; sender < SENDERS; sender++) {
    for (let i = 0; i < SERIES; i++) {
      const values = stored.get(`${sender}/${i}`) ?? [];
      const distinct = new Set(values);
      found += values.length;
      doubled += values.length - distinct.size;
      for (const request of acknowledged[sender] ?? []) {
        for (let n = request; n < request + SAMPLES; n++) if (!distinct.has(n)) missing++;
      }
    }
  }
  const requests = acknowledged.reduce((sum, { size }) => sum + size, 0);
  return { acknowledged: requests * SERIES * SAMPLES, missing, doubled, found };
}

/** Sample n has the value n and the time n steps from the start. */
function bodyOf(sender: number, first: number, startMs: number): Buffer {
  const numbers = Array.from({ length: SAMPLES }, (_, i) => first + i);
  const series = Array.from({ length: SERIES }, (_, i) => ({
    labels: Labels.from({ __name__: 'crash_compared', sender: String(sender), i: String(i) }),
    timestamps: Float64Array.from(numbers, (n) => startMs + n * STEP_MS),
    values: Float64Array.from(numbers),
  }));
  return Buffer.from(encodeRemoteWrite(series, { version: '1.0' }));
}

const keyOf = (metric: Readonly<Record<string, string>>): string =>
  `${metric['sender']}/${metric['i']}`;

/** By a range selector, which answers with the samples as they are. */
async function storedByPromQl(
  url: string,
  fromMs: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const toMs = Date.now() + 300_000;
  const { result } = await promQuery(url, 'query', {
    query: `crash_compared[${toMs - fromMs + 1}ms]`,
    time: String(toMs / 1_000),
  });
  return new Map(
    (result as readonly MatrixElement[]).map(({ metric, values }) => [
      keyOf(metric),
      values.map(([, value]) => Number(value)),
    ]),
  );
}

/** @see https://docs.victoriametrics.com/#how-to-export-time-series */
async function storedByExport(url: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const parameters = new URLSearchParams({ 'match[]': 'crash_compared', reduce_mem_usage: '1' });
  const response = await fetch(`${url}/api/v1/export?${parameters.toString()}`);
  const stored = new Map<string, number[]>();
  for (const line of (await response.text()).split('\n')) {
    if (line === '') continue;
    const { metric, values } = JSON.parse(line) as {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly number[];
    };
    stored.set(keyOf(metric), [...(stored.get(keyOf(metric)) ?? []), ...values]);
  }
  return stored;
}

function tell(who: string, { acknowledged, missing, found }: Outcome): void {
  const share = ((missing / acknowledged) * 100).toFixed(2);
  process.stdout.write(
    `${who}: ${acknowledged} samples acknowledged, ${found} found after ${KILLS} kill -9, ` +
      `${missing} of the acknowledged lost (${share} %)\n`,
  );
}

test('ours has every sample that it acknowledged, once', { timeout: 180_000 }, async () => {
  await using server = await DwcpServer.start('region: eu-test-1\ncollection: { host: false }\n');
  const outcome = await killInMidStream({
    url: server.url,
    kill: () => server.child.end('SIGKILL'),
    restart: async () => void (await server.restart()),
    stored: (fromMs) => storedByPromQl(server.url, fromMs),
  });
  tell('ours', outcome);
  expect(outcome.acknowledged).toBeGreaterThan(ENOUGH);
  expect(outcome).toMatchObject({ missing: 0, doubled: 0 });
  expect(outcome.found).toBeGreaterThanOrEqual(outcome.acknowledged);
});

/** A real server on one port and one folder. */
async function withPeer(
  start: (port: number, dataDir: string) => Promise<RealServer>,
  stored: Subject['stored'],
): Promise<Outcome> {
  const dataDir = await mkdtemp(join(tmpdir(), 'dwcp-peer-'));
  const port = await freePort();
  let server = await start(port, dataDir);
  try {
    return await killInMidStream({
      url: server.url,
      kill: () => server.child.end('SIGKILL'),
      restart: async () => {
        await server[Symbol.asyncDispose]();
        server = await start(port, dataDir);
      },
      stored,
    });
  } finally {
    await server[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const prometheus = findProgram('prometheus');
test.skipIf(prometheus === undefined)(
  `Prometheus in the same stream, for the figures (${wants('prometheus')})`,
  { timeout: 180_000 },
  async () => {
    let url = '';
    const outcome = await withPeer(
      async (port, dataDir) => {
        const args = ['--web.enable-remote-write-receiver', '--log.level=error'];
        const server = await startPrometheus(prometheus ?? '', '', { port, dataDir, args });
        url = server.url;
        return server;
      },
      (fromMs) => storedByPromQl(url, fromMs),
    );
    tell('Prometheus', outcome);
    expect(outcome.acknowledged).toBeGreaterThan(ENOUGH);
    expect(outcome.found).toBeGreaterThan(0);
  },
);

const victoriaMetrics = findProgram('victoria-metrics');
test.skipIf(victoriaMetrics === undefined)(
  `VictoriaMetrics in the same stream, for the figures (${wants('victoria-metrics')})`,
  { timeout: 180_000 },
  async () => {
    let url = '';
    const outcome = await withPeer(
      async (port, dataDir) => {
        const server = await startVictoriaMetrics(victoriaMetrics ?? '', { port, dataDir });
        url = server.url;
        return server;
      },
      () => storedByExport(url),
    );
    tell('VictoriaMetrics', outcome);
    expect(outcome.acknowledged).toBeGreaterThan(ENOUGH);
    expect(outcome.found).toBeGreaterThan(0);
  },
);
