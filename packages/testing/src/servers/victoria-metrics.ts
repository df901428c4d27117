import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Child, freePort } from './child.ts';
import { type RealServer, type RealServerOptions } from './prometheus.ts';

/** Starts a real single-node VictoriaMetrics that keeps samples of any age. */
export async function startVictoriaMetrics(
  program: string,
  options: RealServerOptions = {},
): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dwcp-victoria-metrics-'));
  const address = `127.0.0.1:${options.port ?? (await freePort())}`;
  const child = await Child.start({
    program,
    args: [
      `-storageDataPath=${options.dataDir ?? join(folder, 'data')}`,
      `-httpListenAddr=${address}`,
      '-retentionPeriod=100y',
      '-loggerLevel=WARN',
      ...(options.args ?? []),
    ],
    readyUrl: `http://${address}/health`,
  });
  return serverIn(folder, address, child);
}

/** Starts a real vmagent that scrapes what a configuration in YAML says and writes it to a URL. */
export async function startVmagent(
  program: string,
  { config, remoteWriteUrl, args = [] }: VmagentOptions,
): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dwcp-vmagent-'));
  const configFile = join(folder, 'scrape.yml');
  await writeFile(configFile, config);
  const address = `127.0.0.1:${await freePort()}`;
  const child = await Child.start({
    program,
    args: [
      `-promscrape.config=${configFile}`,
      `-remoteWrite.url=${remoteWriteUrl}`,
      `-remoteWrite.tmpDataPath=${join(folder, 'queue')}`,
      `-httpListenAddr=${address}`,
      '-loggerLevel=WARN',
      ...args,
    ],
    readyUrl: `http://${address}/health`,
  });
  return serverIn(folder, address, child);
}

export interface VmagentOptions {
  readonly config: string;
  readonly remoteWriteUrl: string;
  readonly args?: readonly string[];
}

function serverIn(folder: string, address: string, child: Child): RealServer {
  return {
    url: `http://${address}`,
    child,
    async [Symbol.asyncDispose]() {
      await child.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
