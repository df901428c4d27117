import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BackendError } from '@dwcp/core';
import { nodeFileSystem } from '@dwcp/segments';

/** Checks what clients present. Only a hash of the token is kept. */
export interface TokenCheck {
  matches(presented: string): boolean;
}

const FILE = 'server-token.sha256';

export function tokenCheck(hash: Buffer): TokenCheck {
  return { matches: (presented) => timingSafeEqual(sha256(presented), hash) };
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

/**
 * The token of a server that others can reach: the configured one, else the one generated at an
 * earlier start, else a new one. A new one is returned once, to be shown; the data directory only
 * ever holds its SHA-256.
 * @throws BackendError when the hash cannot be kept
 */
export async function resolveToken(
  dataDir: string,
  configured: string | undefined,
): Promise<{ readonly check: TokenCheck; readonly generated: string | undefined }> {
  if (configured !== undefined) {
    return { check: tokenCheck(sha256(configured)), generated: undefined };
  }
  const path = join(dataDir, FILE);
  try {
    const kept = Buffer.from((await readFile(path, 'utf8')).trim(), 'hex');
    if (kept.length === 32) return { check: tokenCheck(kept), generated: undefined };
  } catch {
    // None yet.
  }
  const generated = randomBytes(32).toString('base64url');
  const hash = sha256(generated);
  try {
    await nodeFileSystem.makeDirectory(dataDir);
    await writeFile(`${path}.tmp`, `${hash.toString('hex')}\n`, { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot write ${path}: ${reason}`;
    throw new BackendError('token file', message, { retryable: false, cause });
  }
  return { check: tokenCheck(hash), generated };
}

/** The token of an Authorization header: Bearer, or the password of Basic, which every tool can send. */
export function presentedToken(header: string | undefined): string | undefined {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)\s*$/.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : pair.slice(colon + 1);
}
