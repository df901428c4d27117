import { request } from 'node:http';

import { Pushgateway } from '@dwcp/metrics-collector';
import { Child, findProgram, freePort, wants } from '@dwcp/testing';
import { ManualClock } from '@dwcp/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { sendTo, shown } from './harness.ts';
import { protobufScenarios } from './protobuf-table.ts';
import { pushScenarios, type PushStep } from './push-table.ts';

const program = findProgram('prometheus-pushgateway');

describe.skipIf(program === undefined)(
  `beside the real Pushgateway (${wants('prometheus-pushgateway')})`,
  () => {
    let real: Child;
    let url: string;

    beforeAll(async () => {
      const address = `127.0.0.1:${await freePort()}`;
      url = `http://${address}`;
      real = await Child.start({
        program: program ?? '',
        args: [
          `--web.listen-address=${address}`,
          '--web.enable-admin-api',
          '--persistence.file=',
          '--log.level=error',
        ],
        readyUrl: `${url}/-/ready`,
      });
    });
    afterAll(() => real.end());

    const compared = [...pushScenarios, ...protobufScenarios].filter(
      ({ departs }) => departs === undefined,
    );

    test.each(compared)('$title', async ({ steps }) => {
      await fetch(`${url}/api/v1/admin/wipe`, { method: 'PUT' });
      await using ours = await Pushgateway.open({ clock: new ManualClock() });
      for (const step of steps) {
        const status = await sendTo(ours, step);
        const theirs = await send(url, step);
        const what = `${step.method} /metrics/${step.path}: ${theirs.text}`;
        const exposition = await fetch(`${url}/metrics`).then((answer) => answer.text());
        expect({ what, status, ...shown(ours.expose('text')) }).toEqual({
          what,
          status: theirs.status,
          ...shown(exposition),
        });
      }
    });
  },
);

/** `fetch` would tidy up the path. */
function send(url: string, step: PushStep): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const { hostname, port } = new URL(url);
  const sent = request(
    {
      hostname,
      port,
      method: step.method,
      path: `/metrics/${step.path}`,
      headers: step.contentType === undefined ? {} : { 'content-type': step.contentType },
    },
    (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    },
  );
  sent.on('error', reject);
  sent.end(step.body ?? '');
  return promise;
}
