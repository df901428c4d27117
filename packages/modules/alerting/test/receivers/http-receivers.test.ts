import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DeliveryError, MemoryOutboxJournal, Outbox } from '@dwcp/alerting';
import {
  createIntegration,
  createIntegrations,
  type GlobalSettings,
  type HttpSettings,
  type Integration,
  notificationFor,
  type ReceiverOptions,
  type ReceiverSettings,
} from '@dwcp/alerting/receivers';
import { InvalidInputError } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { TEST_CERTIFICATE } from './certificate.ts';
import { firingAlert, notificationOf, resolvedAlert } from './fixtures.ts';
import { type Answer, openReceiver } from './http-server.ts';

const accept: Answer = (response) => response.writeHead(202).end('{"status":"success"}');
const notification = notificationOf([firingAlert({ instance: 'a' })]);

function only(
  settings: Omit<ReceiverSettings, 'name'>,
  options: ReceiverOptions & { readonly global?: GlobalSettings } = {},
): Integration {
  const { global = {}, ...rest } = options;
  const [integration] = createIntegrations({ name: 'team', ...settings }, global, {
    allowPrivateNetwork: true,
    clock: new ManualClock(1_700_000_000_999),
    ...rest,
  });
  if (integration === undefined) throw new Error('an integration was expected');
  return integration;
}

async function failureOf({ notifier }: Integration): Promise<DeliveryError> {
  const error: unknown = await notifier.notify(notification).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DeliveryError) return error;
  throw new Error('a DeliveryError was expected', { cause: error });
}

/** Each kind of HTTP receiver at an address. */
const kinds: Readonly<Record<string, (url: string) => Omit<ReceiverSettings, 'name'>>> = {
  pagerduty: (url) => ({ pagerduty_configs: [{ url, routing_key: 'SECRET-KEY' }] }),
  slack: (url) => ({ slack_configs: [{ api_url: `${url}/services/SECRET-KEY` }] }),
  'slack bot': (url) => ({
    slack_configs: [{ app_url: url, app_token: 'SECRET-KEY', channel: '#ops' }],
  }),
  opsgenie: (url) => ({ opsgenie_configs: [{ api_url: url, api_key: 'SECRET-KEY' }] }),
  msteamsv2: (url) => ({ msteamsv2_configs: [{ webhook_url: `${url}/SECRET-KEY` }] }),
  webhook: (url) => ({ webhook_configs: [{ url: `${url}/?token=SECRET-KEY` }] }),
};

describe.each(Object.entries(kinds))('%s', (_, settingsOf) => {
  test('is told with an idempotency key', async () => {
    await using server = await openReceiver(accept);
    await only(settingsOf(server.url)).notifier.notify(notification);
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.headers).toMatchObject({ 'idempotency-key': 'key-1' });
    expect(JSON.parse(server.received[0]?.body ?? '')).toBeTypeOf('object');
  });

  test('no error shows its secret, even where the receiver repeats it', async () => {
    await using server = await openReceiver((response, _socket, { path, body }) => {
      response.writeHead(400).end(`bad key SECRET-KEY in ${path} ${body}`);
    });
    const error = await failureOf(only(settingsOf(server.url)));
    expect(error.retryable).toBe(false);
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('SECRET-KEY');
    expect(error.message).toContain('answered 400: bad key ***');
  });

  test('busy, failing, hanging and closing receivers get it in the end, under one key', async () => {
    const clock = new ManualClock();
    const answers: Answer[] = [
      (response) => response.writeHead(429, { 'retry-after': '7' }).end(),
      (response) => response.writeHead(500).end(),
      () => undefined,
      (_response, socket) => socket.destroy(),
      (response, socket) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => socket.destroy());
      },
      accept,
    ];
    await using server = await openReceiver((...args) => answers.shift()?.(...args));
    const { notifier, name } = only(settingsOf(server.url), { clock });
    await using outbox = await Outbox.open({
      notifiers: [notifier],
      journal: new MemoryOutboxJournal(),
      clock,
    });
    await outbox.accept([{ integration: name, notification }]);
    await expect.poll(() => server.received.length).toBe(1);
    while (outbox.deliveries()[0]?.outcome === 'waiting') await clock.advance(500);
    expect(outbox.deliveries()[0]).toMatchObject({ outcome: 'delivered', attempts: 6 });
    const keys = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual(Array.from({ length: 6 }, () => 'key-1'));
  });

  test('in a private network it is refused unless that is allowed', async () => {
    const make = (): Integration =>
      only(settingsOf('http://10.1.2.3'), { allowPrivateNetwork: false });
    expect(make).toThrow(InvalidInputError);
    expect(make).toThrow('set allowPrivateNetwork: true');
    expect(() => only(settingsOf('http://169.254.169.254'))).toThrow('link-local');
  });

  test('a name that leads into a private network is refused when connecting', async () => {
    await using server = await openReceiver(accept);
    const error = await failureOf(
      only(settingsOf(`http://rebind.example:${server.port}`), {
        allowPrivateNetwork: false,
        resolve: async () => ['127.0.0.1'],
      }),
    );
    expect(error.message).toContain('private network');
    expect(error.retryable).toBe(false);
    expect(server.received).toEqual([]);
  });
});

