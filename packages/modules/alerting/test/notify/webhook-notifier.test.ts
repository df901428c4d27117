import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';

import {
  buildNotification,
  DeliveryError,
  fingerprintOf,
  maskUrl,
  NotificationQueue,
  RuleMetrics,
  type WebhookBody,
  webhookBody,
  WebhookNotifier,
  type WebhookNotifierOptions,
} from '@dwcp/alerting';
import { type Alert, InvalidInputError, Labels, silentLog } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

const recordedPath = join(
  import.meta.dirname,
  '../../../../../../shared/conformance/alerting/am-live-recorded.json',
);

const firing: Alert = {
  labels: Labels.from({ alertname: 'X', i: '1' }),
  annotations: { s: 'one', t: 'same' },
  state: { kind: 'firing', activeAtUnixMs: 0, firedAtUnixMs: 1_500, value: 1 },
  generatorUrl: 'http://g/1',
};
const resolved: Alert = {
  labels: Labels.from({ alertname: 'X', i: '2' }),
  annotations: { t: 'same' },
  state: {
    kind: 'resolved',
    activeAtUnixMs: 0,
    firedAtUnixMs: 1_000,
    resolvedAtUnixMs: 2_000,
    value: 1,
  },
  generatorUrl: '',
};

const notification = buildNotification({
  rule: { name: 'X' },
  alerts: [resolved, firing],
  unixMs: 2_000,
  externalLabels: {},
  externalUrl: 'http://ext',
  receiver: 'hook',
});

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that does what the test says with each request. */
async function receiver(answer: (response: ServerResponse, socket: Socket, path: string) => void) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      answer(response, request.socket, request.url ?? '');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    received,
    port,
    url: `http://127.0.0.1:${port}/hook`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function hook(url: string, options: Partial<WebhookNotifierOptions> = {}): WebhookNotifier {
  return new WebhookNotifier({
    name: 'hook',
    url,
    allowPrivateNetwork: true,
    clock: new ManualClock(1_700_000_000_999),
    ...options,
  });
}

async function failureOf(notifier: WebhookNotifier): Promise<DeliveryError> {
  const error: unknown = await notifier.notify(notification).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (error instanceof DeliveryError) return error;
  throw new Error('a DeliveryError was expected', { cause: error });
}

test('the body is version 4 of the Alertmanager webhook', async () => {
  await using server = await receiver((response) => response.end());
  await hook(server.url).notify(notification);
  const [request] = server.received;
  expect(JSON.parse(request?.body ?? '')).toEqual({
    receiver: 'hook',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'X', i: '1' },
        annotations: { s: 'one', t: 'same' },
        startsAt: '1970-01-01T00:00:01.500Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'http://g/1',
        fingerprint: fingerprintOf(firing.labels),
      },
      {
        status: 'resolved',
        labels: { alertname: 'X', i: '2' },
        annotations: { t: 'same' },
        startsAt: '1970-01-01T00:00:01.000Z',
        endsAt: '1970-01-01T00:00:02.000Z',
        generatorURL: '',
        fingerprint: fingerprintOf(resolved.labels),
      },
    ],
    groupLabels: { alertname: 'X' },
    commonLabels: { alertname: 'X' },
    commonAnnotations: { t: 'same' },
    externalURL: 'http://ext',
    version: '4',
    groupKey: '{}:{alertname="X"}',
    truncatedAlerts: 0,
  });
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'idempotency-key': notification.idempotencyKey,
  });
});

test.skipIf(!existsSync(recordedPath))(
  'keys and fingerprints are those that a real Alertmanager sent (skips without ../shared/conformance)',
  () => {
    const recorded = (
      JSON.parse(readFileSync(recordedPath, 'utf8')) as {
        readonly sample_webhook_body: WebhookBody;
      }
    ).sample_webhook_body;
    const ours = webhookBody(notification, 0);
    expect(Object.keys(ours).sort()).toEqual(Object.keys(recorded).sort());
    expect(Object.keys(ours.alerts[0] ?? {}).sort()).toEqual(
      Object.keys(recorded.alerts[0] ?? {}).sort(),
    );
    for (const { labels, fingerprint } of recorded.alerts) {
      expect(fingerprintOf(Labels.from(labels))).toBe(fingerprint);
    }
  },
);

