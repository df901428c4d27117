import { once } from 'node:events';
import { type ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { Harness, job, TestServer, TEXT, until } from './harness.ts';

type Answer = (response: ServerResponse) => void;

/** What became of one scrape of a server that answers so, after a good one. */
async function scrapeOf(
  answer: Answer,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<{
  readonly error: string | undefined;
  readonly up: number | 'stale' | undefined;
  readonly good: number | 'stale' | undefined;
  readonly failures: readonly string[];
  readonly values: Record<string, number | 'stale'>;
}> {
  let broken = false;
  await using server = await TestServer.start((_, response) => {
    if (broken) answer(response);
    else response.writeHead(200, TEXT).end('good 1\n');
  });
  await using it = new Harness([job([server.address], settings)]);
  await it.tick();
  broken = true;
  await it.tick();
  const values = it.store.values();
  const failures = [...it.instruments.counts.keys()].filter((key) => key.includes('failures'));
  return { error: it.status?.lastError, up: values['up'], good: values['good'], failures, values };
}

const text =
  (body: string | Buffer): Answer =>
  (response) =>
    response.writeHead(200, TEXT).end(body);
const gzipped =
  (body: Buffer): Answer =>
  (response) =>
    response.writeHead(200, { ...TEXT, 'content-encoding': 'gzip' }).end(body);

describe('a broken answer fails the scrape, says why, and leaves nothing behind', () => {
  test.each<[string, Answer, string, string]>([
    [
      '500',
      (r) => r.writeHead(500).end('oops'),
      'server returned HTTP status 500 Internal Server Error',
      'http-status',
    ],
    [
      'a web page',
      (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'the Content-Type "text/html" is no metrics format; expected text/plain',
      'content-type',
    ],
    [
      'no type',
      (r) => r.writeHead(200).end('a 1\n'),
      'the answer has no Content-Type; expected',
      'content-type',
    ],
    [
      'truncated gzip',
      gzipped(gzipSync('a 1\n'.repeat(1_000)).subarray(0, 30)),
      'cannot decompress the answer: unexpected end of file',
      'encoding',
    ],
    [
      'what is no gzip',
      gzipped(Buffer.from('a 1\n')),
      'cannot decompress the answer: incorrect header check',
      'encoding',
    ],
    [
      'an unknown encoding',
      (r) => r.writeHead(200, { ...TEXT, 'content-encoding': 'br' }).end('x'),
      'the answer has the content encoding "br"; only gzip is understood',
      'encoding',
    ],
    [
      'half a line at the end',
      text('good 1\nhalf_a_li'),
      'line 2: expected a value, got the end of the input',
      'parse',
    ],
    [
      'half a label at the end',
      text('good 1\na{b="c'),
      'line 2: expected a quoted value for the label "b"',
      'parse',
    ],
    [
      'OpenMetrics without # EOF',
      (r) => r.writeHead(200, { 'content-type': 'application/openmetrics-text' }).end('good 1\n'),
      'line 2: the data do not end with # EOF',
      'parse',
    ],
    [
      'a NaN timestamp',
      text('good 1 NaN\n'),
      'line 1: expected a timestamp in milliseconds',
      'parse',
    ],
    [
      'invalid UTF-8',
      text(Buffer.from('good 1\na{b="\xff"} 1\n', 'latin1')),
      'line 2: not valid UTF-8',
      'parse',
    ],
    [
      'a body cut off',
      (r) => {
        r.writeHead(200, { ...TEXT, 'content-length': '100' }).write('good 1\n');
        setImmediate(() => r.destroy());
      },
      'the connection was closed before the answer was complete',
      'connection',
    ],
    [
      'a redirect loop',
      (r) => r.writeHead(302, { location: '/again' }).end(),
      'stopped after 5 redirects',
      'redirect',
    ],
    [
      'a redirect to nowhere',
      (r) => r.writeHead(302, { location: 'http://[' }).end(),
      'redirected to an address that is none',
      'redirect',
    ],
    [
      'a redirect to a file',
      (r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'redirected to the scheme file:',
      'redirect',
    ],
    [
      'a length above the limit',
      (r) => {
        r.writeHead(200, { ...TEXT, 'content-length': '1000000000' }).write('a 1\n');
      },
      'body size limit of 67108864 bytes exceeded',
      'body-size-limit',
    ],
  ])('%s', async (_, answer, message, failure) => {
    const { error, up, good, failures } = await scrapeOf(answer);
    expect(error).toContain(message);
    expect([up, good]).toEqual([0, 'stale']);
    expect(failures).toEqual([`dwcp_scrape_failures_total test ${failure}`]);
  });

  test('an endless body is cut off at the limit', async () => {
    let written = 0;
    const { error, values } = await scrapeOf(
      (response) => {
        response.writeHead(200, TEXT);
        const line = Buffer.from('a 1\n'.repeat(16_384));
        const pump = (): void => {
          while (!response.destroyed && response.write(line)) written += line.length;
          if (!response.destroyed) response.once('drain', pump);
        };
        pump();
      },
      { body_size_limit: '1MB', extra_scrape_metrics: true },
    );
    expect(error).toBe('body size limit of 1048576 bytes exceeded');
    expect(values['scrape_body_size_bytes']).toBe(-1);
    expect(written).toBeLessThan(50_000_000);
  });

  test('a small body that unpacks to a huge one is cut off at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000, 'a 1\n'));
    expect(bomb.length).toBeLessThan(200_000);
    const before = process.memoryUsage().rss;
    const { error } = await scrapeOf(gzipped(bomb), { body_size_limit: '1MB' });
    expect(error).toBe('body size limit of 1048576 bytes exceeded');
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
  });

  test('a server that trickles is cut off by the timeout', async () => {
    await using server = await TestServer.start((_, response) => {
      response.writeHead(200, TEXT).write('a');
    });
    await using it = new Harness([job([server.address], { scrape_timeout: '300ms' })]);
    await it.clock.advance(999);
    await until(() => server.requests === 1);
    await it.clock.advance(300);
    await until(() => it.store.batches.length === 1);
    await expect.poll(() => it.status?.lastError).toBe('no complete answer within 300 ms');
    expect(it.store.values()).toMatchObject({ up: 0, scrape_duration_seconds: 0.3 });
  });

  test('a server that never answers is cut off by the timeout', async () => {
    await using server = await TestServer.start(() => undefined);
    await using it = new Harness([job([server.address])]);
    await it.clock.advance(999);
    await until(() => server.requests === 1);
    await it.clock.advance(1_000);
    await until(() => it.store.batches.length === 1);
    expect(it.count('dwcp_scrape_failures_total test timeout')).toBe(1);
  });

  test('what is not HTTP fails as a connection', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using it = new Harness([job([`127.0.0.1:${port}`])]);
    await it.tick();
    expect(it.status?.lastError).toContain('Parse Error');
    server.close();
  });

  test('a refused connection names the address', async () => {
    const server = await TestServer.start(() => undefined);
    const { address } = server;
    await server[Symbol.asyncDispose]();
    await using it = new Harness([job([address])]);
    await it.tick();
    expect(it.status?.lastError).toBe(`connect ECONNREFUSED ${address}`);
    expect(it.store.values()['up']).toBe(0);
  });

  test('credentials that cannot be read fail the scrape and are named', async () => {
    const settings = { authorization: { credentials_file: '/nowhere/token' } };
    await using it = new Harness([job(['127.0.0.1:1'], settings)]);
    await it.tick();
    expect(it.status?.lastError).toBe('cannot read the credentials from /nowhere/token: ENOENT');
  });
});

describe('an unusual answer is taken', () => {
  test('an empty body is a scrape without samples', async () => {
    const { error, values } = await scrapeOf(text(''));
    expect(error).toBe('');
    expect(values).toMatchObject({ up: 1, good: 'stale', scrape_samples_scraped: 0 });
  });

  test('no type is taken for the fallback_scrape_protocol', async () => {
    const { error, values } = await scrapeOf((response) => response.writeHead(200).end('a 1\n'), {
      fallback_scrape_protocol: 'PrometheusText0.0.4',
    });
    expect(error).toBe('');
    expect(values).toMatchObject({ up: 1, a: 1 });
  });

  test('NaN and infinities are values', async () => {
    const { values } = await scrapeOf(text('a NaN\nb +Inf\nc -Inf\n'));
    expect(values).toMatchObject({ a: Number.NaN, b: Infinity, c: -Infinity, up: 1 });
  });

  test('100,000 series with long labels', async () => {
    const body = Array.from(
      { length: 100_000 },
      (_, i) => `a{some_rather_long_label_name="value number ${i} of many"} ${i}\n`,
    ).join('');
    const { values } = await scrapeOf(text(body));
    expect(values).toMatchObject({ up: 1, scrape_series_added: 100_000, good: 'stale' });
  });

  test('one series with 100,000 labels', async () => {
    const labels = Array.from({ length: 100_000 }, (_, i) => `l${i}="v"`).join(',');
    const { values } = await scrapeOf(text(`a{${labels}} 1\n`));
    expect(values).toMatchObject({ up: 1, a: 1 });
  });

  test('a redirect is followed, without credentials to another server', async () => {
    const seen: (string | undefined)[] = [];
    await using other = await TestServer.start(({ headers }, response) => {
      seen.push(headers.authorization);
      response.writeHead(200, TEXT).end('a 1\n');
    });
    await using server = await TestServer.start(({ url, headers }, response) => {
      seen.push(headers.authorization);
      const location = url === '/metrics' ? '/moved' : `http://${other.address}/metrics`;
      response.writeHead(301, { location }).end();
    });
    const settings = { authorization: { credentials: 'letmein' } };
    await using it = new Harness([job([server.address], settings)]);
    await it.tick();
    expect(it.store.values()).toMatchObject({ a: 1, up: 1 });
    expect(seen).toEqual(['Bearer letmein', 'Bearer letmein', undefined]);
  });

  test('a redirect is not followed when the job says so', async () => {
    const { error } = await scrapeOf((r) => r.writeHead(302, { location: '/x' }).end(), {
      follow_redirects: false,
    });
    expect(error).toBe('server returned HTTP status 302 Found');
  });
});
