// The load generator, the query timer and the kill check that were written beside the repository for
// other servers, unchanged, against ours with a configuration that says only where it lives.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { Labels } from '@dwcp/core';
import { encodeRemoteWrite } from '@dwcp/protocol-prometheus';
import { Child, eventually, freePort } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { promQuery, type VectorElement } from './prometheus-answers.ts';

const bench = join(import.meta.dirname, '../../../../../shared/bench/metrics');
const mainFile = join(import.meta.dirname, '../../src/main.ts');
const isHere = existsSync(bench);
const run = promisify(execFile);

interface Workload {
  readonly series: readonly (readonly (readonly [string, string])[])[];
  batches(
    this: Workload,
  ): Iterable<{ readonly lane: number; readonly points: readonly (number | null)[] }>;
}

interface WorkloadModule {
  /** 2025-06-10, in Unix milliseconds. */
  readonly T0: number;
  workload(this: void, spec: string): Workload;
}

const load = async (): Promise<WorkloadModule> =>
  (await import(pathToFileURL(join(bench, 'lib/workload.mjs')).href)) as WorkloadModule;

interface Payload {
  readonly path: string;
  readonly samples: number;
}

/** Records of lane, number of samples, length, and a body packed by our own encoder. */
async function writePayload(path: string, spec: string): Promise<Payload> {
  const { workload } = await load();
  const data = workload(spec);
  const labels = data.series.map((pairs) => Labels.fromPairs(pairs));
  await using file = await open(path, 'w');
  let samples = 0;
  for (const { lane, points } of data.batches()) {
    const rows = new Map<number, { readonly timestamps: number[]; readonly values: number[] }>();
    for (let i = 0; i < points.length; i += 3) {
      const id = points[i] ?? 0;
      let row = rows.get(id);
      if (row === undefined) rows.set(id, (row = { timestamps: [], values: [] }));
      row.timestamps.push(points[i + 1] ?? 0);
      row.values.push(points[i + 2] ?? Number.NaN);
    }
    const body = encodeRemoteWrite(
      [...rows].map(([id, { timestamps, values }]) => ({
        labels: labels[id] ?? Labels.empty,
        timestamps: Float64Array.from(timestamps),
        values: Float64Array.from(values),
      })),
      { version: '1.0' },
    );
    const head = Buffer.alloc(12);
    head.writeUInt32LE(lane, 0);
    head.writeUInt32LE(points.length / 3, 4);
    head.writeUInt32LE(body.length, 8);
    await file.write(Buffer.concat([head, body]));
    samples += points.length / 3;
  }
  return { path, samples };
}

/** The last line that a program of the benchmark printed, which is JSON. */
async function result(program: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [join(bench, program), ...args], {
    maxBuffer: 2 ** 26,
  });
  const lines = stdout.trim().split('\n');
  process.stdout.write(`${lines.join('\n')}\n`);
  return JSON.parse(lines.at(-1) ?? '');
}

/** Ends a server that a program of the benchmark started, if it still runs. */
async function ended(pid: number): Promise<void> {
  await eventually(
    () => {
      try {
        process.kill(pid, 'SIGTERM');
        return undefined;
      } catch {
        return true;
      }
    },
    { timeoutMs: 10_000, everyMs: 1_000, what: `the end of process ${pid}` },
  );
}

