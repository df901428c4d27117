// CPU per scrape of other scrapers over the same targets, for the comparison in scrape-targets.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '@dwcp/core';
import { Child, findProgram, freePort } from '@dwcp/testing';

/** Clock ticks of Linux' /proc, in milliseconds. */
const TICK_MS = 10;

export interface PeerFigures {
  readonly name: string;
  readonly userMs: number;
  readonly systemMs: number;
}

function cpuOf(pid: number): { readonly userMs: number; readonly systemMs: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { userMs: Number(fields[11]) * TICK_MS, systemMs: Number(fields[12]) * TICK_MS };
}

/**
 * Runs Prometheus (with its own storage) and vmagent (with nowhere to send to), where they are
 * installed, one after the other.
 * @returns per scrape
 */
export async function measurePeers(
  scrapeConfigs: readonly unknown[],
  options: { readonly targets: number; readonly seconds: number },
): Promise<readonly PeerFigures[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dwcp-peers-'));
  const config = join(folder, 'config.yml');
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ scrape_configs: scrapeConfigs }));
  const commands = [
    [
      'prometheus',
      (address: string) => [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      '/-/ready',
    ],
    [
      'vmagent',
      (address: string) => [
        `-promscrape.config=${config}`,
        '-remoteWrite.url=http://127.0.0.1:1/',
        `-remoteWrite.tmpDataPath=${join(folder, 'queue')}`,
        `-httpListenAddr=${address}`,
      ],
      '/health',
    ],
  ] as const;
  const figures: PeerFigures[] = [];
  try {
    for (const [name, args, ready] of commands) {
      const program = findProgram(name);
      if (program === undefined) continue;
      const address = `127.0.0.1:${await freePort()}`;
      const readyUrl = `http://${address}${ready}`;
      await using child = await Child.start({ program, args: args(address), readyUrl });
      await systemClock.sleep(5_000);
      const before = cpuOf(child.pid);
      await systemClock.sleep(options.seconds * 1_000);
      const after = cpuOf(child.pid);
      const scrapes = options.targets * options.seconds;
      figures.push({
        name,
        userMs: (after.userMs - before.userMs) / scrapes,
        systemMs: (after.systemMs - before.systemMs) / scrapes,
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return figures;
}
