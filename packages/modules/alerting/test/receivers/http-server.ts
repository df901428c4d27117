import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, type Socket } from 'node:net';

import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TestReceiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: readonly ReceivedRequest[];
}

export type Answer = (response: ServerResponse, socket: Socket, request: ReceivedRequest) => void;

/** A receiver on this machine that answers as it is told. */
export async function openReceiver(
  answer: Answer,
  options: { readonly tls?: boolean } = {},
): Promise<TestReceiver> {
  const received: ReceivedRequest[] = [];
  const server =
    options.tls === true
      ? createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY })
      : createServer();
  server.on('request', (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const it = { method, path: url, headers, body };
      received.push(it);
      answer(response, request.socket, it);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === true ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
