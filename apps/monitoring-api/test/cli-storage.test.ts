import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Labels, SampleBatchBuilder } from '@dwcp/core';
import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { ManualClock } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { run } from '#src/cli/run.ts';

import { TemporaryFolder } from './platform.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function dwcp(...argv: readonly string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await run({
    argv: ['storage', ...argv],
    env: {},
    cwd: folder.path,
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

const clock = new ManualClock(Date.parse('2026-01-02T03:04:05Z'));
const FIRST = '00000001-00000001.block';
const SECOND = '00000002-00000002.block';
let folder: TemporaryFolder;

/** Two blocks and a snapshot of both. */
beforeAll(async () => {
  folder = await TemporaryFolder.make();
  await using store = await EmbeddedMetricStore.open({
    dir: join(folder.path, 'template/metrics'),
    clock,
  });
  for (const name of ['first', 'second']) {
    const batch = new SampleBatchBuilder();
    for (let i = 0; i < 10; i++) {
      batch.add(Labels.from({ __name__: name }), clock.nowUnixMs() + i * 1_000, i);
    }
    await store.append(batch.build());
    await store.seal();
  }
  await store.snapshot();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** A new data directory of that content. */
let made = 0;
function dataDir(): string {
  const dir = join(folder.path, `data-${++made}`);
  cpSync(join(folder.path, 'template'), dir, { recursive: true });
  return dir;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe('dwcp storage verify', () => {
  test('shows each block, and ends with 0 when all is sound', async () => {
    const dir = dataDir();
    expect(await dwcp('verify', '--data-dir', dir)).toEqual({
      code: 0,
      err: '',
      out:
        'BLOCK                    STATE  SAMPLES\n' +
        `${FIRST}  ok          10\n` +
        `${SECOND}  ok          10\n` +
        `sound  ${dir}/metrics: 2 blocks\n`,
    });
  });

  test('tells where the damage is, what is lost and what mends it, and ends with 1', async () => {
    const dir = dataDir();
    const path = join(dir, 'metrics/blocks', FIRST);
    flip(path, 30);
    const { code, out } = await dwcp('verify', '--data-dir', dir);
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      'BLOCK                    STATE    SAMPLES',
      `${FIRST}  damaged        0`,
      `${SECOND}  ok            10`,
      expect.stringMatching(`^damage  ${path} at byte 16: \\d+ bytes do not match their checksum$`),
      '  lost  10 samples of first, 2026-01-02T03:04:05.000Z to 2026-01-02T03:04:14.000Z',
      `damaged  ${dir}/metrics: 1 of 2 blocks, 1 place; 10 samples are lost`,
      `mend  stop the server, then to keep all that can be read: dwcp storage repair --data-dir ${dir}`,
      'mend  what is lost is in a backup or a snapshot only',
      '',
    ]);
    const json = await dwcp('verify', '--data-dir', dir, '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      dir: `${dir}/metrics`,
      isSound: false,
      blocks: [{ name: FIRST, status: 'damaged', damages: [{ path, offset: 16 }] }, {}],
      mend: [expect.stringContaining('dwcp storage repair'), expect.any(String)],
    });
  });

  test('a block that is missing is told with what was in it', async () => {
    const dir = dataDir();
    rmSync(join(dir, 'metrics/blocks', SECOND));
    const { code, out } = await dwcp('verify', '--data-dir', dir);
    expect(code).toBe(1);
    expect(out).toContain('the block is in the manifest, but not there');
    expect(out).toContain('lost  10 samples of series that are not known any more');
  });

  test('may run beside a store at work, and on a snapshot', async () => {
    const dir = dataDir();
    await using store = await EmbeddedMetricStore.open({ dir: join(dir, 'metrics'), clock });
    expect((await dwcp('verify', '--data-dir', dir)).code).toBe(0);
    expect(store.stats().corruptionCount).toBe(0);
    const [name = ''] = readdirSync(join(dir, 'metrics/snapshots'));
    const snapshot = join(dir, 'metrics/snapshots', name);
    const { code, out } = await dwcp('verify', '--data-dir', snapshot);
    expect([code, out]).toEqual([0, expect.stringContaining(`sound  ${snapshot}: 2 blocks`)]);
  });

  test('finds the data where the settings say it is', async () => {
    const dir = dataDir();
    const file = join(dir, 'my settings.yml');
    writeFileSync(file, `dataDir: ${dir}\n`);
    rmSync(join(dir, 'metrics/blocks', SECOND));
    const { code, out } = await dwcp('verify', '--config', file);
    expect(code).toBe(1);
    expect(out).toContain(`dwcp storage repair --config '${file}'\n`);
  });
});

