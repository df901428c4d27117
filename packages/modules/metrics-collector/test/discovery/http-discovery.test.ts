import { type IncomingMessage, type ServerResponse } from 'node:http';

import { describe, expect, test } from 'vitest';

import { Harness, TestServer } from '../scrape/harness.ts';
import {
  addressesOf,
  discoveringJob,
  passTimeUntil,
  RecordingLog,
  TestFolder,
  untilTargets,
} from './support.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const groups =
  (...targets: readonly string[]): Answer =>
  (_, response) =>
    response.writeHead(200, JSON_TYPE).end(JSON.stringify([{ targets }]));

/** A scraper whose targets come from a server, and what that answers. */
async function serving(
  first: Answer,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<{
  readonly it: Harness;
  readonly log: RecordingLog;
  readonly server: TestServer;
  readonly url: string;
  readonly answer: (next: Answer) => void;
}> {
  let answer = first;
  const server = await TestServer.start((request, response) => answer(request, response));
  const url = `http://${server.address}/targets`;
  const http_sd_configs = [{ url, refresh_interval: '10s', ...settings }];
  const log = new RecordingLog();
  const it = new Harness([discoveringJob({ http_sd_configs })], { log });
  return {
    it,
    log,
    server,
    url,
    answer: (next) => {
      answer = next;
    },
  };
}

describe('http_sd_configs', () => {
  test('the answer gives targets; the request says what it is', async () => {
    const seen: unknown[] = [];
    const { it, server, url } = await serving(({ method, headers }, response) => {
      seen.push(method, headers['accept'], headers['x-prometheus-refresh-interval-seconds']);
      const body = [{ targets: ['a:1', 'b:1'], labels: { env: 'prod' } }];
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(body));
    });
    await using _ = server;
    await using __ = it;
    await untilTargets(it, ['a:1', 'b:1']);
    expect(seen).toEqual(['GET', 'application/json', '10']);
    expect(it.status?.discoveredLabels).toMatchObject({ __meta_url: url, env: 'prod' });
    expect(it.status?.labels).toEqual({ env: 'prod', instance: 'a:1', job: 'test' });
  });

  test('a new answer counts after the refresh interval, the last good one until then', async () => {
    const { it, server, answer } = await serving(groups('a:1'));
    await using _ = server;
    await using __ = it;
    await untilTargets(it, ['a:1']);
    answer(groups('b:1', 'c:1'));
    await it.clock.advance(5_000);
    expect(addressesOf(it)).toEqual(['a:1']);
    await untilTargets(it, ['b:1', 'c:1']);
    answer((_, response) => response.writeHead(200, JSON_TYPE).end('[]'));
    await untilTargets(it, []);
  });

  test.each<[string, Answer, string]>([
    ['a status of 500', (_, r) => r.writeHead(500).end(), 'server returned HTTP status 500'],
    [
      'another content type',
      (_, r) => r.writeHead(200, { 'content-type': 'text/html' }).end('[]'),
      'the Content-Type \\"text/html\\" is not application/json',
    ],
    ['broken JSON', (_, r) => r.writeHead(200, JSON_TYPE).end('[{'), 'JSON'],
    [
      'something else than groups',
      (_, r) => r.writeHead(200, JSON_TYPE).end('[{"targets":[1]}]'),
      'group 0: targets.0 must be a string, got a number',
    ],
    [
      'a body without an end',
      (_, r) => {
        r.writeHead(200, JSON_TYPE);
        const more = (): void => {
          while (!r.destroyed && r.write(' '.repeat(2 ** 20))) continue;
        };
        r.on('drain', more);
        more();
      },
      'body size limit of 33554432 bytes exceeded',
    ],
    [
      'a redirect to another server',
      (_, r) => r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'redirected to http://127.0.0.1:1, which is not configured',
    ],
    [
      'redirects without an end',
      (_, r) => r.writeHead(302, { location: '/again' }).end(),
      'stopped after 5 redirects',
    ],
    ['a cut connection', (_, r) => r.destroy(), 'the connection was closed'],
  ])('on %s the old targets stay; it is counted and logged', async (_, broken, reason) => {
    const { it, log, server, answer } = await serving(groups('a:1'));
    await using _s = server;
    await using _i = it;
    await untilTargets(it, ['a:1']);
    answer(broken);
    await passTimeUntil(it, () => it.count('dwcp_sd_http_failures_total') >= 2);
    expect(addressesOf(it)).toEqual(['a:1']);
    expect(it.count('dwcp_sd_refresh_failures_total http')).toBeGreaterThanOrEqual(2);
    const told = log.lines.filter((line) => line.includes('no usable answer'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(reason);
    answer(groups('b:1'));
    await untilTargets(it, ['b:1']);
    expect(it.scraper.discoveries()[0]?.failure).toBeUndefined();
  });

  test('a server that does not answer is given up after the refresh interval', async () => {
    const { it, log, server } = await serving(() => undefined);
    await using _ = server;
    await using __ = it;
    await passTimeUntil(it, () => it.count('dwcp_sd_http_failures_total') > 0);
    expect(log.lines.join('\n')).toContain('no complete answer within 10000 ms');
  });

  const redirecting: Answer = (request, response) => {
    if (request.url === '/there') groups('a:1')(request, response);
    else response.writeHead(307, { location: '/there' }).end();
  };

  test('a redirect on the same server is followed', async () => {
    const { it, server } = await serving(redirecting);
    await using _ = server;
    await using __ = it;
    await untilTargets(it, ['a:1']);
    expect(it.count('dwcp_sd_http_failures_total')).toBe(0);
  });

  test('a redirect is a failure where none may be followed', async () => {
    const { it, log, server } = await serving(redirecting, { follow_redirects: false });
    await using _ = server;
    await using __ = it;
    await passTimeUntil(it, () => it.count('dwcp_sd_http_failures_total') > 0);
    expect(log.lines.join('\n')).toContain('server returned HTTP status 307');
  });

  test('credentials and headers are sent, and do not show in logs', async () => {
    await using folder = await TestFolder.make();
    await folder.write('password', 'hunter2\n');
    const seen: unknown[] = [];
    const { it, log, server } = await serving(
      ({ headers }, response) => {
        seen.push(headers.authorization, headers['x-tenant'], headers['x-more']);
        response.writeHead(403).end();
      },
      {
        basic_auth: { username: 'me', password_file: folder.in('password') },
        http_headers: { 'X-Tenant': { values: ['t1'] }, 'X-More': { secrets: ['hunter3'] } },
      },
    );
    await using _ = server;
    await using __ = it;
    await passTimeUntil(it, () => it.count('dwcp_sd_http_failures_total') > 0);
    expect(seen.slice(0, 3)).toEqual([
      `Basic ${Buffer.from('me:hunter2').toString('base64')}`,
      't1',
      'hunter3',
    ]);
    expect(log.lines.join('\n')).toContain('HTTP status 403');
    expect(log.lines.join('\n')).not.toMatch(/hunter/);
  });

  test('jobs with equal configurations share one discovery', async () => {
    await using server = await TestServer.start(groups('a:1'));
    const http_sd_configs = [{ url: `http://${server.address}/` }];
    const first = discoveringJob({ http_sd_configs });
    const second = { ...first, job_name: 'other', metrics_path: '/other' };
    await using it = new Harness([first, second]);
    await untilTargets(it, ['a:1', 'a:1']);
    expect(it.scraper.discoveries()).toMatchObject([{ scrapePools: ['test', 'other'] }]);
    expect(it.scraper.targets().map(({ scrapeUrl }) => scrapeUrl)).toEqual([
      'http://a:1/metrics',
      'http://a:1/other',
    ]);
  });
});
