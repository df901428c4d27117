import {
  type CallOptions,
  compareUtf8,
  type ExemplarSeries,
  isLegacyLabelName,
  Labels,
  type Series,
  type SeriesQuery,
} from '@dwcp/core';
import { unpackSnappy } from '@dwcp/protocol-prometheus';

import { ApiError, backendError, readError } from './api-error.ts';
import { exemplarSeriesOf } from './exemplars.ts';
import { parseExport } from './export-lines.ts';
import { type HttpRequest } from './http-client.ts';
import { type Product } from './options.ts';
import { isRecord, type PrometheusServer } from './prometheus-server.ts';
import { decodeReadResponse, encodeReadRequest, REMOTE_READ_HEADERS } from './remote-read.ts';
import { checkMatchers, hasLegacyNames, matchesEverything, selectorsOf } from './selector.ts';
import { timeParam } from './times.ts';

/** Reads series and labels, each product by what it has. */
export class SeriesReader {
  readonly #server: PrometheusServer;

  constructor(server: PrometheusServer) {
    this.#server = server;
  }

  /** @throws BackendError, InvalidInputError for a pattern that is not RE2 */
  async select(query: SeriesQuery, options: CallOptions): Promise<readonly Series[]> {
    const product = await this.#begin(query, options);
    if (product === undefined) return [];
    const found =
      product === 'prometheus'
        ? await this.#remoteRead(query, { ...options, labelsOnly: false })
        : await this.#export(query, options);
    return found
      .filter(({ timestamps }) => timestamps.length > 0)
      .sort((a, b) => a.labels.compare(b.labels));
  }

  async series(query: SeriesQuery, options: CallOptions): Promise<readonly Labels[]> {
    const product = await this.#begin(query, options);
    return product === undefined ? [] : await this.#seriesOf(product, query, options);
  }

