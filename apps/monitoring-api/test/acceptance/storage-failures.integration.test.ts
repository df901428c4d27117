import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Labels, SampleBatchBuilder, systemClock } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { eventually } from '@dwcp/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { TemporaryFolder } from '../platform.ts';
import { DwcpServer } from './dwcp-server.ts';

// docs/guides/storage-failures.md states what is tested here.

const mainFile = join(import.meta.dirname, '../../src/main.ts');
const CONFIG = `
region: eu-test-1
collection: { host: false, process: false }
remoteWrite: [{ name: away, url: 'http://127.0.0.1:9/api/v1/write' }]
`;

/** Samples of each series, and what they are in: two blocks, and two segments of the log. */
const WHOLE = { block_1: 100, block_2: 100, log_1: 20, log_2: 20 };
const FIRST_BLOCK = 'metrics/blocks/00000001-00000001.block';

interface Ran {
  readonly code: number;
  readonly out: string;
}

/** Runs a command to its end, as a user does. */
function dwcp(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const argv = ['--conditions=@dwcp/source', mainFile, ...args];
    execFile(process.execPath, argv, { timeout: 20_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      resolve({ code, out: stdout + stderr });
    });
  });
}

const kept = (where: string): Labels => Labels.from({ __name__: 'kept', where });
const deleted = Labels.from({ __name__: 'deleted' });

async function fill(store: EmbeddedMetricStore, series: Labels, count: number): Promise<void> {
  const startUnixMs = Date.now() - 60_000;
  for (let from = 0; from < count; from += 10) {
    const batch = new SampleBatchBuilder();
    for (let i = from; i < from + 10; i++) {
      batch.add(series, startUnixMs + i, i);
    }
    expect((await store.append(batch.build())).appended).toBe(10);
  }
}

/** What a store can have on its disk, deletions, exemplars and a snapshot of the blocks included. */
async function makeMetrics(dir: string): Promise<void> {
  {
    await using store = await EmbeddedMetricStore.open({ dir, clock: systemClock });
    await fill(store, kept('block_1'), 100);
    await fill(store, deleted, 10);
    const withExemplar = new SampleBatchBuilder();
    const trace = { labels: Labels.from({ trace_id: 'abc' }), value: 1, unixMs: Date.now() };
    withExemplar.addExemplar(kept('block_1'), trace);
    await store.append(withExemplar.build());
    await store.seal();
    const matchers = [{ name: '__name__', operator: '=', value: 'deleted' }] as const;
    await store.deleteSeries({ matchers, startUnixMs: 0, endUnixMs: Date.now() + 1_000 });
    await fill(store, kept('block_2'), 100);
    await store.seal();
    await store.snapshot();
    await fill(store, kept('log_1'), 20);
  }
  await using store = await EmbeddedMetricStore.open({ dir, clock: systemClock });
  await fill(store, kept('log_2'), 20);
}

let server: DwcpServer;
let templates: TemporaryFolder;
let template: string;

/** All a server can have on its disk. */
beforeAll(async () => {
  server = await DwcpServer.start(CONFIG);
  await server.child.end();
  rmSync(dataPath(), { recursive: true, force: true });
  await makeMetrics(dataPath('metrics'));
  await server.restart();
  const body = 'pushed_job_seconds 42\n';
  const pushed = await fetch(`${server.url}/metrics/job/backup`, { method: 'PUT', body });
  if (!pushed.ok) throw new Error(`push: ${pushed.status} ${await pushed.text()}`);
  await server.child.end();
  templates = await TemporaryFolder.make();
  template = join(templates.path, 'data');
  renameSync(dataPath(), template);
});

afterEach(() => server.child.end());
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await templates[Symbol.asyncDispose]();
});

function dataPath(...parts: readonly string[]): string {
  return join(server.folder, 'data', ...parts);
}

/** Puts the data in place, damages it and starts the server on it. */
async function startedOn(damage: () => void): Promise<void> {
  rmSync(dataPath(), { recursive: true, force: true });
  cpSync(template, dataPath(), { recursive: true });
  damage();
  await server.restart();
}

