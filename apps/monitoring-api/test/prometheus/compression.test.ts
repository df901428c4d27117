import { request } from 'node:http';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { acceptedCoding } from '#src/server/prometheus/compression.ts';

import { Platform } from '../platform.ts';

describe('what a client accepts', () => {
  test.each([
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['br', undefined],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['zstd', 'zstd'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['GZIP;q=1.0, zstd;q=0.5', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0, zstd;q=0, *;q=1', undefined],
    ['*', 'zstd'],
    ['zstd;q=0, *', 'gzip'],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['gzip;q=abc', undefined],
  ])('%s gets %s', (header, coding) => {
    expect(acceptedCoding(header)).toBe(coding);
  });
});

describe('answers', () => {
  const SERIES = 20_000;
  let platform: Platform;
  beforeAll(async () => {
    platform = await Platform.start();
    const nowMs = Date.now();
    const lines = Array.from({ length: SERIES }, (_, i) => `many{i="${i}"} ${i / 7} ${nowMs}`);
    await platform.importText(`${lines.join('\n')}\n`);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  /** Without what fetch does by itself. */
  function get(
    path: string,
    acceptEncoding: string,
  ): Promise<{
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: Buffer;
  }> {
    return new Promise((resolve, reject) => {
      const headers = { 'accept-encoding': acceptEncoding };
      request(`${platform.url}${path}`, { headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({ headers: response.headers, body: Buffer.concat(parts) }),
        );
        response.on('error', reject);
      })
        .on('error', reject)
        .end();
    });
  }

  const unpack = { gzip: gunzipSync, zstd: zstdDecompressSync, identity: (body: Buffer) => body };

  test.each(['gzip', 'zstd', 'identity'] as const)(
    'a large answer comes whole as %s, and in pieces',
    async (coding) => {
      const { headers, body } = await get('/api/v1/query?query=many', coding);
      expect(headers['content-encoding']).toBe(coding === 'identity' ? undefined : coding);
      expect(headers['transfer-encoding']).toBe('chunked');
      expect(headers['vary']).toBe('Accept-Encoding');
      const answer = JSON.parse(unpack[coding](body).toString()) as {
        readonly data: { readonly result: readonly object[] };
      };
      expect(answer.data.result).toHaveLength(SERIES);
    },
  );

  test.each(['gzip', 'zstd'] as const)('series and labels come as %s too', async (coding) => {
    const { headers, body } = await get('/api/v1/series?match[]=many&limit=40', coding);
    expect(headers['content-encoding']).toBe(coding);
    expect(headers['content-length']).toBe(String(body.length));
    expect(JSON.parse(unpack[coding](body).toString())).toMatchObject({
      status: 'success',
      warnings: ['results truncated due to limit'],
    });
  });

  test('a small answer is sent as it is', async () => {
    const { headers, body } = await get('/api/v1/query?query=1', 'gzip, zstd');
    expect(headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(body.toString())).toMatchObject({ status: 'success' });
  });

  test('a client that leaves in the middle leaves nothing behind', async () => {
    await new Promise<void>((resolve, reject) => {
      const call = request(
        `${platform.url}/api/v1/query?query=many`,
        { headers: { 'accept-encoding': 'gzip' } },
        (response) => {
          response.once('data', () => {
            response.destroy();
            resolve();
          });
          response.on('error', () => undefined);
        },
      );
      call.on('error', reject);
      call.end();
    });
    const { body } = await get('/api/v1/query?query=count(many)', 'identity');
    expect(JSON.parse(body.toString())).toMatchObject({
      data: { result: [{ value: [expect.any(Number), String(SERIES)] }] },
    });
  });
});
