import { type AddressInfo } from 'node:net';

import { BackendError, type Clock } from '@dwcp/core';
import { type FastifyInstance } from 'fastify';

/** How many ports are tried after one that is taken. */
const MAX_PORTS = 20;

export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/**
 * Listens on the port, or on the next one that is free.
 * @throws BackendError when none of 20 is free, or the address is not ours
 */
export async function listen(
  app: FastifyInstance,
  host: string,
  wantedPort: number,
): Promise<Listening> {
  await app.ready();
  for (let attempt = 0; attempt <= MAX_PORTS; attempt++) {
    const port = wantedPort === 0 ? 0 : wantedPort + attempt;
    if (port > 65_535) break;
    if (await tryPort(app, host, port)) {
      const address = app.server.address() as AddressInfo;
      return { host, port: address.port, url: `http://${shownHost(host)}:${address.port}` };
    }
  }
  throw new BackendError(
    'server',
    `ports ${wantedPort} to ${wantedPort + MAX_PORTS} of ${host} are all taken; set server.port`,
    { retryable: true },
  );
}

/** Whether it listens; false when the port is taken. */
function tryPort(app: FastifyInstance, host: string, port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const { server } = app;
  const onError = (error: NodeJS.ErrnoException): void => {
    server.off('listening', onListening);
    if (error.code === 'EADDRINUSE') resolve(false);
    else {
      reject(
        new BackendError('server', `cannot listen on ${host}:${port}: ${error.message}`, {
          retryable: false,
          cause: error,
        }),
      );
    }
  };
  const onListening = (): void => {
    server.off('error', onError);
    resolve(true);
  };
  server.once('error', onError);
  server.once('listening', onListening);
  server.listen({ host, port });
  return promise;
}

/** An address that a browser on this machine can open. */
function shownHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** Stops taking requests, lets those under way finish within the limit, then cuts what is left. */
export async function closeServer(
  app: FastifyInstance,
  clock: Clock,
  timeoutMs: number,
): Promise<void> {
  using _ = clock.schedule(timeoutMs, () => app.server.closeAllConnections());
  await app.close();
}
