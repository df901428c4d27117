import { readFile } from 'node:fs/promises';

import { SettingsFileError } from './errors.ts';
import { type RemoteWriteAuthorization } from './options.ts';

/** The value of the header, and the texts in it that nobody may see. */
export interface Credentials {
  readonly header: string;
  readonly secrets: readonly string[];
}

/** @throws SettingsFileError when a file cannot be read */
export async function readCredentials(
  authorization: RemoteWriteAuthorization,
): Promise<Credentials> {
  if (authorization.kind === 'bearer') {
    const token =
      'token' in authorization
        ? authorization.token
        : await readSecret('authorization.tokenFile', authorization.tokenFile);
    return { header: `Bearer ${token}`, secrets: [token] };
  }
  const password =
    'password' in authorization
      ? authorization.password
      : await readSecret('authorization.passwordFile', authorization.passwordFile);
  const pair = Buffer.from(`${authorization.username}:${password}`).toString('base64');
  return { header: `Basic ${pair}`, secrets: [password, pair] };
}

/** A receiver may repeat in its message what it was sent. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '***');
  return clean;
}

async function readSecret(field: string, file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new SettingsFileError(field, file, error);
  }
}
