import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  /** Of the query and of a form together. */
  readonly params: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AnsweringServer extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly Asked[];
}

/** A local server that answers as told and remembers what it was asked. */
export async function answering(
  answer: (asked: Asked, response: ServerResponse) => void,
): Promise<AnsweringServer> {
  const requests: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const url = new URL(request.url ?? '', 'http://local');
      const params = new URLSearchParams(url.search);
      if (request.headers['content-type'] === 'application/x-www-form-urlencoded') {
        for (const [name, value] of new URLSearchParams(body.toString())) {
          params.append(name, value);
        }
      }
      const { method = '', headers } = request;
      const asked = { method, path: url.pathname, params, headers, body };
      requests.push(asked);
      answer(asked, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked: requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export function success(response: ServerResponse, data: unknown, more: object = {}): void {
  json(response, 200, { status: 'success', data, ...more });
}
