import {
  PrometheusMetricStore,
  type PrometheusMetricStoreOptions,
  PrometheusServer,
  type Product,
} from '@dwcp/adapter-prometheus';
import { type Exemplar, type Labels, type MetricMetadata } from '@dwcp/core';
import { decodeRemoteWrite, readLabels, unpackSnappy } from '@dwcp/protocol-prometheus';
import { ManualClock } from '@dwcp/testing';

import { answering, type Asked, success } from './answering-server.ts';

/** What one remote write request held. */
export interface Received {
  /** `labels time value`, as a text; a value by its bits where it is a NaN. */
  readonly samples: string[];
  readonly histograms: string[];
  readonly exemplars: Exemplar[];
  readonly metadata: MetricMetadata[];
}

export interface Receiver extends AsyncDisposable {
  readonly store: PrometheusMetricStore;
  readonly clock: ManualClock;
  readonly received: readonly Received[];
  /** Gives the answer's status and text; 204 without it. */
  answer: (received: Received) => readonly [number, string] | undefined | Promise<never>;
}

export async function receiver(
  options: PrometheusMetricStoreOptions & { readonly product?: Product } = {},
): Promise<Receiver> {
  const received: Received[] = [];
  const clock = new ManualClock();
  const server = await answering((asked, response) => {
    if (asked.path !== '/api/v1/write') {
      success(response, { 'enable-feature': 'exemplar-storage' });
      return;
    }
    const request = decode(asked);
    received.push(request);
    const answer = made.answer(request);
    if (answer instanceof Promise) return;
    const [status, text] = answer ?? [204, ''];
    response.writeHead(status).end(text);
  });
  const { product = 'prometheus', ...limits } = options;
  const prometheus = new PrometheusServer({ url: server.url, product, clock });
  const made: Receiver = {
    store: new PrometheusMetricStore(prometheus, limits),
    clock,
    received,
    answer: () => undefined,
    async [Symbol.asyncDispose]() {
      prometheus[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
  return made;
}

function decode({ body }: Asked): Received {
  const received: Received = { samples: [], histograms: [], exemplars: [], metadata: [] };
  const bits = new Uint32Array(2);
  const value = new Float64Array(bits.buffer);
  let labels: Labels | undefined;
  decodeRemoteWrite(Uint8Array.from(unpackSnappy(body, 1_000_000)), '1.0', {
    series(bytes, start, end) {
      labels = readLabels(bytes, start, end);
      return true;
    },
    sample(unixMs, low, high) {
      bits.set([low, high]);
      const text = Number.isNaN(value[0])
        ? `${(bits[1] ?? 0).toString(16)}:${(bits[0] ?? 0).toString(16)}`
        : `${value[0]}`;
      received.samples.push(`${labels?.toString()} ${unixMs} ${text}`);
    },
    histogram: (unixMs, { count }) => {
      received.histograms.push(`${labels?.toString()} ${unixMs} ${count}`);
    },
    exemplar: (exemplar) => {
      received.exemplars.push(exemplar);
    },
    metadata: (metadata) => {
      received.metadata.push(metadata);
    },
  });
  return received;
}