/** How many samples are kept, by where they were, and `deleted` ones that are back. */
async function counts(): Promise<Record<string, number>> {
  const { data } = await server.get<{
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  }>('/api/v1/query', { query: 'count_over_time({__name__=~"kept|deleted"}[1h])' });
  return Object.fromEntries(
    data.result.map(({ metric, value }) => [metric['where'] ?? 'deleted', Number(value[1])]),
  );
}

async function corruptionCount(): Promise<number> {
  const { stores } = await server.get<{ stores: { metrics: { corruptionCount: number } } }>(
    '/api/v1/status',
  );
  return stores.metrics.corruptionCount;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** The segments of the log, the oldest first: those of `log_1`, of `log_2`, and the server's own. */
function segment(index: number): string {
  const names = readdirSync(dataPath('metrics', 'wal')).filter((name) => name.endsWith('.wal'));
  return dataPath('metrics', 'wal', names.sort().at(index) ?? 'none');
}

const without = (...gone: readonly string[]): Record<string, number> =>
  Object.fromEntries(Object.entries(WHOLE).filter(([name]) => !gone.includes(name)));

test('without damage all is there, and nothing is told', async () => {
  await startedOn(() => undefined);
  expect(await counts()).toEqual(WHOLE);
  expect(await corruptionCount()).toBe(0);
  expect(server.child.output).not.toMatch(/^(error|warn) /m);
});

describe('a flipped byte is told and counted, and all the rest is answered', () => {
  test.each<[string, () => void, RegExp, Record<string, number>]>([
    [
      'a log segment',
      () => flip(segment(0), -5),
      /the write-ahead log is damaged; going on after it/,
      { ...WHOLE, log_1: 10 },
    ],
    ['a block group', () => flip(dataPath(FIRST_BLOCK), 40), /damaged/, without('block_1')],
    ['a block index', () => flip(dataPath(FIRST_BLOCK), -150), /damaged/, without('block_1')],
    ['a block footer', () => flip(dataPath(FIRST_BLOCK), -10), /damaged/, without('block_1')],
    ['the manifest', () => flip(dataPath('metrics/blocks/manifest'), 60), /manifest/, WHOLE],
    [
      'the tombstones',
      () => flip(dataPath('metrics/blocks/tombstones'), 60),
      /tombstones/,
      { ...WHOLE, deleted: 10 },
    ],
    [
      'the exemplars',
      () => flip(dataPath('metrics/exemplars'), 30),
      /stored exemplars are damaged/,
      WHOLE,
    ],
  ])('%s', async (_, damage, told, expected) => {
    await startedOn(damage);
    expect(await counts()).toEqual(expected);
    expect(await corruptionCount()).toBe(1);
    expect(server.child.output).toMatch(told);
  });

  test('a pushed group, and the position of a destination of remote write', async () => {
    const [name = ''] = readdirSync(join(template, 'pushgateway'));
    await startedOn(() => {
      flip(dataPath('pushgateway', name), -3);
      flip(dataPath('remote-write/away.position'), 1);
    });
    expect(server.child.output).toContain('a pushed group is damaged');
    expect(readdirSync(dataPath('pushgateway'))).toEqual([`${name}.damaged`]);
    expect(server.child.output).toContain('a stored position is damaged: sending from now on');
    expect(await counts()).toEqual(WHOLE);
  });

  test('the database of logs: refused, with the command', async () => {
    const [dir, path] = [dataPath('logs'), dataPath('logs/logs.db')];
    await expect(startedOn(() => flip(path, 3))).rejects.toThrow(
      `${path} at byte 0: file is not a database; to start without it, and keep it aside: mv '${dir}' '${dir}.damaged'`,
    );
    execFileSync('sh', ['-c', `mv '${dir}' '${dir}.damaged'`]);
    await server.restart();
    expect(await counts()).toEqual(WHOLE);
  });
});

describe('what is cut off or missing', () => {
  test.each<[string, () => void, RegExp, Record<string, number>, number]>([
    [
      'the end of the newest log segment is cut off, as after a crash',
      () => {
        // Behind it are what the last stop wrote and, of nothing but a header, the end of the log.
        rmSync(segment(-1));
        rmSync(segment(-1));
        cut(segment(-1));
      },
      /cut an unfinished write off the write-ahead log .*tornBytes=\d/,
      { ...WHOLE, log_2: 10 },
      0,
    ],
    [
      'the end of an older log segment is damage',
      () => cut(segment(0)),
      /the write-ahead log is damaged; going on after it/,
      { ...WHOLE, log_1: 10 },
      1,
    ],
    [
      'a block without its end is set aside',
      () => cut(dataPath(FIRST_BLOCK)),
      /the block footer is damaged or cut off/,
      without('block_1'),
      1,
    ],
    [
      'a block that is missing is told',
      () => rmSync(dataPath(FIRST_BLOCK)),
      /the block is in the manifest, but not there/,
      without('block_1'),
      1,
    ],
    [
      'a missing manifest is made anew from the blocks',
      () => rmSync(dataPath('metrics/blocks/manifest')),
      /there is no manifest; it is made anew from the blocks/,
      WHOLE,
      1,
    ],
  ])('%s', async (_, damage, told, expected, count) => {
    await startedOn(damage);
    expect(await counts()).toEqual(expected);
    expect(await corruptionCount()).toBe(count);
    expect(server.child.output).toMatch(told);
  });
});

describe('mending', () => {
  const option = (): readonly string[] => ['--data-dir', dataPath()];

  test('a repair is refused while the server runs, and brings back what a start set aside', async () => {
    await startedOn(() => flip(dataPath(FIRST_BLOCK), -10));
    expect(await counts()).toEqual(without('block_1'));
    expect(await dwcp('storage', 'repair', ...option())).toEqual({
      code: 1,
      out: expect.stringContaining(
        `is in use by another process (pid ${server.child.pid})`,
      ) as string,
    });
    await server.child.end();
    const verified = await dwcp('storage', 'verify', ...option());
    expect(verified.out).toContain(`dwcp storage repair --data-dir ${dataPath()}`);
    expect(await dwcp('storage', 'repair', ...option())).toMatchObject({ code: 0 });
    await server.restart();
    // The footer was damaged, and no sample; what was deleted from the block is deleted in it still.
    expect(await counts()).toEqual(WHOLE);
    expect(await corruptionCount()).toBe(0);
  });

  test('a second server on the directory ends with the pid of the first', async () => {
    await startedOn(() => undefined);
    const { code, out } = await dwcp('start', '--port', '0', ...option());
    expect(code).toBe(1);
    expect(out).toContain(`${dataPath()} is in use by another process (pid ${server.child.pid})`);
    expect(await counts()).toEqual(WHOLE);
  });

  test.each([
    ['copied', (from: string, to: string) => cpSync(from, to, { recursive: true })],
    ['moved', renameSync],
  ])('a snapshot that is %s to a new data directory is started on', async (_, bring) => {
    const source = join(templates.path, 'backup');
    cpSync(template, source, { recursive: true });
    const [name = ''] = readdirSync(join(source, 'metrics/snapshots'));
    rmSync(dataPath(), { recursive: true, force: true });
    mkdirSync(dataPath());
    bring(join(source, 'metrics/snapshots', name), dataPath('metrics'));
    rmSync(source, { recursive: true });
    expect(await dwcp('storage', 'verify', ...option())).toMatchObject({ code: 0 });
    await server.restart();
    expect(await counts()).toEqual({ block_1: 100, block_2: 100 });
    expect(await corruptionCount()).toBe(0);
  });
});

const mayMount = canMount();

describe.skipIf(!mayMount)(
  `a disk of its own${mayMount ? '' : ' (skipped: mounting is not permitted here)'}`,
  () => {
    beforeEach(() => {
      rmSync(dataPath(), { recursive: true, force: true });
      mkdirSync(dataPath());
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dataPath()]);
    });
    afterEach(async () => {
      await server.child.end();
      execFileSync('umount', [dataPath()]);
    });

    const start = (): Promise<Ran> => dwcp('start', '--config', join(server.folder, 'dwcp.yml'));

    function fillDisk(): void {
      const filler = (): void => writeFileSync(dataPath('filler'), Buffer.alloc(32 * 2 ** 20));
      expect(filler).toThrow('ENOSPC');
    }

    test('full: 503 and not ready, nothing acknowledged is lost, and it goes on when there is space', async () => {
      await server.restart();
      const writer = new DiskWriter();
      for (let i = 0; i < 5; i++) expect((await writer.write()).status).toBe(204);

      fillDisk();
      const refused = await eventually(
        async () => {
          const response = await writer.write();
          return response.status === 204 ? undefined : response;
        },
        { timeoutMs: 10_000, what: 'a write that the disk has no place for', everyMs: 1 },
      );
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('5');
      expect(await refused.json()).toMatchObject({
        type: 'urn:dwcp:problem:store-unavailable',
        detail: expect.stringContaining('ENOSPC') as string,
      });
      expect(await eventually(notReady, { timeoutMs: 10_000, what: '/ready says no' })).toEqual([
        'samples cannot be stored: ENOSPC: no space left on device',
      ]);
      expect(server.child.output).toContain('write-ahead log write failed');
      expect(await counts()).toEqual({ disk: writer.acknowledged });

      rmSync(dataPath('filler'));
      expect((await writer.write()).status).toBe(204);
      await eventually(async () => (await notReady()) === undefined, {
        timeoutMs: 10_000,
        what: '/ready says yes',
      });
      await server.child.end('SIGKILL');
      await server.restart();
      expect(await counts()).toEqual({ disk: writer.acknowledged });
      expect(await corruptionCount()).toBe(0);
    });

    test('full at the start: refused, with the command', async () => {
      fillDisk();
      const { code, out } = await start();
      expect(code).toBe(1);
      expect(out).toContain(
        `cannot use ${dataPath()}: the disk is full; make space on the one that this shows: df -h ${dataPath()} (ENOSPC`,
      );
    });

    test('read-only: the start is refused, with the command that mends it', async () => {
      await makeMetrics(dataPath('metrics'));
      execFileSync('mount', ['-o', 'remount,ro', dataPath()]);
      const { code, out } = await start();
      expect(code).toBe(1);
      expect(out).toMatch(`cannot use ${dataPath()}: it is on a read-only file system; `);
      expect(await dwcp('storage', 'verify', '--data-dir', dataPath())).toMatchObject({ code: 0 });
      execFileSync('sh', ['-c', /with: (mount .*?); or/.exec(out)?.[1] ?? 'false']);
      await server.restart();
      expect(await counts()).toEqual(WHOLE);
    });
  },
);

