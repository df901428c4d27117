import { once } from 'node:events';
import { type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';

import { createIntegrations, type ReceiverSettings } from '@dwcp/alerting/receivers';
import { type Notifier } from '@dwcp/core';
import {
  ManualClock,
  notifierContract,
  type NotifierUnderTest,
  type ReceiverAnswer,
} from '@dwcp/testing';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts';
import { openReceiver } from './http-server.ts';

function notifierOf(settings: Omit<ReceiverSettings, 'name'>): Notifier {
  const [integration] = createIntegrations(
    { name: 'team', ...settings },
    {},
    {
      allowPrivateNetwork: true,
      // Stands still, so that no time-out ends what the contract wants ended by other means.
      clock: new ManualClock(),
    },
  );
  if (integration === undefined) throw new Error('an integration was expected');
  return integration.notifier;
}

async function openPagerduty(): Promise<NotifierUnderTest> {
  let kind: ReceiverAnswer = 'accept';
  let busyStatus = 503;
  const answers: Record<ReceiverAnswer, (response: ServerResponse) => void> = {
    accept: (response) => response.writeHead(202).end(),
    busy: (response) => {
      busyStatus = busyStatus === 503 ? 429 : 503;
      response.writeHead(busyStatus).end();
    },
    refuse: (response) => response.writeHead(400).end(),
    hang: () => undefined,
    close: (response) => response.destroy(),
  };
  const server = await openReceiver((response) => {
    answers[kind](response);
  });
  return {
    notifier: notifierOf({ pagerduty_configs: [{ url: server.url, routing_key: 'x' }] }),
    answer: (next) => {
      kind = next;
    },
    received: () => server.received.map(({ headers }) => String(headers['idempotency-key'])),
    receivedStatuses: () =>
      server.received.map(({ body }) => {
        const event = JSON.parse(body) as { readonly event_action: string };
        return event.event_action === 'trigger' ? 'firing' : 'resolved';
      }),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
    },
  };
}

async function openMailServer(): Promise<NotifierUnderTest> {
  const texts: string[] = [];
  let kind: ReceiverAnswer = 'accept';
  const sockets = new Set<Socket>();
  const failure = (responseCode: number): Error => Object.assign(new Error('no'), { responseCode });
  const answers: Record<ReceiverAnswer, (done: (error?: Error) => void) => void> = {
    accept: (done) => {
      done();
    },
    busy: (done) => {
      done(failure(451));
    },
    refuse: (done) => {
      done(failure(550));
    },
    hang: () => undefined,
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  const server = new SMTPServer({
    cert: TEST_CERTIFICATE,
    key: TEST_KEY,
    authOptional: true,
    closeTimeout: 100,
    onData: (stream, _session: SMTPServerSession, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => {
        texts.push(text);
        answers[kind](done);
      });
    },
  });
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const find = (pattern: RegExp): readonly string[] =>
    texts.map((text) => pattern.exec(text)?.[1] ?? '');
  return {
    notifier: notifierOf({
      email_configs: [
        {
          to: 'ops@example.org',
          from: 'mon@example.org',
          smarthost: `127.0.0.1:${port}`,
          tls_config: { ca: TEST_CERTIFICATE },
          headers: { 'X-Status': '{{ .Status }}' },
        },
      ],
    }),
    answer: (next) => {
      kind = next;
    },
    received: () => find(/^X-DWCP-Idempotency-Key: (.*?)\r?$/im),
    receivedStatuses: () => find(/^X-Status: (\w+)/im),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(resolve);
      });
    },
  };
}

notifierContract('PagerDuty', openPagerduty);
notifierContract('Email', openMailServer);
