// The two servers of Debian 12 that ours is measured against, with their defaults but for what a
// remote writer of samples of 2025 needs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findProgram, freePort, wants } from '@dwcp/testing';

import { folderBytes, pause } from './process-stats.ts';
import { type BenchServer, dataFolder, launch } from './server.ts';

function programOf(name: 'prometheus' | 'victoria-metrics'): string {
  const program = findProgram(name);
  if (program === undefined) throw new Error(`${name} is missing: the benchmark ${wants(name)}`);
  return program;
}

export async function startPrometheus(
  keep: boolean,
  { ruleFiles = [] }: { readonly ruleFiles?: readonly string[] } = {},
): Promise<BenchServer> {
  const program = programOf('prometheus');
  await using started = new AsyncDisposableStack();
  const { path } = started.use(dataFolder('prometheus', keep));
  const data = join(path, 'data');
  const configFile = join(path, 'prometheus.yml');
  const config = { global: { scrape_interval: '1h' }, rule_files: ruleFiles };
  writeFileSync(configFile, JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const { pid } = started.use(
    await launch({
      program,
      args: [
        `--config.file=${configFile}`,
        `--storage.tsdb.path=${data}`,
        '--storage.tsdb.retention.time=100y',
        `--web.listen-address=${address}`,
        '--web.enable-remote-write-receiver',
        '--web.enable-admin-api',
        '--query.max-samples=200000000',
        '--log.level=warn',
      ],
      cwd: path,
      readyUrl: `${url}/-/ready`,
    }),
  );
  const resources = started.move();
  return {
    name: 'prometheus',
    url,
    folder: path,
    pid,
    queryParameters: {},
    flush: () => Promise.resolve(),
    async diskUse() {
      const name = await snapshot(url);
      if (name === undefined) throw new Error(`${program} has no administration API`);
      return { bytes: folderBytes(join(data, 'snapshots', name)), how: 'snapshot' };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/**
 * Has a server with Prometheus' administration API copy its samples.
 * @returns the name of the copy's folder; undefined when the server knows no snapshots
 */
export async function snapshot(url: string): Promise<string | undefined> {
  const response = await fetch(`${url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
  const text = await response.text();
  if (response.status === 404) return undefined;
  if (!response.ok) {
    throw new Error(`the snapshot was answered with ${response.status}: ${text.slice(0, 300)}`);
  }
  const { data } = JSON.parse(text) as { readonly data?: { readonly name?: unknown } };
  if (typeof data?.name !== 'string') throw new Error(`the snapshot has no name: ${text}`);
  return data.name;
}

export async function startVictoriaMetrics(keep: boolean): Promise<BenchServer> {
  const program = programOf('victoria-metrics');
  await using started = new AsyncDisposableStack();
  const { path } = started.use(dataFolder('victoria-metrics', keep));
  const data = join(path, 'data');
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const { pid } = started.use(
    await launch({
      program,
      args: [
        `-storageDataPath=${data}`,
        `-httpListenAddr=${address}`,
        '-retentionPeriod=100y',
        '-search.maxUniqueTimeseries=1000000',
        '-search.maxQueryDuration=120s',
        '-search.maxSamplesPerQuery=2000000000',
        '-loggerLevel=WARN',
      ],
      cwd: path,
      readyUrl: `${url}/health`,
    }),
  );
  const resources = started.move();
  return {
    name: 'victoria-metrics',
    url,
    folder: path,
    pid,
    // Its cache of results would answer all runs of a query but the first.
    queryParameters: { nocache: '1' },
    async flush() {
      await ask(`${url}/internal/force_flush`);
    },
    async diskUse() {
      await ask(`${url}/internal/force_merge`);
      const folders = [join(data, 'data'), join(data, 'indexdb')] as const;
      return { bytes: await mergedBytes(url, folders), how: 'data and indexdb after force_merge' };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The forced merge runs in the background: it is over when none runs and the size stays. */
async function mergedBytes(url: string, folders: readonly string[]): Promise<number> {
  const MAX_SECONDS = 120;
  const LOOKS_PER_SECOND = 2;
  let before = Number.NaN;
  let steady = 0;
  for (let waited = 0; waited < MAX_SECONDS * LOOKS_PER_SECOND; waited++) {
    await pause(1_000 / LOOKS_PER_SECOND);
    const metrics = await ask(`${url}/metrics`);
    const merging = [...metrics.matchAll(/^vm_active(?:_force)?_merges(?:\{.*\})? (\d+)$/gm)].some(
      ([, count]) => Number(count) > 0,
    );
    const bytes = folderBytes(...folders);
    steady = !merging && bytes === before ? steady + 1 : 0;
    if (steady === 2 * LOOKS_PER_SECOND) return bytes;
    before = bytes;
  }
  throw new Error(`VictoriaMetrics still merges ${MAX_SECONDS} s after it was asked to`);
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}
