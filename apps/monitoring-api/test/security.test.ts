import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';

import { MonitoringAPI } from '@dwcp/monitoring';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { contentSecurityPolicy } from '#src/server/console.ts';
import { isLoopback } from '#src/server/security.ts';
import { presentedToken, sha256, tokenCheck } from '#src/server/token.ts';

import { Platform, TemporaryFolder } from './platform.ts';

/** fetch sets Host and refuses some headers; a raw request sends what it is told. */
async function raw(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof raw>>>();
  const outgoing = request(url, {
    method: options.method ?? 'GET',
    headers: options.headers ?? {},
  });
  outgoing.on('error', reject);
  outgoing.on('response', (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (body += chunk));
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
    );
  });
  outgoing.end(options.body);
  return promise;
}

describe('a server on loopback', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await Platform.start({ server: { allowedHosts: ['monitoring.example.org'] } });
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  test.each([
    ['localhost', 200],
    ['localhost:9000', 200],
    ['LOCALHOST:1', 200],
    ['127.0.0.1', 200],
    ['[::1]:9000', 200],
    ['monitoring.example.org', 200],
    ['monitoring.example.org:443', 200],
    ['evil.example.org', 403],
    ['127.0.0.1.evil.example.org', 403],
    ['localhost.evil.example.org:9000', 403],
  ])('the Host %j is answered with %i, against DNS rebinding', async (host, status) => {
    expect((await raw(`${platform.url}/api/v1/status`, { headers: { host } })).status).toBe(status);
  });

  test.each([
    [{}, 204],
    [{ origin: 'same' }, 204],
    [{ origin: 'https://evil.example.org' }, 403],
    [{ origin: 'http://localhost:1' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
  ])('a write with %j is answered with %i', async (headers: Record<string, string>, status) => {
    const origin = headers['origin'] === 'same' ? { origin: platform.url } : {};
    const answer = await raw(`${platform.url}/api/v1/import/prometheus`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', ...headers, ...origin },
      body: 'origin_test 1\n',
    });
    expect(answer.status).toBe(status);
    expect(answer.body.includes('origin-not-allowed')).toBe(status === 403);
  });

  test('every answer carries the headers that keep browsers honest', async () => {
    for (const path of ['/', '/api/v1/status', '/nothing']) {
      const { headers } = await raw(`${platform.url}${path}`);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  test('no path leads out of the console', async () => {
    for (const path of [
      '/../package.json',
      '/%2e%2e/package.json',
      '/assets/..%2f..%2fpackage.json',
      '/%00',
    ]) {
      const { status, body } = await raw(`${platform.url}${path}`);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(body).not.toContain('"dependencies"');
    }
  });

  test('a busy port means the next free one', async () => {
    await using folder = await TemporaryFolder.make();
    await using second = new MonitoringAPI({
      region: 'eu',
      dataDir: folder.path,
      collection: { host: false },
    });
    await using server = await second.listen({ port: platform.server.port });
    expect(server.port).toBeGreaterThan(platform.server.port);
    expect((await raw(`${server.url}/health`)).status).toBe(200);
    // Nothing was initialised, and it says so.
    const ready = await raw(`${server.url}/ready`);
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.body)).toEqual({
      status: 'not-ready',
      reasons: ['initialize was not called or failed'],
    });
  });
});

describe('a server that others can reach', () => {
  test('makes a token once, shows it once, and keeps only its hash', async () => {
    await using folder = await TemporaryFolder.make();
    const options = {
      region: 'eu',
      dataDir: folder.path,
      collection: { host: false, process: false },
    };
    await using monitoring = new MonitoringAPI(options);
    await monitoring.initialize();
    let token: string | undefined;
    {
      await using server = await monitoring.listen({ host: '0.0.0.0', port: 0 });
      token = server.generatedToken;
      expect(token).toMatch(/^[\w-]{43}$/);
      const status = async (headers: Record<string, string>): Promise<number> =>
        (await raw(`${server.url}/api/v1/status`, { headers })).status;
      expect(await status({})).toBe(401);
      expect(await status({ authorization: 'Bearer wrong' })).toBe(401);
      expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
      const basic = Buffer.from(`anybody:${token}`).toString('base64');
      expect(await status({ authorization: `Basic ${basic}` })).toBe(200);
      // Who is addressed under any name of the machine answers.
      expect(await status({ authorization: `Bearer ${token}`, host: 'monitor.example.org' })).toBe(
        200,
      );
      for (const open of ['/health', '/ready']) {
        expect((await raw(`${server.url}${open}`)).status).toBe(200);
      }
      const refused = await raw(`${server.url}/api/v1/status`);
      expect(refused.headers['www-authenticate']).toContain('Bearer');
    }
    const kept = await readFile(join(folder.path, 'server-token.sha256'), 'utf8');
    expect(kept.trim()).toBe(sha256(token ?? '').toString('hex'));
    await using again = await monitoring.listen({ host: '0.0.0.0', port: 0 });
    expect(again.generatedToken).toBeUndefined();
    const answer = await raw(`${again.url}/api/v1/status`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(200);
  });

  test('a configured token is asked for on loopback too', async () => {
    await using platform = await Platform.start({ server: { token: 'a-token-of-some-length' } });
    expect(platform.server.generatedToken).toBeUndefined();
    expect((await raw(`${platform.url}/api/v1/status`)).status).toBe(401);
    const headers = { authorization: 'Bearer a-token-of-some-length' };
    expect((await raw(`${platform.url}/api/v1/status`, { headers })).status).toBe(200);
  });
});

test('loopback is what only this machine reaches', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]']) {
    expect(isLoopback(host)).toBe(true);
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.example.org',
    'localhost.example.org',
  ]) {
    expect(isLoopback(host)).toBe(false);
  }
});

test('a token matches itself and nothing else', () => {
  const check = tokenCheck(sha256('secret'));
  expect(check.matches('secret')).toBe(true);
  for (const other of ['', 'Secret', 'secret ', 'secre']) expect(check.matches(other)).toBe(false);
});

test('an Authorization header of another kind holds no token', () => {
  for (const header of [undefined, '', 'Bearer', 'Digest abc', `Basic ${btoa('nocolon')}`]) {
    expect(presentedToken(header)).toBeUndefined();
  }
});

test('inline scripts of the built page run by their hash, others do not', () => {
  const policy = contentSecurityPolicy('<script>a()</script><script src="/x.js"></script>');
  expect(policy).toContain(`script-src 'self' 'sha256-${sha256('a()').toString('base64')}'`);
  expect(policy).not.toContain("script-src 'self' 'unsafe-inline'");
});
