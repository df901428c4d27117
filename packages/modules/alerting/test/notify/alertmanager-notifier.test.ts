import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AlertmanagerNotifier } from '@dwcp/alerting';
import { type Alert, InvalidInputError, Labels, type Notification } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

interface Received {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly alerts: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

const clock = new ManualClock();
const nowUnixMs = clock.nowUnixMs();
let received: Received[];
let address: string;
let close: () => Promise<void>;

beforeEach(async () => {
  received = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const alerts = JSON.parse(body) as Received['alerts'];
      received.push({ path: request.url, headers: request.headers, alerts });
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
});
afterEach(() => close());

function firing(name: string): Alert {
  return {
    labels: Labels.from({ alertname: name, region: 'eu-west' }),
    annotations: { summary: 'it burns' },
    generatorUrl: 'http://ours/graph',
    state: {
      kind: 'firing',
      activeAtUnixMs: nowUnixMs - 9_000,
      firedAtUnixMs: nowUnixMs - 5_000,
      value: 1,
    },
  };
}

function over(name: string): Alert {
  return {
    ...firing(name),
    state: {
      kind: 'resolved',
      activeAtUnixMs: nowUnixMs - 9_000,
      firedAtUnixMs: nowUnixMs - 5_000,
      resolvedAtUnixMs: nowUnixMs - 1_000,
      value: 1,
    },
  };
}

function notificationOf(alerts: readonly Alert[], validUntilUnixMs?: number): Notification {
  return {
    idempotencyKey: 'k',
    groupKey: 'g',
    receiver: 'am',
    status: 'firing',
    groupLabels: {},
    alerts,
    externalUrl: 'http://ours',
    ...(validUntilUnixMs === undefined ? {} : { validUntilUnixMs }),
  };
}

const iso = (unixMs: number): string => new Date(unixMs).toISOString();

test('alerts are posted in the form of the API v2, a firing one until it is told again', async () => {
  const notifier = new AlertmanagerNotifier({ name: 'am', url: `${address}/prefix/`, clock });
  expect(notifier.url).toBe(`${address}/prefix/api/v2/alerts`);
  await notifier.notify(notificationOf([firing('A'), over('B')], nowUnixMs + 60_000));
  expect(received).toMatchObject([
    {
      path: '/prefix/api/v2/alerts',
      alerts: [
        {
          labels: { alertname: 'A', region: 'eu-west' },
          annotations: { summary: 'it burns' },
          startsAt: iso(nowUnixMs - 5_000),
          endsAt: iso(nowUnixMs + 60_000),
          generatorURL: 'http://ours/graph',
        },
        { labels: { alertname: 'B' }, endsAt: iso(nowUnixMs - 1_000) },
      ],
    },
  ]);
});

test('what waited until it no longer holds is not sent: it would say that the alert is over', async () => {
  const notifier = new AlertmanagerNotifier({ name: 'am', url: address, clock });
  await notifier.notify(notificationOf([firing('A')], nowUnixMs));
  expect(received).toEqual([]);
  await notifier.notify(notificationOf([firing('A'), over('B')], nowUnixMs));
  expect(received.map(({ alerts }) => alerts.map(({ labels }) => labels['alertname']))).toEqual([
    ['B'],
  ]);
});

test('many alerts go out in several requests', async () => {
  const notifier = new AlertmanagerNotifier({ name: 'am', url: address, clock });
  const alerts = Array.from({ length: 600 }, (_, index) => firing(`A${index}`));
  await notifier.notify(notificationOf(alerts, nowUnixMs + 60_000));
  expect(received.map((request) => request.alerts.length)).toEqual([256, 256, 88]);
  expect(
    new Set(received.flatMap((one) => one.alerts.map((a) => a.labels['alertname']))).size,
  ).toBe(600);
});

test('token and password come from files, which are read each time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dwcp-am-'));
  const file = join(folder, 'secret');
  await writeFile(file, 'first\n');
  const bearer = new AlertmanagerNotifier({
    name: 'am',
    url: address,
    clock,
    http: { authorization: { credentials_file: file } },
  });
  await bearer.notify(notificationOf([over('A')]));
  await writeFile(file, 'second\n');
  await bearer.notify(notificationOf([over('A')]));
  const basic = new AlertmanagerNotifier({
    name: 'am',
    url: address,
    clock,
    http: { basic_auth: { username: 'u', password_file: file } },
  });
  await basic.notify(notificationOf([over('A')]));
  await rm(folder, { recursive: true });
  expect(received.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer first',
    'Bearer second',
    `Basic ${Buffer.from('u:second').toString('base64')}`,
  ]);
  await expect(bearer.notify(notificationOf([over('A')]))).rejects.toMatchObject({
    retryable: true,
    message: expect.stringContaining(JSON.stringify(file)),
  });
});

test('a metadata service is no Alertmanager', () => {
  const make = (url: string) => () => new AlertmanagerNotifier({ name: 'am', url, clock });
  expect(make('http://169.254.169.254/')).toThrow(InvalidInputError);
  expect(make('ftp://host')).toThrow(InvalidInputError);
});
