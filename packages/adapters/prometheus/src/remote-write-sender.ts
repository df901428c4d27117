import { BackendError, type CallOptions, type MetricMetadata } from '@dwcp/core';
import {
  encodeRemoteWrite,
  remoteWriteHeaders,
  type RemoteWriteSeries,
} from '@dwcp/protocol-prometheus';

import { backendError } from './api-error.ts';
import { type NewestSamples } from './newest-samples.ts';
import { type PrometheusServer } from './prometheus-server.ts';
import { refusalReason } from './refusal.ts';
import { type PlannedSample, type PlannedSeries, type Refusals, refuse } from './write-plan.ts';

export interface SenderOptions {
  readonly server: PrometheusServer;
  readonly newest: NewestSamples;
  readonly maxSamplesPerRequest: number;
  readonly maxSplits: number;
}

/** What became of the rows that were sent. */
export interface SendResult {
  readonly stored: number;
  /** Of these the native histograms. */
  readonly storedHistograms: number;
  readonly storedExemplars: number;
  readonly rejected: Refusals;
}

/**
 * Sends planned series by remote write 1.0. Prometheus stores nothing of a request that holds one
 * sample it refuses, and names the reason but not the sample: so a refused request is halved until
 * the sample stands alone, which takes about twice the logarithm of the size for each.
 */
export class RemoteWriteSender {
  readonly #options: SenderOptions;
  #requestCount = 0;
  #splitCount = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  get requestCount(): number {
    return this.#requestCount;
  }

  /** How often a refused request was halved. */
  get splitCount(): number {
    return this.#splitCount;
  }

  /** @throws BackendError; what was sent before stays */
  async send(
    series: readonly PlannedSeries[],
    metadata: readonly MetricMetadata[],
    options: CallOptions,
  ): Promise<SendResult> {
    const { maxSamplesPerRequest, maxSplits } = this.#options;
    const waiting = partsOf(series, maxSamplesPerRequest).toReversed();
    const rejected: Refusals = {};
    let [stored, storedHistograms, storedExemplars, splits] = [0, 0, 0, 0];
    // Metadata ride with the first part.
    let described = metadata;
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      try {
        const reason = await this.#post(part, described, options);
        described = [];
        if (reason === undefined) {
          stored += rowsOf(part);
          storedHistograms += rowsOf(part, ({ histogram }) => histogram !== undefined);
          storedExemplars += exemplarsOf(part);
          this.#remember(part);
          continue;
        }
        const halves = splits < maxSplits ? halvesOf(part) : undefined;
        if (halves === undefined) {
          refuse(rejected, reason, rowsOf(part));
          if (exemplarsOf(part) > 0) refuse(rejected, 'exemplar', exemplarsOf(part));
          continue;
        }
        splits++;
        this.#splitCount++;
        waiting.push(halves[1], halves[0]);
      } catch (error) {
        throw stored > 0 ? afterSome(error, stored) : error;
      }
    }
    return { stored, storedHistograms, storedExemplars, rejected: cleaned(rejected) };
  }

  async #post(
    part: readonly PlannedSeries[],
    metadata: readonly MetricMetadata[],
    { signal }: CallOptions,
  ): Promise<ReturnType<typeof refusalReason>> {
    this.#requestCount++;
    const { server } = this.#options;
    const body = encodeRemoteWrite(part.map(toWire), { version: '1.0', metadata });
    const headers = remoteWriteHeaders('1.0');
    const request = { method: 'POST', path: '/api/v1/write', headers, body, signal } as const;
    const answer = await server.request(request);
    if (answer.status >= 200 && answer.status < 300) return undefined;
    const error = server.refusal(request, answer);
    const reason = refusalReason(error);
    if (reason === undefined) throw backendError(error);
    return reason;
  }

  #remember(part: readonly PlannedSeries[]): void {
    for (const { labels, samples } of part) {
      const last = samples.at(-1);
      if (last !== undefined) this.#options.newest.set(labels, last);
    }
  }
}

function toWire({ labels, samples, exemplars }: PlannedSeries): RemoteWriteSeries {
  const values = new Float64Array(samples.length);
  const words = new Uint32Array(values.buffer);
  for (const [i, { low, high }] of samples.entries()) {
    words[i * 2] = low;
    words[i * 2 + 1] = high;
  }
  const histograms = samples.map(({ histogram }) => histogram);
  return {
    labels,
    timestamps: Float64Array.from(samples, ({ unixMs }) => unixMs),
    values,
    ...(histograms.some((histogram) => histogram !== undefined) ? { histograms } : {}),
    ...(exemplars.length === 0 ? {} : { exemplars }),
  };
}

/** Cuts between series where that is possible, else inside one. */
function partsOf(series: readonly PlannedSeries[], maxSamples: number): PlannedSeries[][] {
  const parts: PlannedSeries[][] = [];
  let part: PlannedSeries[] = [];
  let size = 0;
  for (const each of series) {
    const weight = Math.max(1, each.samples.length + each.exemplars.length);
    if (size > 0 && size + weight > maxSamples) {
      parts.push(part);
      [part, size] = [[], 0];
    }
    let rest = each;
    while (rest.samples.length > maxSamples) {
      const [head, tail] = cut(rest, maxSamples);
      parts.push([head]);
      rest = tail;
    }
    part.push(rest);
    size += Math.max(1, rest.samples.length + rest.exemplars.length);
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

function halvesOf(
  part: readonly PlannedSeries[],
): readonly [PlannedSeries[], PlannedSeries[]] | undefined {
  if (part.length > 1) {
    const middle = part.length >>> 1;
    return [part.slice(0, middle), part.slice(middle)];
  }
  const [only] = part;
  if (only === undefined || only.samples.length < 2) return undefined;
  const [head, tail] = cut(only, only.samples.length >>> 1);
  return [[head], [tail]];
}

function cut(series: PlannedSeries, at: number): readonly [PlannedSeries, PlannedSeries] {
  const { labels, samples, exemplars } = series;
  return [
    { labels, samples: samples.slice(0, at), exemplars: [] },
    { labels, samples: samples.slice(at), exemplars },
  ];
}

function rowsOf(
  part: readonly PlannedSeries[],
  counts: (sample: PlannedSample) => boolean = () => true,
): number {
  return part.reduce(
    (sum, { samples }) => samples.filter(counts).reduce((n, { rows }) => n + rows, sum),
    0,
  );
}

function exemplarsOf(part: readonly PlannedSeries[]): number {
  return part.reduce((sum, { exemplars }) => sum + exemplars.length, 0);
}

/** Reasons that no row had are left out. */
function cleaned(rejected: Refusals): Refusals {
  return Object.fromEntries(Object.entries(rejected).filter(([, rows]) => rows > 0));
}

function afterSome(error: unknown, stored: number): unknown {
  if (!(error instanceof BackendError)) return error;
  const plain = error.message.replace(/^prometheus: /, '');
  return new BackendError(
    'prometheus',
    `${plain} (${stored} rows of the batch were stored before)`,
    {
      cause: error,
      retryable: error.retryable,
    },
  );
}
