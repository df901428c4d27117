import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

import { decode } from './receiver.ts';

/** Stands between a sender and a real receiver; passes requests on, or answers for it. */
export class Proxy implements AsyncDisposable {
  readonly #upstream: URL;
  readonly #server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => this.#handle(incoming, Buffer.concat(chunks), response));
  });
  /** Answers with this status in place of the receiver. */
  status: number | undefined;
  /** How often it did so, by status. */
  readonly answered = new Map<number, number>();
  /** `labels@time` of samples it refused with 400. */
  readonly refused = new Set<string>();
  /** Statuses of the receiver itself. */
  readonly upstreamStatuses: number[] = [];
  /** Requests that the receiver got no answer out for. */
  broken = 0;

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
  }

  static async open(upstream: string): Promise<Proxy> {
    const proxy = new Proxy(upstream);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#upstream.pathname}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #handle(incoming: IncomingMessage, body: Buffer, response: ServerResponse): void {
    if (this.status !== undefined) {
      this.answered.set(this.status, (this.answered.get(this.status) ?? 0) + 1);
      if (this.status === 400) this.#noteRefused(body, incoming);
      response.writeHead(this.status, { 'Retry-After': '0' }).end('the proxy says no');
      return;
    }
    const forward = request(
      this.#upstream,
      {
        method: 'POST',
        agent: false,
        headers: {
          'content-type': incoming.headers['content-type'],
          'content-encoding': incoming.headers['content-encoding'],
          'x-prometheus-remote-write-version':
            incoming.headers['x-prometheus-remote-write-version'],
          'content-length': body.length,
        },
      },
      (answer) => {
        this.upstreamStatuses.push(answer.statusCode ?? 0);
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.on('error', () => response.destroy());
        answer.pipe(response);
      },
    );
    forward.on('error', () => {
      this.broken++;
      response.destroy();
    });
    forward.end(body);
  }

  #noteRefused(body: Buffer, { headers }: IncomingMessage): void {
    for (const { labels, timestamps } of decode(body, headers).series) {
      for (const unixMs of timestamps) this.refused.add(`${labels.toString()}@${unixMs}`);
    }
  }
}
