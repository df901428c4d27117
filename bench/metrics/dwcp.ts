// Our own server, as users start it: `dwcp start --config FILE`.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@dwcp/testing';

import { REPOSITORY } from './paths.ts';
import { snapshot } from './peers.ts';
import { folderBytes, untilIdle } from './process-stats.ts';
import { type BenchServer, dataFolder, type DiskUse, launch } from './server.ts';

/** From what is compiled into dist, as users run it, or straight from the sources. */
export type Form = 'dist' | 'source';

const programs: Readonly<Record<Form, readonly string[]>> = {
  dist: [join(REPOSITORY, 'apps/monitoring-api/bin/dwcp.js')],
  source: ['--conditions=@dwcp/source', join(REPOSITORY, 'apps/monitoring-api/src/main.ts')],
};

/** Settings of whoever runs the benchmark are not measured. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !name.startsWith('DWCP_') && name !== 'NODE_OPTIONS',
  ),
);

/** Brings dist up to date; quick where it is. @throws Error with what the compiler says */
export function build(): void {
  const { status, stdout, stderr, error } = spawnSync(
    join(REPOSITORY, 'node_modules/.bin/tsc'),
    ['--build', 'tsconfig.build.json'],
    { cwd: REPOSITORY, encoding: 'utf8' },
  );
  if (status !== 0) {
    throw new Error(
      `dist cannot be built (--source measures without it): ${error?.message ?? stdout + stderr}`,
    );
  }
}

export interface DwcpOptions {
  readonly form: Form;
  readonly keep: boolean;
  /** The configuration's part of this name. */
  readonly alerting?: { readonly ruleFiles: readonly string[] };
}

export async function startDwcp({ form, keep, alerting }: DwcpOptions): Promise<BenchServer> {
  await using started = new AsyncDisposableStack();
  const { path } = started.use(dataFolder('dwcp', keep));
  const dataDir = join(path, 'data');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configFile = join(path, 'dwcp.json');
  writeFileSync(
    configFile,
    // As the peers: the data are of 2025, and snapshots are asked for. All else is the default.
    JSON.stringify({
      dataDir,
      listen: `127.0.0.1:${port}`,
      server: { adminAPI: true },
      retention: { metrics: '100y' },
      ...(alerting === undefined ? {} : { alerting }),
    }),
  );
  const start = () =>
    launch({
      program: process.execPath,
      args: [...programs[form], 'start', '--config', configFile],
      env,
      cwd: path,
      readyUrl: `${url}/ready`,
    });
  let current = await start();
  started.defer(() => current.end());
  const resources = started.move();

  return {
    name: 'dwcp',
    url,
    folder: path,
    get pid() {
      return current.pid;
    },
    queryParameters: { noCache: 'true' },
    flush: () => Promise.resolve(),
    async diskUse() {
      const name = await snapshot(url);
      if (name !== undefined) {
        return { bytes: folderBytes(join(dataDir, 'metrics/snapshots', name)), how: 'snapshot' };
      }
      await current.end();
      current = await start();
      await untilIdle(current.pid);
      return sealedBlocks(join(dataDir, 'metrics/blocks'));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/**
 * For a server that cannot make a snapshot: the blocks it sealed by itself, and how many samples are
 * in them, as the manifest says: a line of its own, then JSON (docs/formats/metric-block.md). The rest
 * is in the log still.
 */
function sealedBlocks(folder: string): DiskUse {
  const text = readFileSync(join(folder, 'manifest'), 'utf8');
  const { blocks } = JSON.parse(text.slice(text.indexOf('\n'))) as Manifest;
  if (blocks.length === 0) {
    throw new Error(
      'no bytes per sample: the server makes no snapshots, and sealed no block itself',
    );
  }
  return {
    bytes: folderBytes(...blocks.map(({ name }) => join(folder, name))),
    sampleCount: blocks.reduce((sum, block) => sum + block.sampleCount, 0),
    how: 'FALLBACK, no snapshot yet: the sealed blocks after a restart, unmerged',
  };
}

interface Manifest {
  readonly blocks: readonly { readonly name: string; readonly sampleCount: number }[];
}
