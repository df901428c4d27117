import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

/** What a webhook was told. */
export interface Told {
  readonly key: string;
  readonly path: string;
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** A webhook receiver on this machine that remembers what it was told. */
export class WebhookReceiver implements AsyncDisposable {
  readonly told: Told[] = [];
  /** The status of the next answers; only what is answered with 2xx counts as told. */
  answerTo: (path: string) => number = () => 200;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const answer = receiver.answerTo(request.url ?? '');
        if (answer < 300) {
          receiver.told.push({
            ...(JSON.parse(body) as Omit<Told, 'key' | 'path'>),
            key: String(request.headers['idempotency-key']),
            path: request.url ?? '',
          });
        }
        response.writeHead(answer).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Names of the alerts told of so far, each with its status: `HostDown firing`. */
  names(): readonly string[] {
    return this.told.flatMap(({ alerts }) =>
      alerts.map(({ labels, status }) => `${labels['alertname'] ?? ''} ${status}`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
