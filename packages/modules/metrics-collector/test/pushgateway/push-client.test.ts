import { InvalidInputError } from '@dwcp/core';
import {
  groupingPath,
  parseGroupingPath,
  PushClient,
  type PushClientOptions,
} from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

/** Gateways by host: the status they answer, or undefined when they are down. */
function setUp(options: Partial<PushClientOptions> = {}): {
  readonly clock: ManualClock;
  readonly client: PushClient;
  readonly answers: Map<string, number | undefined>;
  readonly requests: string[];
} {
  const clock = new ManualClock();
  const requests: string[] = [];
  const answers = new Map<string, number | undefined>([
    ['main:9091', 200],
    ['pc2:9092', 200],
  ]);
  const client = new PushClient({
    gateways: ['http://main:9091', 'http://pc2:9092/'],
    job: 'worker',
    jobPrefix: 'phase2_pilot',
    grouping: { instance: 'w1' },
    expose: () => 'm 1\n',
    clock,
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      requests.push(`${init?.method} ${url.host}${url.pathname}`);
      const status = answers.get(url.host);
      if (status === undefined)
        throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') });
      return new Response(null, { status });
    },
    ...options,
  });
  return { clock, client, answers, requests };
}

const PATH = '/metrics/job/phase2_pilot_worker/instance/w1';

test('pushes to the primary gateway every 15 s, under the job with its prefix', async () => {
  const { clock, client, requests } = setUp();
  client.start();
  await clock.advance(30_000);
  await client[Symbol.asyncDispose]();
  await clock.advance(60_000);
  expect(requests).toEqual([
    `PUT main:9091${PATH}`,
    `PUT main:9091${PATH}`,
    `PUT main:9091${PATH}`,
  ]);
});

test('takes the fallback while the primary is down, and cleans up behind itself on return', async () => {
  const { clock, client, answers, requests } = setUp();
  client.start();
  await clock.advance(0);
  answers.set('main:9091', undefined);
  await clock.advance(15_000);
  expect(client.status()).toMatchObject({
    gateway: 'pc2:9092',
    pushes: 2,
    switches: 1,
    failures: 0,
  });
  answers.set('main:9091', 503);
  await clock.advance(15_000);
  expect(client.status()).toMatchObject({ gateway: 'pc2:9092', switches: 1 });
  answers.set('main:9091', 200);
  requests.length = 0;
  await clock.advance(30_000);
  await client[Symbol.asyncDispose]();
  expect(client.status()).toMatchObject({ gateway: 'main:9091', switches: 2 });
  expect(requests).toEqual([
    `PUT main:9091${PATH}`,
    `DELETE pc2:9092${PATH}`,
    `PUT main:9091${PATH}`,
  ]);
});

test('counts what no gateway took and says why, and does not repeat what is wrong in itself', async () => {
  const { client, answers, requests } = setUp();
  answers.set('main:9091', undefined);
  answers.set('pc2:9092', 429);
  expect(await client.push()).toBe(false);
  expect(client.status()).toMatchObject({ pushes: 0, failures: 1 });
  expect(client.status().error).toMatch(/^main:9091: ECONNREFUSED; pc2:9092: status 429/);
  requests.length = 0;
  answers.set('main:9091', 400);
  expect(await client.push()).toBe(false);
  expect(requests).toEqual([`PUT main:9091${PATH}`]);
});

test('a push that takes longer than the interval is not overtaken', async () => {
  const { clock, client } = setUp({
    timeoutMs: 40_000,
    fetch: (_input, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
      }),
    gateways: ['http://main:9091'],
  });
  client.start();
  await clock.advance(39_000);
  expect(client.status()).toMatchObject({ skipped: 2, failures: 0 });
  await clock.advance(1_000);
  expect(client.status()).toMatchObject({
    failures: 1,
    error: 'main:9091: no answer within 40000 ms',
  });
  const closed = client[Symbol.asyncDispose]();
  await clock.advance(60_000);
  await closed;
});

test('any job and label value survives the path', () => {
  for (const value of ['a', 'a/b', '.', '..', 'Προ μ', 'a@b', '%2F', '']) {
    const { labels } = parseGroupingPath(groupingPath('a/b c', { x: value }));
    expect(labels).toEqual([
      ['job', 'a/b c'],
      ['x', value],
    ]);
  }
});

test('wrong options are named', () => {
  expect(() => setUp({ gateways: [] })).toThrow(InvalidInputError);
  expect(() => setUp({ gateways: ['main:9091'] })).toThrow(
    'gateways: "main:9091" is no http or https URL',
  );
  expect(() => setUp({ grouping: { job: 'x' } })).toThrow(
    'grouping: "job" is no name for a label here',
  );
  expect(() => setUp({ intervalMs: 5 })).toThrow('intervalMs: must be at least 100, got 5');
});
