import { readFile } from 'node:fs/promises';

import { DeliveryError } from '../errors.ts';
import { type TlsOptions } from '../notify/http-post.ts';
import { type HttpSettings, type TlsSettings } from './settings.ts';

/** A value that stands in the settings or in a file. */
export interface SecretSource {
  readonly inline?: string | undefined;
  readonly file?: string | undefined;
}

/**
 * Reads a secret now, so that a file that changes counts from the next notification on.
 * @param what shown in errors: `slack_configs.api_url_file`
 * @returns undefined when there is none
 * @throws DeliveryError, retryable, when the file cannot be read; it names the file, not its content
 */
export async function readSecret(
  receiver: string,
  what: string,
  { inline, file }: SecretSource,
): Promise<string | undefined> {
  if (inline !== undefined && inline !== '') return inline;
  if (file === undefined || file === '') return undefined;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new DeliveryError(receiver, `${what}: cannot read ${JSON.stringify(file)}: ${code}`, {
      cause,
      retryable: true,
    });
  }
}

/** @throws DeliveryError, as readSecret */
export async function tlsOptions(
  receiver: string,
  settings: TlsSettings | undefined,
): Promise<TlsOptions> {
  if (settings === undefined) return {};
  const read = async (name: 'ca' | 'cert' | 'key'): Promise<string | undefined> =>
    await readSecret(receiver, `tls_config.${name}_file`, {
      inline: settings[name],
      file: settings[`${name}_file`],
    });
  const [ca, cert, key] = await Promise.all([read('ca'), read('cert'), read('key')]);
  const minVersion = tlsVersion(settings.min_version);
  const maxVersion = tlsVersion(settings.max_version);
  const { server_name: servername = '' } = settings;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === '' ? {} : { servername }),
    ...(settings.insecure_skip_verify === true ? { rejectUnauthorized: false } : {}),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
}

/** From `TLS12`. */
function tlsVersion(text: string | undefined): TlsOptions['minVersion'] {
  const match = /^TLS1([0-3])$/.exec(text ?? '');
  return match === null ? undefined : (`TLSv1${match[1] === '0' ? '' : `.${match[1]}`}` as 'TLSv1');
}

/** What an `http_config` adds to each request. @throws DeliveryError, as readSecret */
export async function httpExtras(
  receiver: string,
  settings: HttpSettings = {},
): Promise<{
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly tls: TlsOptions;
}> {
  const headers: Record<string, string> = {};
  const secrets: string[] = [];
  const { authorization, basic_auth: basic, http_headers: extra = {} } = settings;
  if (authorization !== undefined) {
    const credentials = await readSecret(receiver, 'authorization.credentials_file', {
      inline: authorization.credentials,
      file: authorization.credentials_file,
    });
    headers['authorization'] = `${authorization.type ?? 'Bearer'} ${credentials ?? ''}`.trim();
    secrets.push(credentials ?? '');
  }
  if (basic !== undefined) {
    const read = async (name: 'username' | 'password'): Promise<string> =>
      (await readSecret(receiver, `basic_auth.${name}_file`, {
        inline: basic[name],
        file: basic[`${name}_file`],
      })) ?? '';
    const [user, password] = await Promise.all([read('username'), read('password')]);
    const pair = Buffer.from(`${user}:${password}`).toString('base64');
    headers['authorization'] = `Basic ${pair}`;
    secrets.push(password, pair);
  }
  for (const [name, { values = [], secrets: hidden = [] }] of Object.entries(extra)) {
    headers[name.toLowerCase()] = [...values, ...hidden].join(', ');
    secrets.push(...hidden);
  }
  return { headers, secrets, tls: await tlsOptions(receiver, settings.tls_config) };
}
