import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Child, freePort } from './child.ts';

/** A real server on a free loopback port. */
export interface RealServer extends AsyncDisposable {
  readonly url: string;
  readonly child: Child;
}

export interface RealServerOptions {
  /** Further command line arguments. */
  readonly args?: readonly string[];
  /** So that it can come back at the same place. */
  readonly port?: number;
  /** Where it keeps its data, which then stay; without it they go with the server. */
  readonly dataDir?: string;
}

/** Starts a real Prometheus with a configuration in YAML. */
export async function startPrometheus(
  program: string,
  config: string,
  options: RealServerOptions = {},
): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dwcp-prometheus-'));
  const configFile = join(folder, 'prometheus.yml');
  await writeFile(configFile, config);
  const address = `127.0.0.1:${options.port ?? (await freePort())}`;
  const child = await Child.start({
    program,
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${options.dataDir ?? join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      ...(options.args ?? []),
    ],
    readyUrl: `http://${address}/-/ready`,
  });
  return {
    url: `http://${address}`,
    child,
    async [Symbol.asyncDispose]() {
      await child.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a real node_exporter; a port may be given, so that it can come back at the same place. */
export async function startNodeExporter(program: string, port?: number): Promise<RealServer> {
  const address = `127.0.0.1:${port ?? (await freePort())}`;
  const child = await Child.start({
    program,
    args: [`--web.listen-address=${address}`, '--log.level=error'],
    readyUrl: `http://${address}/metrics`,
  });
  return { url: `http://${address}`, child, [Symbol.asyncDispose]: () => child.end() };
}
