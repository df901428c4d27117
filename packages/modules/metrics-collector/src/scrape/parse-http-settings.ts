import { dirname, isAbsolute, resolve } from 'node:path';

import { type ConfigOrigin } from '@dwcp/core';

import { type ConfigReader } from './config-reader.ts';
import {
  type HeaderSettings,
  type HttpSettings,
  type ScrapeAuth,
  TLS_VERSIONS,
  type TlsSettings,
} from './http-settings.ts';
import { Secret } from './secret.ts';

/** Names of the HTTP client settings that are understood. */
export const KNOWN_HTTP: readonly string[] = [
  'basic_auth',
  'authorization',
  'tls_config',
  'follow_redirects',
  'http_headers',
];

/** Settings Prometheus has and we lack, and what to do instead. */
export const UNSUPPORTED_HTTP: Readonly<Record<string, string>> = {
  bearer_token: 'use authorization: { credentials: ... }',
  bearer_token_file: 'use authorization: { credentials_file: ... }',
  oauth2: 'use authorization with a token file',
  proxy_url: 'leave it out; servers are reached directly',
  proxy_from_environment: 'leave it out; servers are reached directly',
  proxy_connect_header: 'leave it out; servers are reached directly',
  no_proxy: 'leave it out; servers are reached directly',
  enable_http2: 'leave it out; requests use HTTP/1.1',
};

/** Headers a request has anyway, or that would break it; Prometheus reserves the same and more. */
const RESERVED_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-prometheus-refresh-interval-seconds',
  'x-prometheus-scrape-timeout-seconds',
]);

/** Reads the HTTP client settings among the fields of a mapping. */
export function parseHttpSettings(reader: ConfigReader, origin: ConfigOrigin): HttpSettings {
  return {
    auth: parseAuth(reader, origin),
    tls: parseTls(reader, origin),
    followRedirects: reader.boolean('follow_redirects') ?? true,
    httpHeaders: parseHeaders(reader, origin),
  };
}

/** A file named in a configuration file is meant relative to it. */
export function besideConfig(file: string, origin: ConfigOrigin): string {
  if (isAbsolute(file) || !origin.startsWith('file ')) return resolve(file);
  return resolve(dirname(origin.slice('file '.length)), file);
}

function parseAuth(reader: ConfigReader, origin: ConfigOrigin): ScrapeAuth | undefined {
  const basic = reader.mapping('basic_auth', { secret: true });
  const header = reader.mapping('authorization', { secret: true });
  if (basic !== undefined && header !== undefined) {
    reader.problem('authorization', 'cannot be used with basic_auth', 'keep one of the two');
  }
  if (basic !== undefined) {
    basic.rejectUnknown(['username', 'password', 'password_file']);
    const username = basic.string('username') ?? '';
    const { secret, file } = parseSecret(basic, 'password', origin);
    return { kind: 'basic', username, password: secret, passwordFile: file };
  }
  if (header === undefined) return undefined;
  header.rejectUnknown(['type', 'credentials', 'credentials_file']);
  const type = header.string('type')?.trim() ?? 'Bearer';
  if (type.toLowerCase() === 'basic') {
    header.problem('type', 'cannot be Basic', 'use basic_auth');
  }
  const { secret, file } = parseSecret(header, 'credentials', origin);
  return { kind: 'header', type, credentials: secret, credentialsFile: file };
}

function parseSecret(
  reader: ConfigReader,
  name: string,
  origin: ConfigOrigin,
): { readonly secret: Secret | undefined; readonly file: string | undefined } {
  const text = reader.string(name);
  return {
    secret: text === undefined ? undefined : new Secret(text),
    file: parseFile(reader, name, origin),
  };
}

/** The path under `<name>_file`, which may not stand beside the text itself. */
function parseFile(reader: ConfigReader, name: string, origin: ConfigOrigin): string | undefined {
  const file = reader.string(`${name}_file`);
  if (file === undefined) return undefined;
  if (reader.has(name)) {
    reader.problem(`${name}_file`, `cannot be used with ${name}`, 'keep one of the two');
  }
  return besideConfig(file, origin);
}

function parseTls(parent: ConfigReader, origin: ConfigOrigin): TlsSettings | undefined {
  const reader = parent.mapping('tls_config');
  if (reader === undefined) return undefined;
  reader.rejectUnknown([
    'ca',
    'ca_file',
    'cert',
    'cert_file',
    'key',
    'key_file',
    'server_name',
    'insecure_skip_verify',
    'min_version',
    'max_version',
  ]);
  const hasCert = reader.has('cert') || reader.has('cert_file');
  const hasKey = reader.has('key') || reader.has('key_file');
  if (hasCert !== hasKey) {
    const [present, absent] = hasCert ? ['cert', 'key'] : ['key', 'cert'];
    const given = reader.has(present) ? present : `${present}_file`;
    reader.problem(given, `needs a ${absent} beside it`, `add ${absent}_file, or leave it out`);
  }
  const versions = Object.keys(TLS_VERSIONS) as (keyof typeof TLS_VERSIONS)[];
  const minVersion = reader.oneOf('min_version', versions);
  const maxVersion = reader.oneOf('max_version', versions);
  if (minVersion !== undefined && maxVersion !== undefined && maxVersion < minVersion) {
    reader.problem('max_version', `is below min_version ${minVersion}`, 'raise it');
  }
  const key = parseSecret(reader, 'key', origin);
  return {
    ca: reader.string('ca'),
    caFile: parseFile(reader, 'ca', origin),
    cert: reader.string('cert'),
    certFile: parseFile(reader, 'cert', origin),
    key: key.secret,
    keyFile: key.file,
    serverName: reader.string('server_name'),
    insecureSkipVerify: reader.boolean('insecure_skip_verify') ?? false,
    minVersion,
    maxVersion,
  };
}

function parseHeaders(parent: ConfigReader, origin: ConfigOrigin): readonly HeaderSettings[] {
  const reader = parent.mapping('http_headers', { secret: true });
  return (reader?.names() ?? []).flatMap((name) => {
    if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(name) || RESERVED_HEADERS.has(name.toLowerCase())) {
      const why = RESERVED_HEADERS.has(name.toLowerCase())
        ? 'is a header that is set already'
        : 'is no name of a header';
      reader?.problem(name, why, 'write another name, or leave it out');
      return [];
    }
    const header = reader?.mapping(name);
    if (header === undefined) return [];
    header.rejectUnknown(['values', 'secrets', 'files']);
    return [
      {
        name,
        values: header.strings('values') ?? [],
        secrets: (header.strings('secrets') ?? []).map((text) => new Secret(text)),
        files: (header.strings('files') ?? []).map((file) => besideConfig(file, origin)),
      },
    ];
  });
}
