import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { BackendError } from '@dwcp/core';

import { type Io, UsageError } from './io.ts';

const DEFAULT_URL = 'http://127.0.0.1:9000';
const TIMEOUT_MS = 130_000;

/** Asks a running server. */
export class Client {
  readonly url: string;
  readonly #headers: Record<string, string>;

  constructor(io: Io, url: string | undefined) {
    this.url = (url ?? io.env['DWCP_URL'] ?? DEFAULT_URL).replace(/\/+$/, '');
    if (!/^https?:\/\//.test(this.url) || !URL.canParse(this.url)) {
      throw new UsageError(
        `--url wants an address such as ${DEFAULT_URL}, got ${JSON.stringify(this.url)}`,
      );
    }
    const file = io.env['DWCP_TOKEN_FILE'];
    this.#headers =
      file === undefined || file === ''
        ? {}
        : { authorization: `Bearer ${readToken(resolve(io.cwd, file))}` };
  }

  /** @throws BackendError saying what the server, or the way to it, had against it */
  async get(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const search = new URLSearchParams(parameters).toString();
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.url}${path}${search === '' ? '' : `?${search}`}`, {
        headers: this.#headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch (cause) {
      const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      throw new BackendError(
        this.url,
        `cannot be reached (${reason instanceof Error ? reason.message || reason.name : String(reason)}); ` +
          'is "dwcp start" running, and is --url right?',
        { retryable: true, cause },
      );
    }
    const body = parse(text);
    if (response.ok && body !== undefined) return body;
    if (response.status === 401) {
      throw new BackendError(this.url, 'asks for a token; name its file in DWCP_TOKEN_FILE', {
        retryable: false,
      });
    }
    throw new BackendError(this.url, `answered ${response.status}: ${reasonOf(body)}`, {
      retryable: response.status >= 500,
    });
  }
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`DWCP_TOKEN_FILE cannot be read: ${reason}`, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function reasonOf(body: unknown): string {
  if (typeof body === 'object' && body !== null) {
    if ('error' in body && typeof body.error === 'string') return body.error;
    if ('detail' in body && typeof body.detail === 'string') return body.detail;
  }
  return 'which is not an answer of DWCP Monitoring';
}
