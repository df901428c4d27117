import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

import { type Pushgateway } from '@dwcp/metrics-collector';

import { sendTo } from './harness.ts';
import { type PushStep } from './push-table.ts';

/** A gateway on a loopback port, for clients of other makers. */
export async function serve(
  gateway: Pushgateway,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    answer(gateway, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  gateway: Pushgateway,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '', headers } = request;
  if (method === 'GET') {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(gateway.expose('text'));
    return;
  }
  const bytes = await buffer(request);
  const contentType = headers['content-type'];
  const status = await sendTo(gateway, {
    method: method as PushStep['method'],
    path: url.slice('/metrics/'.length),
    body: headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes,
    ...(contentType === undefined ? {} : { contentType }),
    status: 0,
  });
  response.writeHead(status).end();
}
