import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

import { WebhookNotifier } from '@dwcp/alerting';
import {
  ManualClock,
  notifierContract,
  type NotifierUnderTest,
  type ReceiverAnswer,
} from '@dwcp/testing';

/** A webhook receiver on this machine that does what it is told with each request. */
async function openReceiver(): Promise<NotifierUnderTest> {
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
      const { status } = JSON.parse(body) as { readonly status: string };
      received.push({ key: String(request.headers['idempotency-key']), status });
      answers[kind](response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    notifier: new WebhookNotifier({
      name: 'hook',
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
      allowPrivateNetwork: true,
      // Stands still, so that no time-out ends what the contract wants ended by other means.
      clock: new ManualClock(),
    }),
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

notifierContract('WebhookNotifier', openReceiver);
