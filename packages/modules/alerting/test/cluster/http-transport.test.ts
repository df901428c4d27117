import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

import { checkPeerUrl, HttpPeerTransport, type PeerRequest } from '@dwcp/alerting';
import { systemClock } from '@dwcp/core';
import { afterEach, beforeEach, expect, test } from 'vitest';

const TOKEN = 'a-token-of-the-cluster-only';
const from = { id: 'a', startId: 'a-1' };
const probe: PeerRequest = { from, kind: 'probe' };
const { signal } = new AbortController();

let server: Server;
let answer: { readonly status: number; readonly text: string };
let asked: { readonly request: IncomingMessage; readonly body: string }[];
let url: string;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      asked.push({ request, body });
      response.writeHead(answer.status).end(answer.text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
});

const transport = new HttpPeerTransport({
  clock: systemClock,
  http: { authorization: { credentials: TOKEN } },
});

test('a request goes below the path of the peer, with the token', async () => {
  answer = { status: 200, text: JSON.stringify({ from: { id: 'b', startId: 'b-1' } }) };
  expect(await transport.ask(`${url}/monitoring/`, probe, { signal })).toEqual({
    from: { id: 'b', startId: 'b-1' },
  });
  expect(asked[0]?.request.url).toBe('/monitoring/api/v1/alerts/cluster');
  expect(asked[0]?.request.headers.authorization).toBe(`Bearer ${TOKEN}`);
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual(probe);
});

test('an answer of many pages in one is read whole', async () => {
  const entry = (at: number) => ({
    integration: 'team/webhook[0]',
    groupKey: `{}:{n="${at}"}`,
    firing: ['0123456789abcdef'],
    resolved: [],
    atUnixMs: at,
    expiresAtUnixMs: at + 1,
  });
  const log = Array.from({ length: 2_000 }, (_, at) => entry(at));
  answer = { status: 200, text: JSON.stringify({ from, state: { silences: [], log }, next: 2 }) };
  const { state, next } = await transport.ask(url, { from, kind: 'pull', start: 0 }, { signal });
  expect(state?.log).toEqual(log);
  expect(next).toBe(2);
});

test.each([
  ['a page of something else', '<html></html>'],
  ['no instance', '{}'],
  ['a bad entry', JSON.stringify({ from, state: { silences: [], log: [{}] } })],
  ['a bad position', JSON.stringify({ from, next: -1 })],
])('%s is no answer', async (_name, text) => {
  answer = { status: 200, text };
  await expect(transport.ask(url, probe, { signal })).rejects.toThrow(
    /answered is no answer of an instance/,
  );
});

test('the token stands in no error', async () => {
  answer = { status: 401, text: `not ${TOKEN}` };
  const error: unknown = await transport.ask(url, probe, { signal }).catch((found) => found);
  expect(String(error)).toContain('answered 401');
  expect(String(error)).not.toContain(TOKEN);
});

test('a peer may be in a private network, and no metadata service', () => {
  expect(checkPeerUrl('http://10.0.0.1:9000').host).toBe('10.0.0.1:9000');
  expect(() => checkPeerUrl('http://169.254.169.254')).toThrow(/alerting\.cluster\.peers/);
  expect(() => checkPeerUrl('http://metadata.google.internal')).toThrow(/metadata/);
});
