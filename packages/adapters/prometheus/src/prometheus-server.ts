import { BackendError, type CallOptions, type Clock } from '@dwcp/core';

import { ApiError, backendError } from './api-error.ts';
import { type HttpAnswer, HttpClient, type HttpRequest } from './http-client.ts';
import { type Product, type PrometheusServerOptions, serverSettings } from './options.ts';

/** The answer of an endpoint of the Prometheus HTTP API. */
export interface ApiAnswer {
  readonly data: unknown;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export interface ServerIdentity {
  readonly product: Product;
  /** As the server gives it; VictoriaMetrics 1.79 does not. */
  readonly version: string | undefined;
}

/**
 * A Prometheus-compatible server: its connections and which product it is. A store and a query may
 * share one; who made it disposes it.
 */
export class PrometheusServer implements Disposable {
  readonly clock: Clock;
  readonly maxAnswerBytes: number;
  readonly requestTimeoutMs: number;
  readonly #http: HttpClient;
  readonly #product: Product | undefined;
  #identity: Promise<ServerIdentity> | undefined;

  /** Nothing is sent yet. @throws InvalidInputError naming the option */
  constructor(options: PrometheusServerOptions) {
    const settings = serverSettings(options);
    this.clock = settings.clock;
    this.maxAnswerBytes = settings.maxAnswerBytes;
    this.requestTimeoutMs = settings.requestTimeoutMs;
    this.#product = settings.product;
    this.#http = new HttpClient(settings);
  }

  /** Which product answers; asked once. @throws BackendError */
  async identity(options: CallOptions = {}): Promise<ServerIdentity> {
    if (this.#product !== undefined) return { product: this.#product, version: undefined };
    // Callers share one question, so none of their signals ends it.
    this.#identity ??= this.#identify().catch((error: unknown) => {
      this.#identity = undefined;
      throw error;
    });
    const { signal } = options;
    signal?.throwIfAborted();
    const found = await this.#identity;
    signal?.throwIfAborted();
    return found;
  }

  /** Sends any request; every status is an answer. @throws BackendError */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    return await this.#http.request(request);
  }

  /** Asks an endpoint of the JSON API. @throws ApiError for its refusals, BackendError */
  async api(request: HttpRequest): Promise<ApiAnswer> {
    const answer = await this.#http.request(request);
    const text = answer.body.toString();
    if (answer.status < 200 || answer.status >= 300) throw this.refusal(request, answer);
    const parsed = this.#parse(request, text);
    if (parsed['status'] !== 'success') throw this.refusal(request, answer);
    return {
      data: parsed['data'],
      warnings: texts(parsed['warnings']),
      infos: texts(parsed['infos']),
    };
  }

  refusal(request: HttpRequest, answer: HttpAnswer): ApiError {
    return new ApiError(this.#http.describe(request), answer.status, answer.body.toString());
  }

  tooLarge(request: HttpRequest): BackendError {
    return this.#http.tooLarge(request);
  }

  /** An answer of a shape that the API does not have. */
  unexpected(request: HttpRequest, problem: string, cause?: unknown): BackendError {
    return new BackendError('prometheus', `${this.#http.describe(request)}: ${problem}`, {
      retryable: false,
      cause,
    });
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  async #identify(): Promise<ServerIdentity> {
    const request = { method: 'GET', path: '/api/v1/status/buildinfo' } as const;
    const answer = await this.#http.request(request);
    if (answer.headers['x-server-hostname'] !== undefined) return VICTORIA_METRICS;
    if (answer.status !== 200) {
      const error = this.refusal(request, answer);
      if (answer.status !== 404) throw backendError(error);
      throw this.unexpected(
        request,
        'answered 404, so the product is unknown; check url, or name the product in the options',
        error,
      );
    }
    return identityOf(this.#parse(request, answer.body.toString())['data']);
  }

  #parse(request: HttpRequest, text: string): Readonly<Record<string, unknown>> {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (error) {
      throw this.unexpected(request, 'the answer is not JSON; check that url is right', error);
    }
    if (isRecord(parsed)) return parsed;
    throw this.unexpected(request, 'the answer is no JSON object; check that url is right');
  }
}

const VICTORIA_METRICS: ServerIdentity = { product: 'victoria-metrics', version: undefined };

/**
 * VictoriaMetrics names its host in each answer, unless a proxy drops that header, and gives no
 * build information (1.79), or only the version of a Prometheus (later ones). All kin of Prometheus
 * tell what they were built from.
 */
function identityOf(data: unknown): ServerIdentity {
  const { version, goVersion, revision } = isRecord(data) ? data : {};
  const built = [goVersion, revision].some((word) => typeof word === 'string' && word !== '');
  if (!built) return VICTORIA_METRICS;
  return { product: 'prometheus', version: typeof version === 'string' ? version : undefined };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}
