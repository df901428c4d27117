import { readFile } from 'node:fs/promises';

import { type Clock } from '@dwcp/core';

import { AgentPool } from './agents.ts';
import { type Cancellation } from './cancellation.ts';
import { get, preparedGet, type PreparedGet, readBody } from './http-exchange.ts';
import { type HttpSettings, type ScrapeAuth } from './http-settings.ts';
import { ScrapeError } from './scrape-error.ts';

const MAX_REDIRECTS = 5;

/** Sockets at once unless set otherwise; a target has one at most, so this is for very many. */
const MAX_SOCKETS = 10_000;

/** An address to be asked again and again in the same way. */
export interface HttpSource {
  readonly url: URL;
  readonly settings: HttpSettings;
  /** Names and values in turn, beside those of the settings. */
  readonly headers: readonly string[];
  /** Uncompressed. */
  readonly bodyLimitBytes: number;
  /** Whether a redirect may lead to another scheme, host or port. */
  readonly otherOrigins: boolean;
}

export interface HttpAnswer {
  /** Uncompressed. */
  readonly body: Buffer;
  readonly contentType: string | undefined;
}

/** Fetches over connections kept open between requests. They do not keep the process alive. */
export class HttpClient implements Disposable {
  readonly #agents: AgentPool;
  readonly #prepared = new WeakMap<HttpSource, PreparedGet>();

  constructor(clock: Clock, maxSockets: number = MAX_SOCKETS) {
    this.#agents = new AgentPool(clock, maxSockets);
  }

  /**
   * Fetches one answer with status 200. Every wait ends with the cancellation, every buffer at the
   * body limit, before and after decompression.
   * @throws ScrapeError, or the reason of the cancellation
   */
  async fetch(source: HttpSource, cancellation: Cancellation): Promise<HttpAnswer> {
    const { settings } = source;
    const secrets =
      settings.auth === undefined && settings.httpHeaders.length === 0
        ? []
        : await secretHeaders(settings);
    let url = source.url;
    let base = this.#prepared.get(source);
    if (base === undefined) {
      base = preparedGet(url, source.headers);
      this.#prepared.set(source, base);
    }
    let prepared = secrets.length > 0 ? withHeaders(base, secrets) : base;
    for (let redirects = 0; ; redirects++) {
      const connections = prepared.secure
        ? await this.#agents.secure(settings.tls)
        : this.#agents.plain;
      const response = await get(prepared, connections, cancellation);
      const { statusCode = 0, statusMessage = '' } = response;
      if (statusCode === 200) {
        const body = await readBody(response, source.bodyLimitBytes, cancellation);
        return { body, contentType: response.headers['content-type'] };
      }
      response.destroy();
      const { location } = response.headers;
      const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
      if (!isRedirect || location === undefined || !settings.followRedirects) {
        throw new ScrapeError(
          'http-status',
          `server returned HTTP status ${statusCode} ${statusMessage}`.trimEnd(),
        );
      }
      if (redirects === MAX_REDIRECTS) {
        throw new ScrapeError('redirect', `stopped after ${MAX_REDIRECTS} redirects`);
      }
      url = redirected(location, url);
      const sameOrigin = url.origin === source.url.origin;
      if (!sameOrigin && !source.otherOrigins) {
        throw new ScrapeError('redirect', `redirected to ${url.origin}, which is not configured`);
      }
      prepared = preparedGet(url, source.headers);
      // Credentials are for the configured server, not for where it may point.
      if (sameOrigin) prepared = withHeaders(prepared, secrets);
    }
  }

  [Symbol.dispose](): void {
    this.#agents[Symbol.dispose]();
  }
}

function withHeaders(prepared: PreparedGet, headers: readonly string[]): PreparedGet {
  return { ...prepared, headers: [...prepared.headers, ...headers] };
}

function redirected(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) {
    throw new ScrapeError('redirect', 'redirected to an address that is none');
  }
  const url = new URL(location, from);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new ScrapeError('redirect', `redirected to the scheme ${url.protocol}`);
}

/** Credentials and configured headers, which only the configured server gets. */
async function secretHeaders({ auth, httpHeaders }: HttpSettings): Promise<readonly string[]> {
  const headers: string[] = [];
  if (auth !== undefined) headers.push('authorization', await authorization(auth));
  for (const { name, values, secrets, files } of httpHeaders) {
    for (const value of values) headers.push(name, value);
    for (const secret of secrets) headers.push(name, secret.reveal());
    for (const file of files) headers.push(name, await readSecret(file));
  }
  return headers;
}

async function authorization(auth: ScrapeAuth): Promise<string> {
  if (auth.kind === 'basic') {
    const password = auth.password?.reveal() ?? (await readSecret(auth.passwordFile));
    return `Basic ${Buffer.from(`${auth.username}:${password}`).toString('base64')}`;
  }
  const credentials = auth.credentials?.reveal() ?? (await readSecret(auth.credentialsFile));
  return `${auth.type} ${credentials}`;
}

async function readSecret(file: string | undefined): Promise<string> {
  if (file === undefined) return '';
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new ScrapeError('credentials', `cannot read the credentials from ${file}: ${code}`);
  }
}