test('send_resolved is off for Slack and email unless it is set, on for the others', () => {
  const email = { to: 'a@example.org', from: 'b@example.org', smarthost: '127.0.0.1:25' };
  const integrations = createIntegrations(
    {
      name: 'r',
      pagerduty_configs: [{ routing_key: 'x' }],
      slack_configs: [
        { api_url: 'https://s.example/' },
        { api_url: 'https://s.example/', send_resolved: true },
      ],
      email_configs: [email],
      webhook_configs: [{ url: 'https://w.example/' }],
      opsgenie_configs: [{ api_key: 'x' }],
      msteamsv2_configs: [{ webhook_url: 'https://t.example/' }],
    },
    {},
    { allowPrivateNetwork: true },
  );
  expect(integrations.map(({ name, sendResolved }) => `${name} ${sendResolved}`)).toEqual([
    'r/pagerduty[0] true',
    'r/slack[0] false',
    'r/slack[1] true',
    'r/email[0] false',
    'r/webhook[0] true',
    'r/opsgenie[0] true',
    'r/msteamsv2[0] true',
  ]);
});

test('without send_resolved, alerts that are over are left out', () => {
  const both = notificationOf([firingAlert({ i: '1' }), resolvedAlert({ i: '2' })]);
  const over = notificationOf([resolvedAlert()]);
  expect(notificationFor({ sendResolved: false }, both)?.alerts).toHaveLength(1);
  expect(notificationFor({ sendResolved: false }, over)).toBeUndefined();
  expect(notificationFor({ sendResolved: true }, over)).toBe(over);
});

describe('Slack as a bot', () => {
  const settings = kinds['slack bot'] ?? (() => ({}));

  test('sends its token in the header alone', async () => {
    await using server = await openReceiver((response) => response.end('{"ok":true}'));
    await only(settings(server.url)).notifier.notify(notification);
    const [request] = server.received;
    expect(request?.headers.authorization).toBe('Bearer SECRET-KEY');
    expect(request?.body).not.toContain('SECRET-KEY');
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ channel: '#ops' });
  });

  test.each([
    ['ratelimited', true],
    ['internal_error', true],
    ['channel_not_found', false],
    ['msg_blocks_too_long', false],
  ])('a 200 that says %s is a failure, worth another try: %s', async (error, retryable) => {
    await using server = await openReceiver((response) => {
      response.end(JSON.stringify({ ok: false, error }));
    });
    expect(await failureOf(only(settings(server.url)))).toMatchObject({
      retryable,
      message: `team/slack[0]: refused: ${error}`,
    });
  });
});