describe('dwcp storage repair', () => {
  test('keeps what can be read, and says what it did', async () => {
    const dir = dataDir();
    flip(join(dir, 'metrics/blocks', FIRST), 30);
    const { code, out } = await dwcp('repair', '--data-dir', dir);
    expect(code).toBe(0);
    expect(out).toContain('10 samples are lost');
    expect(out).toContain(`${FIRST}: nothing of it can be read; the original is ${FIRST}.damaged`);
    expect(out).toMatch(/sound {2}all that is left can be read; start the server again\n$/);
    await using store = await EmbeddedMetricStore.open({ dir: join(dir, 'metrics'), clock });
    expect(store.stats()).toMatchObject({ corruptionCount: 0, blockCount: 1 });
  });

  test('of what is sound changes nothing', async () => {
    const dir = dataDir();
    const before = readdirSync(join(dir, 'metrics/blocks'));
    expect(await dwcp('repair', '--data-dir', dir)).toEqual({
      code: 0,
      err: '',
      out: `sound  ${dir}/metrics: there is nothing to mend\n`,
    });
    expect(readdirSync(join(dir, 'metrics/blocks'))).toEqual(before);
  });

  test('is refused while a process uses the directory', async () => {
    const dir = dataDir();
    flip(join(dir, 'metrics/blocks', FIRST), 30);
    await using _ = await EmbeddedMetricStore.open({ dir: join(dir, 'metrics'), clock });
    const { code, err } = await dwcp('repair', '--data-dir', dir);
    expect(code).toBe(1);
    expect(err).toContain(`${dir}/metrics is in use by this process (pid ${process.pid})`);
  });

  test('--json gives what was found, done and left', async () => {
    const dir = dataDir();
    flip(join(dir, 'metrics/blocks', FIRST), 30);
    const { out } = await dwcp('repair', '--data-dir', dir, '--json');
    expect(JSON.parse(out)).toMatchObject({
      found: { isSound: false },
      actions: [expect.any(String), expect.any(String)],
      left: { isSound: true },
    });
  });
});

describe('dwcp storage snapshots', () => {
  test('lists them, and deletes one by its name', async () => {
    const dir = dataDir();
    const root = join(dir, 'metrics/snapshots');
    const [name = ''] = readdirSync(root);
    expect((await dwcp('snapshots', '--data-dir', dir)).out.split('\n')).toEqual([
      expect.stringMatching(/^SNAPSHOT +MADE +PATH$/),
      `${name}  2026-01-02T03:04:05.000Z  ${root}/${name}`,
      '',
    ]);
    expect(JSON.parse((await dwcp('snapshots', '--json', '--data-dir', dir)).out)).toEqual({
      snapshots: [{ name, path: join(root, name), createdUnixMs: clock.nowUnixMs() }],
    });
    expect(await dwcp('snapshots', 'delete', name, '--data-dir', dir)).toEqual({
      code: 0,
      out: `deleted ${name}\n`,
      err: '',
    });
    expect(readdirSync(root)).toEqual([]);
    expect((await dwcp('snapshots', '--data-dir', dir)).out).toBe('no snapshots\n');
    const again = await dwcp('snapshots', 'delete', name, '--data-dir', dir);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('there is none of')]);
  });
});

describe('the command line', () => {
  test.each([
    [[], 'storage wants verify, repair or snapshots;'],
    [['mend'], 'storage wants verify, repair or snapshots, got "mend"'],
    [['toString'], 'storage wants verify, repair or snapshots, got "toString"'],
    [['verify', '--data-dir', 'a', '--config', 'b'], '--data-dir does not go with --config'],
    [['verify', '--force'], "Unknown option '--force'"],
    [['verify', 'template', '--data-dir', 'template'], 'does not know what to do with "template"'],
    [['snapshots', 'delete', '--data-dir', 'template'], 'goes alone, or delete NAME'],
    [['snapshots', 'make', 'x', '--data-dir', 'template'], 'goes alone, or delete NAME'],
  ])('%j is wrong and exits with 2', async (argv, message) => {
    const { code, out, err } = await dwcp(...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test('a directory without metrics is told, and nothing is made in it', async () => {
    const empty = join(folder.path, 'empty');
    mkdirSync(empty);
    for (const action of ['verify', 'repair', 'snapshots']) {
      const { code, err } = await dwcp(action, '--data-dir', 'empty');
      expect(code).toBe(2);
      expect(err).toContain(`there are no stored metrics in ${empty}`);
    }
    expect(readdirSync(empty)).toEqual([]);
  });
});
