import { InvalidInputError, parseDuration } from '@dwcp/core';

import { type HttpReceiverOptions } from './http-receiver.ts';
import { type SecretSource } from './secrets.ts';
import { type GlobalSettings, type HttpSettings } from './settings.ts';

/** What every HTTP receiver takes. */
export function common(
  name: string,
  kind: string,
  settings: { readonly http_config?: HttpSettings; readonly timeout?: string },
  global: GlobalSettings,
): Pick<HttpReceiverOptions, 'name' | 'kind' | 'httpConfig' | 'timeoutMs'> {
  const timeoutMs = timeoutOf(name, kind, settings.timeout);
  const httpConfig = settings.http_config ?? global.http_config;
  // Sent past a proxy, or without its token, a notification would go where nobody wanted it.
  for (const key of ['proxy_url', 'proxy_from_environment', 'oauth2']) {
    if (new Map<string, unknown>(Object.entries(httpConfig ?? {})).get(key)) {
      throw new InvalidInputError(
        `${name}: ${kind}.http_config.${key}`,
        'is not supported; remove it, and let the receiver be reached directly',
      );
    }
  }
  return {
    name,
    kind,
    httpConfig,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

export function timeoutOf(
  name: string,
  kind: string,
  text: string | undefined,
): number | undefined {
  if (text === undefined || text === '' || text === '0s') return undefined;
  const timeoutMs = parseDuration(text) ?? goDurationMs(text);
  if (timeoutMs !== undefined && timeoutMs > 0) return timeoutMs;
  throw new InvalidInputError(
    `${name}: ${kind}.timeout`,
    `${JSON.stringify(text)} is not a duration; write 10s`,
  );
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** As Go's `time.ParseDuration`: `1.5s`, `1h30m`. */
function goDurationMs(text: string): number | undefined {
  if (!/^(?:[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let sumMs = 0;
  for (const [, count, unit = ''] of text.matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sumMs += Number(count) * (UNIT_MS[unit] ?? 0);
  }
  return sumMs;
}

/** The one that is set; the global one where neither is. */
export function oneOf(
  where: string,
  [inline, file]: readonly [string | undefined, string | undefined],
  fallback: SecretSource = {},
): SecretSource {
  if (isSet(inline) && isSet(file)) {
    throw new InvalidInputError(where, 'and its _file are both set; leave one out');
  }
  if (isSet(inline) || isSet(file)) return { inline, file };
  if (isSet(fallback.inline) || isSet(fallback.file)) return fallback;
  throw new InvalidInputError(where, 'is not set; set it, or its _file');
}

export function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}
