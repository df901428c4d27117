import { type CallOptions, type MetricMetadata, type MetricStoreStats } from '@dwcp/core';

import { ApiError, backendError } from './api-error.ts';
import { isRecord, type PrometheusServer } from './prometheus-server.ts';
import {
  metadataOf,
  prometheusStats,
  UNKNOWN_STATS,
  victoriaMetricsStats,
} from './server-state.ts';

/** Asks a server about itself. */
export class StateReader {
  readonly #server: PrometheusServer;
  #keepsExemplars: boolean | undefined;

  constructor(server: PrometheusServer) {
    this.#server = server;
  }

  /** @throws BackendError */
  async metadata(limit: number, { signal }: CallOptions): Promise<readonly MetricMetadata[]> {
    const params = new URLSearchParams({ limit: String(limit) });
    return metadataOf(await this.#data('/api/v1/metadata', params, signal));
  }

  /** From the server's own metrics; where these are not served, nothing is known. @throws BackendError */
  async stats(options: CallOptions): Promise<MetricStoreStats> {
    const { signal } = options;
    const { product } = await this.#server.identity(options);
    const answer = await this.#server.request({ method: 'GET', path: '/metrics', signal });
    const exposition = answer.status === 200 ? answer.body.toString() : '';
    if (product === 'prometheus') return prometheusStats(exposition);
    const counted = await this.#data('/api/v1/series/count', new URLSearchParams(), signal);
    const seriesCount: unknown = Array.isArray(counted) ? counted[0] : undefined;
    return victoriaMetricsStats(
      exposition,
      typeof seriesCount === 'number' ? seriesCount : UNKNOWN_STATS.seriesCount,
    );
  }

  /**
   * Whether exemplars that are written stay: Prometheus takes them in silence where its flag
   * `--enable-feature=exemplar-storage` is missing. Asked once; assumed where flags are not served.
   */
  async keepsExemplars(options: CallOptions): Promise<boolean> {
    const { product } = await this.#server.identity(options);
    if (product === 'victoria-metrics') return false;
    if (this.#keepsExemplars !== undefined) return this.#keepsExemplars;
    try {
      const path = '/api/v1/status/flags';
      const { data } = await this.#server.api({ method: 'GET', path, signal: options.signal });
      const features = isRecord(data) ? data['enable-feature'] : undefined;
      this.#keepsExemplars =
        typeof features !== 'string' || features.split(',').includes('exemplar-storage');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#keepsExemplars = true;
    }
    return this.#keepsExemplars;
  }

  async #data(
    path: string,
    params: URLSearchParams,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    try {
      return (await this.#server.api({ method: 'GET', path, params, signal })).data;
    } catch (error) {
      throw error instanceof ApiError ? backendError(error) : error;
    }
  }
}