test('alerts above the maximum are counted, and common labels are still those of all', () => {
  const body = webhookBody(notification, 1);
  expect(body.alerts).toHaveLength(1);
  expect(body.truncatedAlerts).toBe(1);
  expect(body.commonLabels).toEqual({ alertname: 'X' });
});

test('with a secret, timestamp and body are signed', async () => {
  await using server = await receiver((response) => response.end());
  await hook(server.url, { secret: 's3cret' }).notify(notification);
  const { headers, body } = server.received[0] ?? { headers: {}, body: '' };
  expect(headers['x-dwcp-timestamp']).toBe('1700000000');
  const digest = createHmac('sha256', 's3cret').update(`1700000000.${body}`).digest('hex');
  expect(headers['x-dwcp-signature']).toBe(`sha256=${digest}`);
});

test('user and password of the address become basic authentication', async () => {
  await using server = await receiver((response) => response.end());
  await hook(server.url.replace('//', '//u:p@')).notify(notification);
  expect(server.received[0]?.headers.authorization).toBe(`Basic ${btoa('u:p')}`);
});

describe('answers', () => {
  test.each([
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])('%d: worth another try: %s', async (status, retryable) => {
    await using server = await receiver((response) => response.writeHead(status).end('because'));
    const error = await failureOf(hook(server.url));
    expect(error).toMatchObject({ retryable, retryAfterMs: undefined, backend: 'hook' });
    expect(error.message).toBe(`hook: POST ${server.url}: answered ${status}: because`);
  });

  test('Retry-After is read as seconds and as a date', async () => {
    for (const value of ['7', new Date(1_700_000_007_999).toUTCString()]) {
      await using server = await receiver((response) => {
        response.writeHead(429, { 'retry-after': value }).end();
      });
      const { retryAfterMs = 0 } = await failureOf(hook(server.url));
      expect(Math.round(retryAfterMs / 1_000)).toBeGreaterThanOrEqual(6);
      expect(retryAfterMs).toBeLessThanOrEqual(7_000);
    }
  });

  test('a redirect is not followed, and told', async () => {
    await using target = await receiver((response) => response.end());
    await using server = await receiver((response) => {
      response.writeHead(307, { location: target.url }).end();
    });
    const error = await failureOf(hook(server.url));
    expect(error.retryable).toBe(false);
    expect(error.message).toContain('a redirect, which is not followed: set the final address');
    expect(target.received).toEqual([]);
  });

  test('an endless answer is cut, and its status counts', async () => {
    await using server = await receiver((response) => {
      response.writeHead(200);
      const flood = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        response.once('drain', flood);
      };
      flood();
    });
    await expect(hook(server.url).notify(notification)).resolves.toBeUndefined();
  });

  test('a connection that closes without an answer is worth another try', async () => {
    await using server = await receiver((_, socket) => socket.destroy());
    expect(await failureOf(hook(server.url))).toMatchObject({ retryable: true });
  });

  test('a receiver that hangs is given up after the time-out', async () => {
    const clock = new ManualClock();
    const arrived = Promise.withResolvers<void>();
    await using server = await receiver(() => {
      arrived.resolve();
    });
    const failure = failureOf(hook(server.url, { clock }));
    await arrived.promise;
    await clock.advance(10_000);
    const error = await failure;
    expect(error.message).toContain('no answer within 10000 ms');
    expect(error.retryable).toBe(true);
  });

  test('nobody listening is worth another try', async () => {
    const server = await receiver(() => undefined);
    await server[Symbol.asyncDispose]();
    const error = await failureOf(hook(server.url));
    expect(error.retryable).toBe(true);
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('an abort ends the exchange', async () => {
    const abort = new AbortController();
    await using server = await receiver(() => {
      abort.abort();
    });
    await expect(hook(server.url).notify(notification, { signal: abort.signal })).rejects.toThrow(
      'The operation was aborted',
    );
  });
});

describe('addresses', () => {
  test.each([
    ['not an address', 'not an address; write https://host/path'],
    ['ftp://example.org/', 'use http or https'],
    ['http://127.0.0.1:9000/x', 'private network; set allowPrivateNetwork: true'],
    ['http://2130706433/', 'private network'],
    ['http://localhost/', 'private network'],
    ['http://169.254.169.254/latest/meta-data', 'metadata'],
    ['http://[fe80::1]/', 'link-local'],
  ])('%s is refused when it is configured', (url, problem) => {
    const make = (): WebhookNotifier => hook(url, { allowPrivateNetwork: false });
    expect(make).toThrow(InvalidInputError);
    expect(make).toThrow(problem);
  });

  test('a name that resolves to a private address is refused when the connection is made', async () => {
    await using server = await receiver((response) => response.end());
    const error = await failureOf(
      hook(`http://rebind.example:${server.port}/`, {
        allowPrivateNetwork: false,
        resolve: async () => ['127.0.0.1'],
      }),
    );
    expect(error.message).toContain('rebind.example: 127.0.0.1 is in a private network');
    expect(error.retryable).toBe(false);
    expect(server.received).toEqual([]);
  });

  test('a name that resolves to a metadata service is refused even with private networks allowed', async () => {
    const error = await failureOf(
      hook('http://rebind.example/', { resolve: async () => ['169.254.169.254'] }),
    );
    expect(error.message).toContain('metadata');
  });

  test('of several addresses only the allowed ones are used', async () => {
    await using server = await receiver((response) => response.end());
    const notifier = hook(`http://both.example:${server.port}/`, {
      resolve: async () => ['169.254.169.254', '127.0.0.1'],
    });
    await notifier.notify(notification);
    expect(server.received).toHaveLength(1);
  });

  test('a name that does not resolve is worth another try', async () => {
    const failing = { resolve: () => Promise.reject(new Error('getaddrinfo EAI_AGAIN')) };
    expect(await failureOf(hook('http://later.example/', failing))).toMatchObject({
      retryable: true,
    });
  });

  test('secrets of an address are not shown', () => {
    const url = new URL('https://u:p@h.example/services/T0123456789ABCDEFGH/x?token=abc');
    expect(maskUrl(url)).toBe('https://***@h.example/services/***/x?***');
    expect(maskUrl(new URL('http://h:1/short'))).toBe('http://h:1/short');
  });

  test('secrets of an address are not shown when the receiver repeats them', async () => {
    await using server = await receiver((response, _, path) =>
      response.writeHead(404).end(`Cannot POST ${path}; try ${decodeURIComponent(path)}`),
    );
    const url = `${server.url}/T0123456789ABCDEFGH?token=a%2Fsecret`;
    const { message } = await failureOf(hook(url.replace('//', '//user:pass%2Fword@')));
    expect(message).toContain('answered 404');
    expect(message).not.toMatch(/T0123456789ABCDEFGH|secret|word/);
  });

  test('headers of ours cannot be replaced', () => {
    expect(() => hook('http://h.example/', { headers: { 'Idempotency-Key': 'x' } })).toThrow(
      'cannot be set',
    );
  });
});

test('a receiver that is busy, fails, hangs and closes gets the notification in the end, under one key', async () => {
  const clock = new ManualClock();
  const answers: ((response: ServerResponse, socket: Socket) => void)[] = [
    (response) => response.writeHead(429, { 'retry-after': '2' }).end(),
    (response) => response.writeHead(500).end(),
    () => undefined,
    (_, socket) => socket.destroy(),
    (response) => response.end(),
  ];
  await using server = await receiver((response, socket) => answers.shift()?.(response, socket));
  const queue = new NotificationQueue({
    notifiers: [hook(server.url, { clock })],
    clock,
    log: silentLog,
    metrics: new RuleMetrics(undefined),
  });
  queue.push(notification);
  while (queue.deliveries()[0]?.outcome === 'waiting') await clock.advance(500);
  expect(queue.deliveries()[0]).toMatchObject({ outcome: 'delivered', attempts: 5 });
  const keys = server.received.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual(Array.from({ length: 5 }, () => notification.idempotencyKey));
});
