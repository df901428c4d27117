import { InvalidInputError, Labels } from '@dwcp/core';

import { type RemoteWriteOptions } from './options.ts';

type Optional = 'relabel' | 'authorization' | 'tls' | 'sendNativeHistograms' | 'url';

/** Options with their defaults, checked. */
export type Settings = Required<Omit<RemoteWriteOptions, Optional>> &
  Pick<RemoteWriteOptions, Exclude<Optional, 'url'>> & { readonly url: URL };

/** Headers of the protocol or the connection. @see RemoteWriteOptions.headers */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-prometheus-remote-write-version',
]);

/** The least and the most of each number. */
const BOUNDS = {
  timeoutMs: [1, 3_600_000],
  maxSamplesPerSend: [1, 1_000_000],
  batchDelayMs: [0, 60_000],
  capacity: [1, 10_000_000],
  minShards: [1, 1_000],
  maxShards: [1, 1_000],
  minBackoffMs: [1, 3_600_000],
  maxBackoffMs: [1, 3_600_000],
  maxRetryAfterMs: [0, 3_600_000],
  metadataIntervalMs: [1_000, 86_400_000],
  saveIntervalMs: [10, 3_600_000],
  reshardIntervalMs: [100, 3_600_000],
  seriesCacheSize: [1, 100_000_000],
} as const;

/** @throws InvalidInputError naming the destination, the field, the value and the fix */
export function settingsOf(options: RemoteWriteOptions): Settings {
  const fail = (field: string, problem: string): never => {
    throw new InvalidInputError(`remote write ${JSON.stringify(options.name)}: ${field}`, problem);
  };
  if (options.name.trim() === '') fail('name', 'is empty; give the destination a name');
  const settings = {
    version: '2.0',
    headers: {},
    timeoutMs: 30_000,
    externalLabels: Labels.empty,
    sendExemplars: true,
    maxSamplesPerSend: 2_000,
    batchDelayMs: 500,
    capacity: 10_000,
    minShards: 1,
    maxShards: Math.max(16, options.minShards ?? 1),
    minBackoffMs: 30,
    maxBackoffMs: Math.max(5_000, options.minBackoffMs ?? 0),
    maxRetryAfterMs: 60_000,
    metadataIntervalMs: 60_000,
    saveIntervalMs: 1_000,
    reshardIntervalMs: 10_000,
    seriesCacheSize: 200_000,
    ...options,
    url: urlOf(options.url, fail),
  } as const;
  for (const [field, [min, max]] of Object.entries(BOUNDS)) {
    const value = settings[field as keyof typeof BOUNDS];
    if (!Number.isInteger(value) || value < min || value > max) {
      fail(field, `is ${value}; write a whole number from ${min} to ${max}`);
    }
  }
  if (settings.version !== '1.0' && settings.version !== '2.0') {
    fail('version', `is ${JSON.stringify(settings.version)}; write '1.0' or '2.0'`);
  }
  if (settings.minShards > settings.maxShards) {
    fail('minShards', `is ${settings.minShards}, above maxShards ${settings.maxShards}; lower it`);
  }
  if (settings.minBackoffMs > settings.maxBackoffMs) {
    const { minBackoffMs, maxBackoffMs } = settings;
    fail('minBackoffMs', `is ${minBackoffMs}, above maxBackoffMs ${maxBackoffMs}; lower it`);
  }
  for (const [name, value] of Object.entries(settings.headers)) {
    if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(name)) {
      fail(`headers ${JSON.stringify(name)}`, 'is no name of a header; write letters and hyphens');
    }
    if (RESERVED_HEADERS.has(name.toLowerCase())) {
      fail(`headers ${JSON.stringify(name)}`, 'is set by the sender itself; remove it');
    }
    // The value may be a secret, so it is not shown.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      fail(`headers ${JSON.stringify(name)}`, 'has a character that no header may have; remove it');
    }
  }
  return settings;
}

function urlOf(text: string, fail: (field: string, problem: string) => never): URL {
  const url = URL.parse(text);
  // A text that is no address may still hold a password, so it is not shown.
  if (url === null) return fail('url', 'is no address; write https://host/api/v1/write');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return fail('url', `has the scheme ${url.protocol}//; use http or https`);
  }
  if (url.username !== '' || url.password !== '') {
    return fail('url', 'holds a user or password; move them to authorization');
  }
  url.hash = '';
  return url;
}

/** An address that can be shown: queries and long parts of the path may be secrets. */
export function maskUrl(url: URL): string {
  const path = url.pathname.replaceAll(/[^/]{24,}/g, '***');
  return `${url.protocol}//${url.host}${path}${url.search === '' ? '' : '?***'}`;
}