describe('secrets in files', () => {
  test('are read for each notification, so that they can change', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'dwcp-receivers-'));
    try {
      const file = join(dir, 'key');
      await using server = await openReceiver(accept);
      const { notifier } = only({
        opsgenie_configs: [{ api_url: server.url, api_key_file: file }],
      });
      await expect(notifier.notify(notification)).rejects.toMatchObject({ retryable: true });
      for (const key of ['first', 'second']) {
        await writeFile(file, `${key}\n`);
        await notifier.notify(notification);
      }
      expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
        'GenieKey first',
        'GenieKey second',
      ]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test('an address in a file is checked when it is used', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'dwcp-receivers-'));
    try {
      const file = join(dir, 'url');
      await writeFile(file, 'http://169.254.169.254/latest');
      const error = await failureOf(only({ slack_configs: [{ api_url_file: file }] }));
      expect(error.message).toContain('link-local');
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('http_config', () => {
  test('a certificate of a given authority is trusted, others are not', async () => {
    await using server = await openReceiver(accept, { tls: true });
    const at = (tls_config?: { readonly ca: string }): Integration =>
      only({
        webhook_configs: [
          { url: server.url, ...(tls_config === undefined ? {} : { http_config: { tls_config } }) },
        ],
      });
    await at({ ca: TEST_CERTIFICATE }).notifier.notify(notification);
    expect(server.received).toHaveLength(1);
    const error = await failureOf(at());
    expect(error.message).toMatch(/self.signed certificate/);
    expect(server.received).toHaveLength(1);
  });

  test.each([
    [{ authorization: { credentials: 'T0KEN' } }, 'Bearer T0KEN'],
    [{ authorization: { type: 'Custom', credentials: 'T0KEN' } }, 'Custom T0KEN'],
    [{ basic_auth: { username: 'u', password: 'p' } }, `Basic ${btoa('u:p')}`],
    [{ http_headers: { Authorization: { secrets: ['x'] } } }, 'x'],
  ])('%j is sent as %s', async (http_config, authorization) => {
    await using server = await openReceiver(accept);
    const global = { http_config };
    await only({ webhook_configs: [{ url: server.url }] }, { global }).notifier.notify(
      notification,
    );
    expect(server.received[0]?.headers.authorization).toBe(authorization);
  });
});

test('a webhook with a secret is signed', async () => {
  await using server = await openReceiver(accept);
  const { notifier } = only({ webhook_configs: [{ url: server.url, secret: 's3cret' }] });
  await notifier.notify(notification);
  const { headers, body } = server.received[0] ?? { headers: {}, body: '' };
  const digest = createHmac('sha256', 's3cret').update(`1700000000.${body}`).digest('hex');
  expect(headers).toMatchObject({
    'x-dwcp-timestamp': '1700000000',
    'x-dwcp-signature': `sha256=${digest}`,
  });
  expect(JSON.parse(body)).toMatchObject({ version: '4', receiver: 'team' });
});

test('a time-out is kept', async () => {
  const clock = new ManualClock();
  const arrived = Promise.withResolvers<void>();
  await using server = await openReceiver(() => {
    arrived.resolve();
  });
  const failure = failureOf(
    only({ webhook_configs: [{ url: server.url, timeout: '3s' }] }, { clock }),
  );
  await arrived.promise;
  await clock.advance(3_000);
  expect((await failure).message).toContain('no answer within 3000 ms');
});

const withProxy: HttpSettings & { readonly proxy_url: string } = { proxy_url: 'http://p' };

test.each<readonly [Omit<ReceiverSettings, 'name'>, string]>([
  [{ pagerduty_configs: [{}] }, 'pagerduty_configs.routing_key: is not set'],
  [
    { pagerduty_configs: [{ routing_key: 'a', routing_key_file: 'b' }] },
    'pagerduty_configs.routing_key: and its _file are both set',
  ],
  [{ slack_configs: [{}] }, 'slack_configs.api_url: is not set'],
  [{ slack_configs: [{ api_url: 'x', app_token: 'y' }] }, 'and app_token are both set'],
  [{ slack_configs: [{ app_token: 'y' }] }, 'slack_configs.channel: is not set'],
  [{ opsgenie_configs: [{}] }, 'opsgenie_configs.api_key: is not set'],
  [{ msteamsv2_configs: [{}] }, 'msteamsv2_configs.webhook_url: is not set'],
  [{ webhook_configs: [{ url: 'nonsense' }] }, 'not an address; write https://host/path'],
  [{ webhook_configs: [{ url: 'http://h/', timeout: 'soon' }] }, '"soon" is not a duration'],
  [
    { webhook_configs: [{ url: 'http://h/', http_config: withProxy }] },
    'http_config.proxy_url: is not supported',
  ],
  [{ email_configs: [{ to: 'a@b', from: 'c@d' }] }, 'write smtp.example.org:587'],
  [{ email_configs: [{ to: 'a@b', smarthost: 'h:25' }] }, 'email_configs.from: is not set'],
])('%j is refused: %s', (settings, problem) => {
  expect(() => only(settings)).toThrow(problem);
});

test('an entry of a configuration that was read makes the integration of that name', async () => {
  await using server = await openReceiver((response) => response.end('{"ok":true}'));
  const settings = { app_url: server.url, api_url: server.url, app_token: 'T0KEN', channel: '#c' };
  const entry = { name: 'r/slack[3]', receiver: 'r', type: 'slack', sendResolved: true, settings };
  const options = { allowPrivateNetwork: true };
  const integration = createIntegration(entry, options);
  await integration?.notifier.notify(notification);
  expect(integration).toMatchObject({ name: 'r/slack[3]', kind: 'slack', sendResolved: true });
  expect(integration?.notifier.name).toBe('r/slack[3]');
  expect(server.received[0]?.headers.authorization).toBe('Bearer T0KEN');
  expect(createIntegration({ ...entry, type: 'telegram' }, options)).toBeUndefined();
});

test('addresses, keys and a payload of its own may be templates', async () => {
  await using server = await openReceiver(accept);
  const url = `${server.url}/{{ .CommonLabels.instance }}`;
  const payload = { text: '{{ .Status }}', list: [{ n: 1, of: '{{ .Alerts | len }}' }] };
  await only({ webhook_configs: [{ url, payload, timeout: '1.5s' }] }).notifier.notify(
    notification,
  );
  await only({
    opsgenie_configs: [{ api_url: server.url, api_key: 'k-{{ .CommonLabels.instance }}' }],
  }).notifier.notify(notification);
  const [hook, opsgenie] = server.received;
  expect(hook?.path).toBe('/a');
  expect(JSON.parse(hook?.body ?? '')).toEqual({ text: 'firing', list: [{ n: 1, of: '1' }] });
  expect(opsgenie?.headers.authorization).toBe('GenieKey k-a');
});

test('an address that a template makes is checked as any other', async () => {
  const error = await failureOf(
    only({ webhook_configs: [{ url: 'http://169.254.169.254/{{ .Status }}' }] }),
  );
  expect(error.message).toContain('link-local');
});
