import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

const TEXT = { 'content-type': 'text/plain; version=0.0.4' };
const GIB = 2 ** 30;

/** What a target may do wrong, by path. */
const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/truncated': (response) => void response.writeHead(200, TEXT).end('good 1\nbad{a="'),
  '/html': (response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'),
  '/no-metrics': (response) => void response.writeHead(200, TEXT).end('Hello, world!\n'),
  '/nan-timestamp': (response) => void response.writeHead(200, TEXT).end('good 1\nbad 2 NaN\n'),
  '/invalid-utf8': (response) =>
    void response.writeHead(200, TEXT).end(Buffer.from([0x61, 0x7b, 0xff, 0xfe, 0x0a])),
  '/gigabyte': (response) => {
    const chunk = Buffer.from('metric_with_a_name 1\n'.repeat(3_000));
    let sent = 0;
    const write = (): void => {
      while (sent < GIB && !response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', write);
      }
      response.end();
    };
    response.writeHead(200, TEXT);
    write();
  },
  '/gzip-bomb': (response) =>
    void response.writeHead(200, { ...TEXT, 'content-encoding': 'gzip' }).end(bomb()),
  '/broken-gzip': (response) =>
    void response.writeHead(200, { ...TEXT, 'content-encoding': 'gzip' }).end('no gzip at all'),
  '/slow-loris': (response) => {
    response.writeHead(200, TEXT);
    const timer = setInterval(() => response.write('a'), 100);
    response.once('close', () => clearInterval(timer));
  },
  '/silent': () => undefined,
  '/hang-up': (response) => void response.socket?.destroy(),
  '/error': (response) => void response.writeHead(500, TEXT).end('broken'),
  '/loop': (response) => void response.writeHead(302, { location: '/loop' }).end(),
};

/** Paths whose scrape must fail. */
export const roguePaths: readonly string[] = Object.keys(answers);

export interface RogueTarget extends AsyncDisposable {
  /** Host and port, as a scrape target is written. */
  readonly address: string;
}

/**
 * A scrape target that does everything wrong, a good page (`/good`) and one with a repeated series
 * (`/duplicate`) beside it.
 */
export async function startRogueTarget(): Promise<RogueTarget> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === '/good') response.writeHead(200, TEXT).end('good 1\n');
    else if (path === '/duplicate') response.writeHead(200, TEXT).end('twice 1\ntwice 2\n');
    else answers[path]?.(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    address: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

let bombBytes: Buffer | undefined;

/** 256 MiB of metrics in a few hundred kilobytes. */
export function bomb(): Buffer {
  bombBytes ??= gzipSync(Buffer.alloc(2 ** 28, 'metric_with_a_name 1\n'));
  return bombBytes;
}
