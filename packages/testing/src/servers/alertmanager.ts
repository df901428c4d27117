import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Child, freePort } from './child.ts';
import { type RealServer, type RealServerOptions } from './prometheus.ts';

export interface AlertmanagerOptions extends RealServerOptions {
  /** Makes it a member of a cluster, at this port of loopback. */
  readonly cluster?: { readonly port: number; readonly peers: readonly number[] };
}

/** Starts a real Alertmanager with a configuration in YAML; alone, unless told of others. */
export async function startAlertmanager(
  program: string,
  config: string,
  options: AlertmanagerOptions = {},
): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dwcp-alertmanager-'));
  const configFile = join(folder, 'alertmanager.yml');
  await writeFile(configFile, config);
  const address = `127.0.0.1:${options.port ?? (await freePort())}`;
  const { cluster } = options;
  const child = await Child.start({
    program,
    args: [
      `--config.file=${configFile}`,
      `--storage.path=${options.dataDir ?? join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      ...(cluster === undefined
        ? ['--cluster.listen-address=']
        : [
            `--cluster.listen-address=127.0.0.1:${cluster.port}`,
            ...cluster.peers.map((port) => `--cluster.peer=127.0.0.1:${port}`),
          ]),
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
