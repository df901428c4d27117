import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AlertCluster, type ApiCluster, checkPeerUrl, HttpPeerTransport } from '@dwcp/alerting';
import { BackendError, type Clock, type Log } from '@dwcp/core';
import { nodeFileSystem, writeFileAtomically } from '@dwcp/segments';

import { type Config } from '../../config/config.ts';

const ID = /^[0-9a-z-]{8,64}$/;

/**
 * This instance among its peers, which it tells apart by an id in its data directory.
 * @returns undefined where none are configured
 * @throws InvalidInputError for a peer whose address may not be used, BackendError when the id cannot
 * be kept
 */
export async function openCluster(parts: {
  readonly config: Pick<Config, 'alerting' | 'dataDir'>;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<AlertCluster | undefined> {
  const { config, clock, log } = parts;
  const { cluster } = config.alerting;
  if (cluster === undefined) return undefined;
  const { peers, peerTimeoutMs, pushPullMs, token, caFile, certFile, keyFile } = cluster;
  for (const url of peers) checkPeerUrl(url);
  const tls = {
    ...(caFile === undefined ? {} : { ca_file: caFile }),
    ...(certFile === undefined ? {} : { cert_file: certFile }),
    ...(keyFile === undefined ? {} : { key_file: keyFile }),
  };
  const http = {
    ...(token === undefined ? {} : { authorization: { credentials: token } }),
    ...(Object.keys(tls).length === 0 ? {} : { tls_config: tls }),
  };
  return new AlertCluster({
    self: {
      id: await keptId(join(config.dataDir, 'alerting')),
      startId: randomUUID(),
    },
    peers,
    transport: new HttpPeerTransport({ clock, http }),
    peerTimeoutMs,
    pushPullMs,
    clock,
    log: log.child({ part: 'alert-cluster' }),
  });
}

/** `cluster` of `GET /api/v2/status`; undefined where this instance is alone. */
export function apiCluster(
  cluster: Pick<AlertCluster, 'status'> | undefined,
  externalUrl: string,
): ApiCluster | undefined {
  if (cluster === undefined) return undefined;
  const { status, self, peers } = cluster.status();
  return {
    status,
    name: self.id,
    peers: [{ id: self.id, url: externalUrl }, ...peers].map(({ id, url }) => ({
      name: id,
      address: URL.parse(url)?.host ?? '',
    })),
  };
}

async function keptId(dir: string): Promise<string> {
  const path = join(dir, 'cluster-id');
  try {
    const kept = (await readIfThere(path)).trim();
    if (ID.test(kept)) return kept;
    const id = randomUUID();
    await mkdir(dir, { recursive: true });
    await writeFileAtomically(nodeFileSystem, path, (file) =>
      file.write(Buffer.from(`${id}\n`), 0),
    );
    return id;
  } catch (cause) {
    // Another id would be another instance: a file that cannot be read is no reason for one.
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot read or write ${path}: ${reason}`;
    throw new BackendError('alert cluster', message, { retryable: false, cause });
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
