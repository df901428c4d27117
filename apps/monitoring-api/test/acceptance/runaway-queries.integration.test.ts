import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { LoadWriter } from './load-writer.ts';
import { END_MS, SHAPES, writeManySeries } from './runaway/many-series.ts';
import { RUNAWAY_QUERIES, type RunawayQuery } from './runaway/queries.ts';
import { ServerWatch, type Watched } from './runaway/server-watch.ts';

const MIB = 2 ** 20;
/** What is wanted is 2 s; this much also holds on a machine that does something else meanwhile. */
const MAX_MS = 10_000;
/** Longest that others wait for an answer meanwhile; some tens of milliseconds where there is time. */
const MAX_HEALTH_MS = 2_000;
/** Above what the loaded server takes: a query's 1 GiB, and what its thread keeps for the next one. */
const MAX_GROWTH_BYTES = 1_536 * MIB;

const stop = new AbortController();
let server: DwcpServer;
let watch: ServerWatch;
let writer: LoadWriter;
let writing: Promise<void>;
let loadedBytes = 0;
let peakBytes = 0;

interface Answer {
  readonly status: number;
  /** The error where there is one, else how the body begins. */
  readonly tells: string;
}

beforeAll(async () => {
  server = await DwcpServer.start('region: eu-test-1\n');
  await writeManySeries(server.url);
  watch = new ServerWatch({ pid: server.child.pid, url: server.url });
  loadedBytes = watch.residentBytes;
  writer = new LoadWriter('samples', server.url);
  writing = writer.run(stop.signal, { pauseMs: 100 });
}, 60_000);

afterAll(async () => {
  stop.abort();
  await writing;
  await server[Symbol.asyncDispose]();
});

async function ask({ method, path, parameters }: RunawayQuery): Promise<Answer> {
  const form = new URLSearchParams([...parameters] as [string, string][]);
  const url = `${server.url}${path.startsWith('/') ? path : `/api/v1/${path}`}`;
  const response =
    method === 'GET'
      ? await fetch(`${url}?${form.toString()}`)
      : await fetch(url, { method: 'POST', body: form });
  const body = Buffer.from(await response.arrayBuffer());
  const start = body.subarray(0, 300).toString();
  if (response.ok) return { status: response.status, tells: start };
  const { error } = JSON.parse(body.toString()) as { readonly error: string };
  return { status: response.status, tells: error };
}

function print(name: string, watched: Watched<Answer>): void {
  const { durationMs, peakBytes: peak, value, worstHealthMs } = watched;
  process.stdout.write(
    `${name.padEnd(40)} ${value.status} in ${durationMs.toFixed(0).padStart(5)} ms, health within ` +
      `${worstHealthMs.toFixed(0).padStart(4)} ms, peak ${(peak / MIB).toFixed(0)} MiB\n`,
  );
}

describe.each(Object.entries(RUNAWAY_QUERIES))('%s', (_, queries) => {
  test.each(queries.map((query) => [query.name, query] as const))(
    '%s: ends at a limit that is told, or in a bounded answer',
    { timeout: 60_000 },
    async (name, query) => {
      const watched = await watch.during(() => ask(query));
      print(name, watched);
      peakBytes = Math.max(peakBytes, watched.peakBytes);
      expect(watched.value).toEqual({
        status: query.status,
        tells: expect.stringMatching(query.tells) as string,
      });
      expect(watched.durationMs).toBeLessThan(MAX_MS);
      expect(watched.worstHealthMs).toBeLessThan(MAX_HEALTH_MS);
      expect(watched.peakBytes - loadedBytes).toBeLessThan(MAX_GROWTH_BYTES);
    },
  );
});

test('a remote read of everything is streamed', async () => {
  const matcher = [0x08, 2, 0x12, 8, ...Buffer.from('__name__'), 0x1a, 2, ...Buffer.from('.+')];
  const query = [0x10, ...varint(END_MS), 0x1a, matcher.length, ...matcher];
  const request = [0x0a, query.length, ...query, 0x12, 1, 1];
  const watched = await watch.during(async () => {
    const response = await fetch(`${server.url}/api/v1/read`, {
      method: 'POST',
      // A snappy block of one literal.
      body: Uint8Array.from([request.length, 60 << 2, request.length - 1, ...request]),
    });
    const { byteLength } = await response.arrayBuffer();
    return { status: response.status, tells: String(byteLength) };
  });
  print('remote read', watched);
  expect(watched.value.status).toBe(200);
  expect(Number(watched.value.tells)).toBeGreaterThan(1_000_000);
  expect(watched.durationMs).toBeLessThan(MAX_MS);
});

test('after all of it the server answers, and nothing that was written meanwhile is missing', async () => {
  stop.abort();
  await writing;
  expect(writer.acknowledged).toBeGreaterThan(1_000);
  expect(await writer.missingAndDoubled()).toEqual({ missing: 0, doubled: 0 });
  const { data } = await server.get<{ data: { result: { value: [number, string] }[] } }>(
    '/api/v1/query',
    { query: 'count(wide)', time: String(END_MS / 1_000) },
  );
  expect(data.result[0]?.value[1]).toBe(String(SHAPES.wide.series));
  process.stdout.write(
    `${writer.acknowledged} samples written meanwhile, none missing; resident ` +
      `${(loadedBytes / MIB).toFixed(0)} MiB before, ${(peakBytes / MIB).toFixed(0)} at most, ` +
      `${(watch.residentBytes / MIB).toFixed(0)} after\n`,
  );
});

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
