import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Child, freePort } from './child.ts';

/** A real server on a free loopback port. */
export interface RealServer extends AsyncDisposable {
  readonly url: string;
  readonly child: Child;
}

/** Starts a real Prometheus with a configuration in YAML; its data go with it. */
export async function startPrometheus(program: string, config: string): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dwcp-prometheus-'));
  const configFile = join(folder, 'prometheus.yml');
  await writeFile(configFile, config);
  const address = `127.0.0.1:${await freePort()}`;
  const child = await Child.start({
    program,
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
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
