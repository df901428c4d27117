import { gzipSync } from 'node:zlib';

import { ManualClock } from '@dwcp/testing';
import { beforeEach, afterEach, describe, expect, test } from 'vitest';

import { TemporaryFolder } from '../platform.ts';
import { gatewayApp } from './gateway-app.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(() => folder[Symbol.asyncDispose]());

test('PUT, POST and DELETE are answered as Pushgateway answers them', async () => {
  await using server = await gatewayApp(folder.path);
  const { app } = server;
  const put = await app.inject({
    method: 'PUT',
    url: '/metrics/job/a/instance/i',
    // What curl --data-binary says of every body.
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'm 1\nn 1\n',
  });
  expect([put.statusCode, put.body]).toEqual([200, '']);
  const post = await app.inject({
    method: 'POST',
    url: '/metrics/job@base64/YQ/instance/i',
    body: 'm 2\n',
    headers: { 'content-type': 'text/plain' },
  });
  expect([post.statusCode, post.body]).toEqual([200, '']);
  const { body, headers } = await app.inject('/pushgateway/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(body).toMatch(
    /^# TYPE m untyped\nm\{instance="i",job="a"\} 2\n# TYPE n untyped\nn\{instance="i",job="a"\} 1\n/,
  );
  expect(body).toMatch(/\npush_time_seconds\{instance="i",job="a"\} \d+\.?\d*\n$/);
  const removed = await app.inject({ method: 'DELETE', url: '/metrics/job/a/instance/i' });
  expect([removed.statusCode, removed.body]).toEqual([202, '']);
  expect((await app.inject('/pushgateway/metrics')).body).toBe('');
});

test('a push without a body, and one below the prefix, are taken', async () => {
  await using server = await gatewayApp(folder.path);
  const { app, gateway } = server;
  expect((await app.inject({ method: 'PUT', url: '/metrics/job/a' })).statusCode).toBe(200);
  const below = {
    method: 'PUT',
    url: '/pushgateway/metrics/job/b/x%2Fy/z',
    body: 'm 1\n',
  } as const;
  const headers = { 'content-type': 'text/plain' };
  expect((await app.inject({ ...below, headers })).statusCode).toBe(400);
  expect(
    (await app.inject({ ...below, headers, url: '/pushgateway/metrics/job/b%2Fx/y' })).statusCode,
  ).toBe(200);
  expect(gateway.groups().map(({ labels }) => Object.fromEntries(labels))).toEqual([
    { job: 'a' },
    { job: 'b', x: 'y' },
  ]);
});

test('gzip is unpacked, within the limit; other encodings are refused', async () => {
  await using server = await gatewayApp(folder.path, { bodyLimit: 10_000 });
  const { app, gateway } = server;
  const send = (body: Buffer, encoding = 'gzip') =>
    app.inject({
      method: 'PUT',
      url: '/metrics/job/a',
      headers: { 'content-type': 'text/plain', 'content-encoding': encoding },
      body,
    });
  expect((await send(gzipSync('m 1\n'))).statusCode).toBe(200);
  expect(gateway.groups()[0]?.families[0]?.metrics[0]).toMatchObject({ value: 1 });
  const bomb = gzipSync(`# ${'x'.repeat(1_000_000)}\nm 2\n`);
  expect(bomb.length).toBeLessThan(10_000);
  expect((await send(bomb)).statusCode).toBe(413);
  expect((await send(Buffer.from('no gzip'))).statusCode).toBe(400);
  const packed = await send(Buffer.from('m 1\n'), 'br');
  expect([packed.statusCode, packed.body]).toEqual([415, 'send gzip or nothing, not br\n']);
});

describe('a refusal', () => {
  test.each([
    [
      '/metrics/job/a',
      'm 1 5\n',
      400,
      'pushed metrics are invalid or inconsistent with existing metrics: pushed metrics must not have timestamps\n',
    ],
    ['/metrics/job/a/b', 'm 1\n', 400, 'odd number of components in label string "/b"\n'],
    ['/metrics/job/a/1b/c', 'm 1\n', 400, 'improper label name "1b"\n'],
    ['/metrics/job@base64/=', 'm 1\n', 400, 'job name is required\n'],
    [
      '/metrics/job/a',
      'm 1',
      400,
      'text format parsing error in line 1: unexpected end of input stream\n',
    ],
    [
      '/metrics/job/a',
      'm 1\nn 1\no 1\np 1\n',
      429,
      'group [["job","a"]] would have 6 series beside 0 of others, more than maxSeries = 5\n',
    ],
  ])('of %s with %j is plain text', async (url, body, status, text) => {
    await using server = await gatewayApp(folder.path, { maxSeries: 5 });
    const headers = { 'content-type': 'text/plain' };
    const answer = await server.app.inject({ method: 'PUT', url, body, headers });
    expect([answer.statusCode, answer.body]).toEqual([status, text]);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.headers['retry-after']).toBe(status === 429 ? '30' : undefined);
  });

  test('for want of disk is 503 and asks for another try', async () => {
    await using server = await gatewayApp(folder.path, {
      storage: {
        load: async () => [],
        save: () => Promise.reject(new Error('no space left')),
        remove: async () => undefined,
      },
    });
    const answer = await server.app.inject({ method: 'PUT', url: '/metrics/job/a' });
    expect([answer.statusCode, answer.body]).toEqual([
      503,
      'pushgateway: the group could not be stored\n',
    ]);
    expect(answer.headers['retry-after']).toBe('5');
  });
});

test('the query API shows groups and status; a listener of its own has them at the root', async () => {
  const clock = new ManualClock();
  await using server = await gatewayApp(folder.path, { clock, routes: { prefix: '' } });
  const { app } = server;
  const headers = { 'content-type': 'text/plain' };
  await app.inject({ method: 'PUT', url: '/metrics/job/a', body: 'm 1\n', headers });
  const groups = (await app.inject('/api/v1/metrics')).json<{ status: string; data: object[] }>();
  expect(groups).toMatchObject({
    status: 'success',
    data: [
      {
        labels: { job: 'a' },
        last_push_successful: true,
        m: { type: 'UNTYPED', metrics: [{ labels: { instance: '', job: 'a' }, value: '1' }] },
      },
    ],
  });
  expect((await app.inject('/api/v1/status')).json()).toMatchObject({
    status: 'success',
    data: {
      build_information: { goVersion: '' },
      flags: { 'push.time-to-live': 'none' },
      start_time: '2026-01-02T03:04:05.000Z',
    },
  });
  expect((await app.inject('/metrics')).body).toContain('m{instance="",job="a"} 1\n');
});

test('a wipe is there only when the admin API is enabled', async () => {
  const wipe = { method: 'PUT', url: '/pushgateway/api/v1/admin/wipe' } as const;
  {
    await using server = await gatewayApp(folder.path);
    await server.app.inject({ method: 'PUT', url: '/metrics/job/a' });
    expect((await server.app.inject(wipe)).statusCode).toBe(404);
  }
  await using server = await gatewayApp(folder.path, { routes: { adminApi: true } });
  expect(server.gateway.stats().groupCount).toBe(1);
  expect((await server.app.inject(wipe)).statusCode).toBe(202);
  expect(server.gateway.stats().groupCount).toBe(0);
});