test.skipIf(process.platform !== 'linux')(
  'a data directory that cannot be made is refused at once, also by a server for others',
  async () => {
    const argv = ['start', '--port', '0', '--data-dir', '/proc/dwcp-data'];
    for (const { code, out } of [await dwcp(...argv), await dwcp(...argv, '--host', '0.0.0.0')]) {
      expect(code).toBe(1);
      expect(out).toContain('cannot use /proc/dwcp-data: nothing can be made in /proc; choose');
    }
  },
);

/** Writes samples of one series, the same ones again until they are acknowledged. */
class DiskWriter {
  readonly #startUnixMs = Date.now() - 600_000;
  acknowledged = 0;

  async write(): Promise<Response> {
    const lines = Array.from({ length: 50 }, (_, i) => {
      const at = this.acknowledged + i;
      return `kept{where="disk"} ${at} ${this.#startUnixMs + at}\n`;
    });
    const body = lines.join('');
    const response = await fetch(`${server.url}/api/v1/import/prometheus`, {
      method: 'POST',
      body,
    });
    if (response.status === 204) this.acknowledged += lines.length;
    return response;
  }
}

/** The reasons; undefined when it is ready. */
async function notReady(): Promise<readonly string[] | undefined> {
  const response = await fetch(`${server.url}/ready`);
  const { reasons } = (await response.json()) as { readonly reasons: readonly string[] };
  return response.status === 503 ? reasons : undefined;
}

/** Takes the last bytes away. */
function cut(path: string): void {
  truncateSync(path, statSync(path).size - 5);
}

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const dir = mkdtempSync(join(tmpdir(), 'dwcp-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(dir);
  }
}
