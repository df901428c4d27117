import { readFile } from 'node:fs/promises';
import { type AgentOptions } from 'node:https';

import { SettingsFileError } from './errors.ts';
import { type RemoteWriteTls } from './options.ts';

/** @throws SettingsFileError when a file cannot be read */
export async function readTls(tls: RemoteWriteTls | undefined): Promise<AgentOptions> {
  if (tls === undefined) return {};
  const [ca, cert, key] = await Promise.all([
    tls.ca ?? readPem(tls.caFile, 'caFile'),
    tls.cert ?? readPem(tls.certFile, 'certFile'),
    tls.key ?? readPem(tls.keyFile, 'keyFile'),
  ]);
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    ...(tls.minVersion !== undefined && { minVersion: tls.minVersion }),
    rejectUnauthorized: tls.insecureSkipVerify !== true,
  };
}

async function readPem(file: string | undefined, field: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new SettingsFileError(`tls.${field}`, file, error);
  }
}
