import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

import { AlertmanagerNotifier, WebhookNotifier } from '@dwcp/alerting';
import { type Notifier } from '@dwcp/core';
import {
  ManualClock,
  notifierContract,
  type NotifierUnderTest,
  type ReceiverAnswer,
} from '@dwcp/testing';

interface Kind {
  readonly notifier: (address: string) => Notifier;
  readonly statusOf: (body: string) => string;
}

/** A receiver on this machine that does what it is told with each request. */
async function openReceiver({ notifier, statusOf }: Kind): Promise<NotifierUnderTest> {
  const received: { readonly key: string; readonly status: string }[] = [];
  let kind: ReceiverAnswer = 'accept';
  let busyStatus = 503;
  const answers: Record<ReceiverAnswer, (response: ServerResponse) => void> = {
    accept: (response) => response.writeHead(202).end(),
    busy: (response) => {
      busyStatus = busyStatus === 503 ? 429 : 503;
      response.writeHead(busyStatus).end('later');
    },
    refuse: (response) => response.writeHead(400).end('no such receiver'),
    hang: () => undefined,
    close: (response) => response.destroy(),
  };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({
        key: String(request.headers['idempotency-key']),
        status: statusOf(body),
      });
      answers[kind](response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    notifier: notifier(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    answer: (next) => {
      kind = next;
    },
    received: () => received.map(({ key }) => key),
    receivedStatuses: () => received.map(({ status }) => status),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// Stands still, so that no time-out ends what the contract wants ended by other means.
const clock = new ManualClock();

notifierContract('WebhookNotifier', () =>
  openReceiver({
    notifier: (address) =>
      new WebhookNotifier({
        name: 'hook',
        url: `${address}/hook`,
        allowPrivateNetwork: true,
        clock,
      }),
    statusOf: (body) => (JSON.parse(body) as { readonly status: string }).status,
  }),
);

notifierContract('AlertmanagerNotifier', () =>
  openReceiver({
    notifier: (address) => new AlertmanagerNotifier({ name: 'am', url: address, clock }),
    // It has no word for it: an alert is over when its end has come.
    statusOf: (body) =>
      (JSON.parse(body) as { readonly endsAt: string }[]).some(
        ({ endsAt }) => Date.parse(endsAt) > clock.nowUnixMs(),
      )
        ? 'firing'
        : 'resolved',
  }),
);
