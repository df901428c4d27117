import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

import { AlertmanagerNotifier, type AlertSink, type PostableAlert } from '@dwcp/alerting';
import { silentLog } from '@dwcp/core';
import { eventually, FakeInstruments, ManualClock } from '@dwcp/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { AlertForwarder } from '#src/runtime/alerting/alert-forwarder.ts';

import { Platform } from '../platform.ts';

interface Posted {
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

const clock = new ManualClock();
const at = (seconds: number): string => new Date(clock.nowUnixMs() + seconds * 1_000).toISOString();
let server: Server;
let posts: Posted[][] = [];
let answer = 200;
beforeEach(async () => {
  posts = [];
  answer = 200;
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      if (answer === 200) posts.push(JSON.parse(body) as Posted[]);
      response.writeHead(answer).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A forwarder in front of something that takes alerts, or does not. */
function forward(
  options: { readonly repeated?: () => readonly PostableAlert[]; readonly full?: boolean } = {},
): { readonly forwarder: AlertForwarder; readonly taken: PostableAlert[] } {
  const taken: PostableAlert[] = [];
  const next: AlertSink = {
    nowUnixMs: () => clock.nowUnixMs(),
    putAlerts: async (posted) => {
      if (options.full === true) throw new Error('full');
      taken.push(...posted);
      return { accepted: posted.length, problems: [] };
    },
  };
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const forwarder = new AlertForwarder({
    next,
    notifiers: [new AlertmanagerNotifier({ name: 'am', url, clock })],
    repeated: options.repeated ?? (() => []),
    repeatMs: 60_000,
    clock,
    log: silentLog,
    instruments: new FakeInstruments(),
  });
  return { forwarder, taken };
}

const arrived = (count: number): Promise<unknown> =>
  eventually(() => posts.length >= count, { timeoutMs: 5_000, what: `${count} posts` });

test('alerts go to Alertmanagers and on, with their own start and end', async () => {
  const { forwarder, taken } = forward();
  const nowUnixMs = clock.nowUnixMs();
  const alerts = [
    {
      labels: { alertname: 'A', i: '1' },
      startsAtUnixMs: nowUnixMs - 5_000,
      endsAtUnixMs: nowUnixMs + 60_000,
    },
    { labels: { alertname: 'A', i: '2' }, endsAtUnixMs: nowUnixMs + 60_000 },
    {
      labels: { alertname: 'A', i: '3' },
      startsAtUnixMs: nowUnixMs - 9_000,
      endsAtUnixMs: nowUnixMs - 1_000,
    },
    { labels: { alertname: 'B' } },
  ];
  await forwarder.putAlerts(alerts);
  expect(taken).toEqual(alerts);
  await arrived(3);
  const sent = posts.flat().map(({ labels, startsAt, endsAt }) => [labels, startsAt, endsAt]);
  expect(sent).toEqual(
    expect.arrayContaining([
      [{ alertname: 'A', i: '1' }, at(-5), at(60)],
      [{ alertname: 'A', i: '2' }, at(0), at(60)],
      [{ alertname: 'A', i: '3' }, at(-9), at(-1)],
      // Without an end: for as long as one that nobody repeats is good for.
      [{ alertname: 'B' }, at(0), at(240)],
    ]),
  );
  await forwarder.close({ timeoutMs: 0 });
});

test('what our own pipeline does not take is forwarded all the same', async () => {
  const { forwarder } = forward({ full: true });
  await expect(forwarder.putAlerts([{ labels: { alertname: 'A' } }])).rejects.toThrow('full');
  await arrived(1);
  await forwarder.close({ timeoutMs: 0 });
});

test('what nobody posts again is repeated, and one that is down hears of it later', async () => {
  const repeated = (): readonly PostableAlert[] => [{ labels: { alertname: 'ByHand' } }];
  const { forwarder } = forward({ repeated });
  answer = 503;
  await clock.advance(60_000);
  await eventually(() => forwarder.stats()[0]?.failedAttempts === 1, {
    timeoutMs: 5_000,
    what: 'a failed try',
  });
  answer = 200;
  await eventually(
    async () => {
      await clock.advance(1_000);
      return posts.length > 0;
    },
    { timeoutMs: 5_000, everyMs: 10, what: 'the next try' },
  );
  await clock.advance(60_000);
  await arrived(2);
  expect(posts.flat().map(({ labels }) => labels['alertname'])).toEqual(['ByHand', 'ByHand']);
  await forwarder.close({ timeoutMs: 0 });
});

test('an Alertmanager gets what clients post and what people raise and end', async () => {
  await using other = await Platform.start();
  await using platform = await Platform.start({
    alerting: { alertmanagers: [{ url: other.url }] },
  });
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify([{ labels: { alertname: 'Posted' } }]);
  await platform.fetch('/api/v2/alerts', { method: 'POST', headers: json, body });
  const labels = { alertname: 'ByHand' };
  const { fingerprint } = await platform.monitoring.triggerAlert({ labels, by: 'ann' });
  const names = async (): Promise<readonly (string | undefined)[]> =>
    ((await other.json('/api/v2/alerts')) as readonly Posted[]).map(
      (alert) => alert.labels['alertname'],
    );
  await eventually(async () => (await names()).length === 2, {
    timeoutMs: 10_000,
    what: 'both alerts',
  });
  await platform.monitoring.resolveAlert({ fingerprint, by: 'ann' });
  const left = await eventually(
    async () => {
      const found = await names();
      return found.length === 1 ? found : undefined;
    },
    { timeoutMs: 10_000, what: 'the end of one' },
  );
  expect(left).toEqual(['Posted']);
});
