import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { Agent as SecureAgent, type AgentOptions } from 'node:https';

import { type Clock } from '@dwcp/core';

import { TLS_VERSIONS, type TlsSettings } from './http-settings.ts';
import { ScrapeError } from './scrape-error.ts';
import { Secret } from './secret.ts';

/** Connections to one address that may wait for the next scrape. */
const MAX_IDLE_PER_HOST = 64;

/** An idle connection is closed after this time, so that those of removed targets end. */
const IDLE_MS = 120_000;

/** How long certificates that were read count as current. */
const RECHECK_MS = 5_000;

/** The two ways to connect: over a kept connection, or over one that no request has used. */
export interface Connections {
  readonly kept: Agent;
  readonly fresh: Agent;
}

interface SecureEntry {
  readonly connections: Connections;
  checkedMs: number;
  readonly material: string;
}

/** Keeps connections open between requests, one set per TLS setting, up to a number of sockets. */
export class AgentPool implements Disposable {
  readonly #clock: Clock;
  readonly #maxSockets: number;
  readonly #plain: Connections;
  readonly #secure = new Map<string, SecureEntry>();
  readonly #all = new Set<Agent>();

  /** @param maxSockets at once, for each set; requests beyond it wait */
  constructor(clock: Clock, maxSockets: number) {
    this.#clock = clock;
    this.#maxSockets = maxSockets;
    this.#plain = this.#open((options) => new Agent(options), {});
  }

  get plain(): Connections {
    return this.#plain;
  }

  /** @throws ScrapeError when a certificate or key cannot be read or used */
  async secure(tls: TlsSettings | undefined): Promise<Connections> {
    const key = tls === undefined ? '' : JSON.stringify(tls, secretsAsFingerprints);
    const nowMs = this.#clock.monotonicMs();
    const existing = this.#secure.get(key);
    if (existing !== undefined && nowMs - existing.checkedMs < RECHECK_MS) {
      return existing.connections;
    }
    const material = await readMaterial(tls);
    const text = JSON.stringify(material);
    const found = this.#secure.get(key);
    if (found !== undefined && found.material === text) {
      found.checkedMs = nowMs;
      return found.connections;
    }
    // Requests at work on the old connections end there; idle ones run out.
    const options = secureOptions(tls, material);
    const connections = this.#open((bounds) => new SecureAgent(bounds), options);
    this.#secure.set(key, { connections, checkedMs: nowMs, material: text });
    return connections;
  }

  [Symbol.dispose](): void {
    for (const agent of this.#all) agent.destroy();
  }

  #open<T extends Agent>(make: (options: AgentOptions) => T, tls: AgentOptions): Connections {
    const bounds = { ...tls, maxTotalSockets: this.#maxSockets };
    const kept = make({
      ...bounds,
      keepAlive: true,
      maxFreeSockets: MAX_IDLE_PER_HOST,
      timeout: IDLE_MS,
    });
    const fresh = make(bounds);
    this.#all.add(kept).add(fresh);
    return { kept, fresh };
  }
}

interface Material {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

async function readMaterial(tls: TlsSettings | undefined): Promise<Material> {
  const [ca, cert, key] = await Promise.all([
    tls?.ca ?? readTlsFile(tls?.caFile, 'ca_file'),
    tls?.cert ?? readTlsFile(tls?.certFile, 'cert_file'),
    tls?.key?.reveal() ?? readTlsFile(tls?.keyFile, 'key_file'),
  ]);
  return { ca, cert, key };
}

async function readTlsFile(file: string | undefined, field: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new ScrapeError('tls', `cannot read tls_config.${field} ${file}: ${code}`);
  }
}

function secureOptions(tls: TlsSettings | undefined, material: Material): AgentOptions {
  if (tls === undefined) return {};
  const { ca, cert, key } = material;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(tls.minVersion !== undefined && { minVersion: TLS_VERSIONS[tls.minVersion] }),
    ...(tls.maxVersion !== undefined && { maxVersion: TLS_VERSIONS[tls.maxVersion] }),
  };
}

function secretsAsFingerprints(
  this: Record<string, unknown>,
  key: string,
  value: unknown,
): unknown {
  const original = this[key];
  return original instanceof Secret ? original.fingerprint : value;
}
