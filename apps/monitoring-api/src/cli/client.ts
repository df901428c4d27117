import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { BackendError } from '@dwcp/core';

import { type Io, UsageError } from './io.ts';

const DEFAULT_URL = 'http://127.0.0.1:9000';
const TIMEOUT_MS = 130_000;
/** Servers refuse requests whose head is longer than 16 KB. */
const MAX_ADDRESS_LENGTH = 4_000;

/** Parameters of a request; a list repeats its name, and what is undefined is left out. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The server answered that it will not, or cannot. */
export class AnswerError extends BackendError {
  /** HTTP status. */
  readonly status: number;
  /** The server's own words. */
  readonly reason: string;

  constructor(url: string, status: number, reason: string) {
    super(url, `answered ${status}: ${reason}`, { retryable: status >= 500 });
    this.status = status;
    this.reason = reason;
  }
}

/** Asks a running server. */
export class Client {
  readonly url: string;
  readonly #headers: Record<string, string>;
  readonly #tokenFile: string | undefined;

  constructor(io: Io, url: string | undefined) {
    this.url = (url ?? io.env['DWCP_URL'] ?? DEFAULT_URL).replace(/\/+$/, '');
    if (!/^https?:\/\//.test(this.url) || !URL.canParse(this.url)) {
      throw new UsageError(
        `--url wants an address such as ${DEFAULT_URL}, got ${JSON.stringify(this.url)}`,
      );
    }
    const file = io.env['DWCP_TOKEN_FILE'];
    this.#tokenFile = file === '' ? undefined : file;
    this.#headers =
      this.#tokenFile === undefined
        ? {}
        : { authorization: `Bearer ${readToken(resolve(io.cwd, this.#tokenFile))}` };
  }

  /**
   * @param options.alsoStatus answers with these are given back too, not thrown
   * @param options.asForm sends long parameters as a form, where the path takes POST as well
   * @throws AnswerError when the server has something against it
   * @throws BackendError when there is no way to the server
   */
  async get(
    path: string,
    parameters: Parameters = {},
    options: { readonly alsoStatus?: readonly number[]; readonly asForm?: boolean } = {},
  ): Promise<unknown> {
    const search = searchOf(parameters);
    const form = options.asForm === true && search.toString().length > MAX_ADDRESS_LENGTH;
    const address = form || search.size === 0 ? path : `${path}?${search.toString()}`;
    return await this.#ask(address, form ? { method: 'POST', body: search } : {}, options);
  }

  /**
   * Changes something on the server.
   * @returns what it answered; undefined for an answer without a body
   * @throws AnswerError, BackendError as `get`
   */
  async send(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<unknown> {
    const json = { 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: json };
    return await this.#ask(path, { method, ...sent }, { mayBeEmpty: true });
  }

  async #ask(
    address: string,
    init: {
      readonly method?: string;
      readonly body?: string | URLSearchParams;
      readonly headers?: Readonly<Record<string, string>>;
    },
    options: { readonly alsoStatus?: readonly number[]; readonly mayBeEmpty?: boolean },
  ): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.url}${address}`, {
        ...init,
        headers: { ...this.#headers, ...init.headers },
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
    const isWanted = response.ok || options.alsoStatus?.includes(response.status) === true;
    if (isWanted && (body !== undefined || (options.mayBeEmpty === true && text === '')))
      return body;
    if (response.status === 401) {
      throw new BackendError(
        this.url,
        this.#tokenFile === undefined
          ? 'asks for a token; name its file in DWCP_TOKEN_FILE'
          : `refuses the token in ${this.#tokenFile}; DWCP_TOKEN_FILE names the file with the right one`,
        { retryable: false },
      );
    }
    throw new AnswerError(this.url, response.status, reasonOf(body));
  }
}

function searchOf(parameters: Parameters): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const one of typeof value === 'string' ? [value] : value) search.append(name, one);
  }
  return search;
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
  // Alertmanager's API answers with a text.
  if (typeof body === 'string' && body !== '') return body;
  if (typeof body === 'object' && body !== null) {
    if ('error' in body && typeof body.error === 'string') return body.error;
    if ('detail' in body && typeof body.detail === 'string') return body.detail;
  }
  return 'which is not an answer of DWCP Monitoring';
}
