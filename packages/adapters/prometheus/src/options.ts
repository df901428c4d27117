import { type Clock, InvalidInputError, systemClock } from '@dwcp/core';

/** Which server answers; they speak one API and differ in what they keep and refuse. */
export type Product = 'prometheus' | 'victoria-metrics';

/** A secret, or where it comes from; asked for with each request, so it may change. */
export type Credential = string | (() => string | Promise<string>);

export type ServerAuth =
  | { readonly kind: 'bearer'; readonly token: Credential }
  | { readonly kind: 'basic'; readonly username: string; readonly password: Credential };

export interface PrometheusServerOptions {
  /** The server's address, with the path it is served under if that is not `/`. */
  readonly url: string;
  readonly auth?: ServerAuth;
  /** Without it the server is asked once, at the first need. */
  readonly product?: Product;
  /** How long one request may take, connecting included. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** What one answer may hold, packed and unpacked. Default 64 MiB. */
  readonly maxAnswerBytes?: number;
  /** Connections at a time; further requests wait within their own timeout. Default 16. */
  readonly maxConnections?: number;
  readonly clock?: Clock;
}

export interface ServerSettings {
  readonly url: URL;
  readonly auth: ServerAuth | undefined;
  readonly product: Product | undefined;
  readonly requestTimeoutMs: number;
  readonly maxAnswerBytes: number;
  readonly maxConnections: number;
  readonly clock: Clock;
}

/** @throws InvalidInputError naming the field */
export function serverSettings(options: PrometheusServerOptions): ServerSettings {
  return {
    url: baseUrl(options.url),
    auth: options.auth,
    product: options.product,
    requestTimeoutMs: count('requestTimeoutMs', options.requestTimeoutMs ?? 30_000),
    maxAnswerBytes: count('maxAnswerBytes', options.maxAnswerBytes ?? 64 * 1024 * 1024),
    maxConnections: count('maxConnections', options.maxConnections ?? 16),
    clock: options.clock ?? systemClock,
  };
}

/** @throws InvalidInputError when it is not a whole number of at least `least` */
export function count(field: string, value: number, least = 1): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InvalidInputError(field, `a whole number of at least ${least} is wanted, got ${value}`);
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidInputError('url', 'an address such as http://127.0.0.1:9090 is wanted');
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidInputError('url', 'holds a user or a password; give them as auth');
  }
  if (url.search !== '' || url.hash !== '') {
    throw new InvalidInputError('url', 'has a query or a fragment; give the address without it');
  }
  return url;
}
