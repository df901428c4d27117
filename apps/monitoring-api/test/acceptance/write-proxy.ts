import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';

/** Stands between a sender and a receiver, and sometimes answers in its place. */
export class WriteProxy implements AsyncDisposable {
  /** Answered in place of the receiver; undefined: it is asked. */
  status: number | undefined;
  /** How often each status was answered in its place. */
  readonly answered = new Map<number, number>();
  /** What the receiver answered, newest last. */
  readonly answers: {
    readonly status: number;
    readonly headers: IncomingMessage['headers'];
    readonly text: string;
  }[] = [];
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** @param receiver such as http://127.0.0.1:9090 */
  static async open(receiver: string): Promise<WriteProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new WriteProxy(server);
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      if (proxy.status === undefined) proxy.#pass(incoming, outgoing, receiver);
      else proxy.#answer(incoming, outgoing, proxy.status);
    });
    return proxy;
  }

  #answer(incoming: IncomingMessage, outgoing: ServerResponse, status: number): void {
    this.answered.set(status, (this.answered.get(status) ?? 0) + 1);
    incoming.resume();
    incoming.on('end', () => outgoing.writeHead(status).end('the proxy says so'));
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, receiver: string): void {
    const { method, url, headers } = incoming;
    const passed = request(`${receiver}${url}`, { method, headers }, (answer) => {
      const status = answer.statusCode ?? 502;
      text(answer).then(
        (body) => {
          this.answers.push({ status, headers: answer.headers, text: body });
          outgoing.writeHead(status, answer.headers).end(body);
        },
        () => outgoing.destroy(),
      );
    });
    // A receiver that is gone looks to the sender as if there were no proxy.
    passed.on('error', () => outgoing.destroy());
    pipeline(incoming, passed, () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
