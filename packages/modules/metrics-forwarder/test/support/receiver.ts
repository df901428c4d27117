import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

import { type Exemplar, type Labels, type MetricMetadata, type NativeHistogram } from '@dwcp/core';
import {
  decodeRemoteWrite,
  readLabels,
  remoteWriteVersionOf,
  unpackSnappy,
} from '@dwcp/protocol-prometheus';

export interface ReceivedSeries {
  readonly labels: Labels;
  readonly timestamps: number[];
  /** The values' bits, as sixteen hexadecimal digits. */
  readonly bits: string[];
  readonly values: number[];
  readonly histograms: (readonly [unixMs: number, histogram: NativeHistogram])[];
  readonly exemplars: Exemplar[];
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came, packed. */
  readonly body: Buffer;
  /** Unpacked. */
  readonly message: Uint8Array;
  readonly series: readonly ReceivedSeries[];
  readonly metadata: readonly MetricMetadata[];
  /** Samples and histograms. */
  readonly rowCount: number;
  /** The status it was answered with; undefined when it got no answer. */
  status: number | undefined;
}

/** What to do with a request. */
export type Behaviour =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Never answers, and says whether it kept the samples anyway. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'close' }
  /** Waits before it answers. */
  | { readonly kind: 'after'; readonly moment: Promise<void>; readonly behaviour: Behaviour }
  /** Writes these bytes as the answer and closes the connection. */
  | { readonly kind: 'raw'; readonly text: string };

/** Accepts everything, as a 2.0 receiver does. */
export function acceptAll(request: ReceivedRequest): Behaviour {
  return { kind: 'answer', status: 204, headers: writtenHeaders(request) };
}

export function writtenHeaders(
  request: ReceivedRequest,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const sum = (of: (series: ReceivedSeries) => number): string =>
    String(request.series.reduce((total, series) => total + of(series), 0));
  return {
    'X-Prometheus-Remote-Write-Samples-Written': sum(({ values }) => values.length),
    'X-Prometheus-Remote-Write-Histograms-Written': sum(({ histograms }) => histograms.length),
    'X-Prometheus-Remote-Write-Exemplars-Written': sum(({ exemplars }) => exemplars.length),
    ...changes,
  };
}

/** A real HTTP server on this machine that decodes what it gets and answers as it is told. */
export class Receiver implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      this.#receive({ method, path, headers, body: Buffer.concat(chunks) }, response);
    });
  });
  readonly requests: ReceivedRequest[] = [];
  /** Decides on each request. */
  behave: (request: ReceivedRequest, index: number) => Behaviour = acceptAll;
  /** Requests that hang now. */
  hanging = 0;
  port = 0;

  static async open(port = 0): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    receiver.port = (receiver.#server.address() as AddressInfo).port;
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/api/v1/write`;
  }

  /** Series of all requests that were answered with success, in the order in which they came. */
  accepted(): readonly ReceivedSeries[] {
    return this.requests
      .filter(({ status = 0 }) => status >= 200 && status < 300)
      .flatMap(({ series }) => series);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #receive(
    part: Pick<ReceivedRequest, 'method' | 'path' | 'headers' | 'body'>,
    response: ServerResponse,
  ): void {
    const request = { ...part, ...decode(part.body, part.headers), status: undefined };
    this.requests.push(request);
    this.#answer(request, this.behave(request, this.requests.length - 1), response);
  }

  #answer(request: ReceivedRequest, behaviour: Behaviour, response: ServerResponse): void {
    switch (behaviour.kind) {
      case 'answer':
        request.status = behaviour.status;
        response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
        return;
      case 'hang':
        this.hanging++;
        response.on('close', () => this.hanging--);
        return;
      case 'close':
        response.destroy();
        return;
      case 'after':
        void behaviour.moment.then(() => this.#answer(request, behaviour.behaviour, response));
        return;
      case 'raw':
        response.socket?.end(behaviour.text);
    }
  }
}

/** What is in a request. @throws RemoteWriteError, or Error when its content type is none of the protocol */
export function decode(
  body: Buffer,
  headers: IncomingHttpHeaders,
): Pick<ReceivedRequest, 'message' | 'series' | 'metadata' | 'rowCount'> {
  const version = remoteWriteVersionOf(headers['content-type']);
  if (version === undefined) throw new Error(`no version in ${headers['content-type'] ?? ''}`);
  const message = Uint8Array.from(unpackSnappy(body, 64 << 20));
  const series: ReceivedSeries[] = [];
  const metadata: MetricMetadata[] = [];
  const last = (): ReceivedSeries => {
    const one = series.at(-1);
    if (one === undefined) throw new Error('a sample without a series');
    return one;
  };
  const view = new DataView(new ArrayBuffer(8));
  decodeRemoteWrite(message, version, {
    series(bytes, start, end) {
      const labels = readLabels(bytes, start, end);
      series.push({
        labels,
        timestamps: [],
        bits: [],
        values: [],
        histograms: [],
        exemplars: [],
      });
      return true;
    },
    sample(unixMs, low, high) {
      view.setInt32(0, high);
      view.setInt32(4, low);
      last().timestamps.push(unixMs);
      last().bits.push(view.getBigUint64(0).toString(16).padStart(16, '0'));
      last().values.push(view.getFloat64(0));
    },
    histogram: (unixMs, histogram) => last().histograms.push([unixMs, histogram]),
    exemplar: (exemplar) => last().exemplars.push(exemplar),
    metadata: (family) => metadata.push(family),
  });
  const rowCount = series.reduce((sum, one) => sum + one.values.length + one.histograms.length, 0);
  return { message, series, metadata, rowCount };
}