describe.skipIf(!isHere)(
  `data of June 2025${isHere ? '' : ' (skipped: ../shared/bench is not here)'}`,
  () => {
    let folder: string;
    let T0: number;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'dwcp-old-data-'));
      ({ T0 } = await load());
    });
    afterAll(async () => {
      const pids = join(folder, 'pids');
      for (const pid of existsSync(pids) ? readFileSync(pids, 'utf8').trim().split('\n') : []) {
        await ended(Number(pid));
      }
      await rm(folder, { recursive: true, force: true });
    });

    /** All that the configuration says. */
    async function configure(name: string, port: number): Promise<string> {
      const path = join(folder, `${name}.yml`);
      await writeFile(path, `dataDir: ${join(folder, name)}\nlisten: 127.0.0.1:${port}\n`);
      return path;
    }
    const argsOf = (config: string): readonly string[] => [
      '--conditions=@dwcp/source',
      mainFile,
      'start',
      '--config',
      config,
    ];
    async function start(name: string): Promise<{ readonly child: Child; readonly url: string }> {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const child = await Child.start({
        program: process.execPath,
        args: argsOf(await configure(name, port)),
        readyUrl: `${url}/ready`,
      });
      return { child, url };
    }
    async function countOf(url: string, selector: string): Promise<number> {
      const { result: found } = await promQuery(url, 'query', {
        query: `sum(count_over_time(${selector}[1d]))`,
        time: String(T0 / 1_000 + 86_400 - 1),
      });
      return Number((found as readonly VectorElement[])[0]?.value[1] ?? 0);
    }

    test('ingest.mjs: all that was acknowledged is counted by a query', async () => {
      const payload = await writePayload(join(folder, 'ingest.bin'), 'ingest-2000x200b500');
      const { child, url } = await start('ingest');
      await using _ = child;
      const told = (await result(
        'ingest.mjs',
        payload.path,
        `${url}/api/v1/write`,
        '--pid',
        String(child.pid),
        '--data',
        join(folder, 'ingest'),
      )) as { readonly samples: number };
      expect(told.samples).toBe(payload.samples);
      // By name, since a count has none: two series of it would be one.
      const names = Array.from(
        { length: 50 },
        (__, i) => `dwcp_bench_metric_${String(i).padStart(2, '0')}${i % 10 <= 4 ? '_total' : ''}`,
      );
      let found = 0;
      for (const name of names) found += await countOf(url, name);
      expect(found).toBe(payload.samples);
      const { rejectedSamples } = (await (await fetch(`${url}/api/v1/status`)).json()) as {
        readonly rejectedSamples: object;
      };
      expect(rejectedSamples).toEqual({});
    });

    test('query.mjs: the three queries have an answer of every series', async () => {
      const payload = await writePayload(join(folder, 'query.bin'), 'query-1h');
      const { child, url } = await start('query');
      await using _ = child;
      const told = (await result('ingest.mjs', payload.path, `${url}/api/v1/write`)) as {
        readonly samples: number;
      };
      expect(told.samples).toBe(payload.samples);
      for (const [only, series] of [
        ['a', 1],
        ['b', 5],
        ['c', 1],
      ] as const) {
        const answer = await result('query.mjs', url, '--runs', '2', '--only', only);
        expect(answer).toMatchObject({ q: only, series });
        const { points, checksum } = answer as { points: number; checksum: number };
        // An hour of one point a minute; the last finds some of the five minutes before it.
        expect(points / series).toBeGreaterThan(55);
        expect(checksum).toBeGreaterThan(0);
      }
      let found = 0;
      for (const name of ['single_total', 'requests_total', 'latency_seconds_bucket']) {
        found += await countOf(url, `bench_${name}`);
      }
      expect(found).toBe(payload.samples);
    });

    test('durability.mjs: after kill -9 in mid-stream nothing is lost', async () => {
      const payload = await writePayload(join(folder, 'kill.bin'), 'ingest-2000x400b250');
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const config = await configure('kill', port);
      // It wants a command that leaves the server running and prints its process id.
      const script = join(folder, 'start.sh');
      const command = [process.execPath, ...argsOf(config)].map((part) => `'${part}'`).join(' ');
      await writeFile(
        script,
        `#!/bin/sh
${command} >>'${join(folder, 'kill.log')}' 2>&1 &
pid=$!
until curl -sf -o /dev/null ${url}/ready; do sleep 0.05; done
echo $pid >>'${join(folder, 'pids')}'
echo $pid
`,
      );
      chmodSync(script, 0o755);
      const told = (await result('durability.mjs', payload.path, url, '1', '--', script)) as {
        readonly acked: number;
        readonly found: number;
        readonly inFlight: number;
      };
      expect(told).toMatchObject({ lost: 0 });
      expect(told.acked).toBeGreaterThan(10_000);
      expect(told.acked).toBeLessThan(payload.samples);
      expect(told.found).toBeLessThanOrEqual(told.acked + told.inFlight);
      expect(readdirSync(join(folder, 'kill'))).toContain('metrics');
    });
  },
);