  async labelNames(query: SeriesQuery, options: CallOptions): Promise<readonly string[]> {
    const product = await this.#begin(query, options);
    if (product === undefined) return [];
    if (needsRemoteRead(product, query)) {
      const found = await this.#seriesOf(product, query, options);
      return sortedSet(found.flatMap((labels) => [...labels].map(([name]) => name)));
    }
    const path = '/api/v1/labels';
    const params = paramsOf(query, product);
    return sortedSet(await this.#list({ method: 'POST', path, params, signal: options.signal }));
  }

  async labelValues(
    name: string,
    query: SeriesQuery,
    options: CallOptions,
  ): Promise<readonly string[]> {
    const product = await this.#begin(query, options);
    if (product === undefined || name === '') return [];
    const unusual = product === 'prometheus' && !isLegacyLabelName(name);
    if (unusual || needsRemoteRead(product, query)) {
      const found = await this.#seriesOf(product, query, options);
      return sortedSet(found.map((labels) => labels.get(name)));
    }
    const path = `/api/v1/label/${encodeURIComponent(name)}/values`;
    const params = paramsOf(query, product);
    return sortedSet(await this.#list({ method: 'GET', path, params, signal: options.signal }));
  }

  /** @throws InvalidInputError for label names that a selector of any version cannot hold */
  async exemplars(query: SeriesQuery, options: CallOptions): Promise<readonly ExemplarSeries[]> {
    const product = await this.#begin(query, options);
    // VictoriaMetrics answers this endpoint too, always with nothing.
    if (product !== 'prometheus') return [];
    const request: HttpRequest = {
      method: 'POST',
      path: '/api/v1/query_exemplars',
      params: new URLSearchParams({
        query: selectorsOf(query.matchers, product)[0] ?? '',
        start: timeParam(query.startUnixMs, product),
        end: timeParam(query.endUnixMs, product),
      }),
      signal: options.signal,
    };
    const { data } = await this.#ask(request);
    const found = exemplarSeriesOf(data);
    if (found === undefined) throw this.#server.unexpected(request, 'the exemplars have no shape');
    return found;
  }

  /** @returns the product, or undefined when nothing can be in the range */
  async #begin(query: SeriesQuery, options: CallOptions): Promise<Product | undefined> {
    options.signal?.throwIfAborted();
    checkMatchers(query.matchers);
    if (!(query.startUnixMs <= query.endUnixMs)) return undefined;
    return (await this.#server.identity(options)).product;
  }

  async #seriesOf(
    product: Product,
    query: SeriesQuery,
    options: CallOptions,
  ): Promise<readonly Labels[]> {
    if (query.matchers.length === 0 || needsRemoteRead(product, query)) {
      if (product === 'prometheus') {
        const found = await this.#remoteRead(query, { ...options, labelsOnly: true });
        return found.map(({ labels }) => labels).sort((a, b) => a.compare(b));
      }
    }
    const request: HttpRequest = {
      method: 'POST',
      path: '/api/v1/series',
      params: paramsOf(query, product, { always: true }),
      signal: options.signal,
    };
    const { data } = await this.#ask(request);
    if (!Array.isArray(data)) throw this.#server.unexpected(request, 'the series are no list');
    return data
      .filter(isRecord)
      .map((labels) => Labels.from(labels as Record<string, string>))
      .sort((a, b) => a.compare(b));
  }

  async #remoteRead(
    query: SeriesQuery,
    { labelsOnly, signal }: CallOptions & { readonly labelsOnly: boolean },
  ): Promise<Series[]> {
    const request: HttpRequest = {
      method: 'POST',
      path: '/api/v1/read',
      headers: REMOTE_READ_HEADERS,
      body: encodeReadRequest({ ...query, labelsOnly }),
      signal,
    };
    const answer = await this.#server.request(request);
    if (answer.status !== 200) throw backendError(this.#server.refusal(request, answer));
    let message: Uint8Array;
    try {
      message = unpackSnappy(answer.body, this.#server.maxAnswerBytes);
    } catch (error) {
      if ((error as { readonly kind?: unknown }).kind === 'too-large') {
        throw this.#server.tooLarge(request);
      }
      throw this.#server.unexpected(request, 'the answer is no snappy block', error);
    }
    try {
      return [...decodeReadResponse(message)];
    } catch (error) {
      throw this.#server.unexpected(request, 'the answer is no ReadResponse', error);
    }
  }

  async #export(query: SeriesQuery, { signal }: CallOptions): Promise<Series[]> {
    const request: HttpRequest = {
      method: 'POST',
      path: '/api/v1/export',
      params: paramsOf(query, 'victoria-metrics', { always: true }),
      signal,
    };
    const answer = await this.#server.request(request);
    if (answer.status !== 200) throw readError(this.#server.refusal(request, answer));
    try {
      return [...parseExport(answer.body.toString())];
    } catch (error) {
      throw this.#server.unexpected(request, 'the answer is no export', error);
    }
  }

  async #list(request: HttpRequest): Promise<readonly string[]> {
    const { data } = await this.#ask(request);
    if (!Array.isArray(data)) throw this.#server.unexpected(request, 'the answer is no list');
    return data.filter((word) => typeof word === 'string');
  }

  async #ask(request: HttpRequest): Promise<{ readonly data: unknown }> {
    try {
      return await this.#server.api(request);
    } catch (error) {
      throw error instanceof ApiError ? readError(error) : error;
    }
  }
}

/**
 * Whether a selector of Prometheus cannot say it: it needs a matcher that excludes something, and
 * only version 3 reads label names beyond the classic form. Remote read knows neither limit.
 */
function needsRemoteRead(product: Product, { matchers }: SeriesQuery): boolean {
  if (product !== 'prometheus' || matchers.length === 0) return false;
  return matchesEverything(matchers) || !hasLegacyNames(matchers);
}

function paramsOf(
  { matchers, startUnixMs, endUnixMs }: SeriesQuery,
  product: Product,
  { always = false }: { readonly always?: boolean } = {},
): URLSearchParams {
  const params = new URLSearchParams({
    start: timeParam(startUnixMs, product),
    end: timeParam(endUnixMs, product),
  });
  // Labels without a selector are those of all series.
  if (matchers.length === 0 && !always) return params;
  for (const selector of selectorsOf(matchers, product)) params.append('match[]', selector);
  return params;
}

function sortedSet(words: readonly string[]): readonly string[] {
  return [...new Set(words)].filter((word) => word !== '').sort(compareUtf8);
}
