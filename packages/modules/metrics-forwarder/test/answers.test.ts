import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { MemoryPositionStore } from '@dwcp/metrics-forwarder';
import { expect, test } from 'vitest';

import { ArrayFeed } from './support/array-feed.ts';
import { Harness, type HarnessOptions } from './support/harness.ts';
import { type Behaviour, Receiver } from './support/receiver.ts';
import { batchOf } from './support/rows.ts';

/** Answers the first requests so, the others with success. */
async function opened(
  behaviours: readonly Behaviour[],
  options: HarnessOptions = {},
): Promise<Harness> {
  const harness = await Harness.open({ batchDelayMs: 0, ...options });
  const { behave } = harness.receiver;
  harness.receiver.behave = (request, index) => behaviours[index] ?? behave(request, index);
  return harness;
}

async function waitAfter(behaviour: Behaviour, options: HarnessOptions = {}): Promise<number> {
  await using harness = await opened([behaviour], options);
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();
  return (harness.beganMs[1] ?? 0) - (harness.beganMs[0] ?? 0);
}

const later = (retryAfter: string): Behaviour => ({
  kind: 'answer',
  status: 429,
  headers: { 'Retry-After': retryAfter },
});

test('Retry-After is honoured in seconds and as a date, up to a bound', async () => {
  expect(await waitAfter(later('7'))).toBe(7_000);
  // The clock starts at 03:04:05.
  expect(await waitAfter(later('Fri, 02 Jan 2026 03:04:25 GMT'))).toBe(20_000);
  expect(await waitAfter(later('86400'), { maxRetryAfterMs: 30_000 })).toBe(30_000);
  expect(await waitAfter(later('nonsense'))).toBeLessThan(100);
  expect(await waitAfter(later('Fri, 02 Jan 2026 03:04:00 GMT'))).toBeLessThan(100);
});

test('without Retry-After the waits grow from the least to the greatest', async () => {
  await using harness = await opened(
    Array.from({ length: 6 }, () => ({ kind: 'answer', status: 503 })),
    { minBackoffMs: 100, maxBackoffMs: 1_000, random: () => 0 },
  );
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();

  const waits = harness.beganMs.slice(1).map((ms, i) => ms - (harness.beganMs[i] ?? 0));
  expect(waits).toEqual([50, 100, 200, 400, 500, 500]);
});

test('a redirect is not followed, and the samples wait for a better address', async () => {
  await using harness = await opened([]);
  harness.receiver.behave = () => ({
    kind: 'answer',
    status: 308,
    headers: { Location: `${harness.receiver.url}/elsewhere` },
  });
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.until(() => harness.receiver.requests.length > 2, 'it tries again');

  expect(new Set(harness.receiver.requests.map(({ path }) => path))).toEqual(
    new Set(['/api/v1/write']),
  );
  expect(harness.forwarder.status()).toMatchObject({ pending: 1, droppedByReason: {} });
  expect(harness.forwarder.status().lastError?.message).toBe(
    'answered 308, a redirect, which is not followed: set the final address',
  );
});

test('2xx without the headers of 2.0 means that nothing was written, and 1.0 is gone on with', async () => {
  await using harness = await opened([
    { kind: 'answer', status: 200 },
    { kind: 'answer', status: 200 },
  ]);
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();

  expect(harness.receiver.requests.map(({ series }) => series[0]?.values)).toEqual([[1], [1]]);
  expect(harness.forwarder.status()).toMatchObject({ version: '1.0', sent: 1, retried: 0 });
  expect(harness.logs.filter(({ message }) => message.includes('going on with 1.0'))).toHaveLength(
    1,
  );
});

test('2xx that says less was written than was sent is counted and told', async () => {
  await using harness = await opened([
    {
      kind: 'answer',
      status: 200,
      headers: { 'X-Prometheus-Remote-Write-Samples-Written': '1' },
    },
  ]);
  harness.feed.append(batchOf(['a', 1, 1], ['b', 1, 1], ['c', 1, 1]));
  await harness.settled();

  expect(harness.receiver.requests).toHaveLength(1);
  expect(harness.forwarder.status()).toMatchObject({
    sent: 1,
    droppedByReason: { not_written: 2 },
  });
  expect(harness.logs.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('a refusal after a request without an answer has a reason of its own', async () => {
  await using harness = await opened(
    [{ kind: 'hang' }, { kind: 'answer', status: 400, body: 'out of order' }],
    { timeoutMs: 1_000 },
  );
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();

  expect(harness.forwarder.status().droppedByReason).toEqual({ http_400_on_repeat: 1 });
});

test('a refusal after connections that never came about is like any other', async () => {
  await using harness = await Harness.open();
  const { port } = harness.receiver;
  await harness.receiver[Symbol.asyncDispose]();
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.until(() => harness.forwarder.status().retried > 1, 'it tries again');
  await using back = await Receiver.open(port);
  back.behave = () => ({ kind: 'answer', status: 400, body: 'bad' });
  await harness.settled();

  expect(harness.forwarder.status().droppedByReason).toEqual({ http_400: 1 });
});

test('refusals are told once a minute, with how many were left out', async () => {
  await using harness = await opened([]);
  harness.receiver.behave = () => ({ kind: 'answer', status: 400, body: 'bad' });
  for (let i = 0; i < 5; i++) {
    harness.feed.append(batchOf(['a', i, 1]));
    await harness.settled();
  }
  const told = (): readonly unknown[] =>
    harness.logs.filter(({ level }) => level === 'error').map(({ fields }) => fields['suppressed']);
  expect(told()).toEqual([undefined]);

  await harness.pass(61_000);
  harness.feed.append(batchOf(['a', 9, 1]));
  await harness.settled();
  expect(told()).toEqual([undefined, 4]);
  expect(harness.forwarder.status().droppedByReason).toEqual({ http_400: 6 });
});

test('an outage is told when it begins and when it is over', async () => {
  await using harness = await opened(
    Array.from({ length: 5 }, () => ({ kind: 'answer', status: 500 })),
  );
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();

  expect(harness.logs.map(({ level, message }) => [level, message])).toEqual([
    ['warn', 'remote write failed, trying again'],
    ['info', 'remote write goes on'],
  ]);
});

test('what an earlier process may have sent is taken apart when it is refused as known', async () => {
  const [feed, positions] = [new ArrayFeed(), new MemoryPositionStore()];
  await positions.save('there', '0');
  feed.append(batchOf(['a', 1, 1], ['a', 2, 2], ['a', 3, 3]), batchOf(['a', 4, 4], ['a', 5, 5]));
  await using harness = await Harness.open({ feed, positions });
  const { behave } = harness.receiver;
  // As Prometheus: all or nothing, and two samples are there already.
  let newest = 2;
  harness.receiver.behave = (request, index) => {
    const times = request.series.flatMap(({ timestamps }) => timestamps);
    if (Math.min(...times) <= newest) {
      return { kind: 'answer', status: 400, body: 'out of order sample' };
    }
    newest = Math.max(...times);
    return behave(request, index);
  };
  await harness.settled();

  expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual([3, 4, 5]);
  expect(harness.forwarder.status().droppedByReason).toEqual({ http_400_on_repeat: 2 });

  // What this process appended since is dropped at the first refusal.
  feed.append(batchOf(['a', 1, 1], ['a', 9, 9]));
  await harness.settled();
  expect(harness.forwarder.status().droppedByReason).toEqual({
    http_400: 2,
    http_400_on_repeat: 2,
  });
});

test('what a receiver knows of a repeat and counts no more has a reason of its own', async () => {
  const knowsAll: Behaviour = {
    kind: 'answer',
    status: 204,
    headers: { 'X-Prometheus-Remote-Write-Samples-Written': '0' },
  };
  const [feed, positions] = [new ArrayFeed(), new MemoryPositionStore()];
  await positions.save('there', '0');
  feed.append(batchOf(['a', 1, 1], ['a', 2, 2]));
  await using afterKill = await opened([knowsAll, knowsAll], { feed, positions });
  await afterKill.settled();
  expect(afterKill.forwarder.status().droppedByReason).toEqual({ not_written_on_repeat: 2 });
  feed.append(batchOf(['a', 3, 3]));
  await afterKill.settled();
  expect(afterKill.forwarder.status().droppedByReason).toEqual({
    not_written: 1,
    not_written_on_repeat: 2,
  });

  await using unanswered = await opened([{ kind: 'hang' }, knowsAll], { timeoutMs: 1_000 });
  unanswered.feed.append(batchOf(['a', 1, 1]));
  await unanswered.settled();
  expect(unanswered.forwarder.status().droppedByReason).toEqual({ not_written_on_repeat: 1 });
});

test('credentials are sent, files of them are read anew, and neither is ever told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dwcp-forwarder-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'first-token\n');
  await using harness = await Harness.open({
    authorization: { kind: 'bearer', tokenFile },
    headers: { 'X-Api-Key': 'key-in-a-header', 'X-Scope-OrgID': 'tenant' },
  });
  harness.receiver.behave = ({ headers }) => ({
    kind: 'answer',
    status: 401,
    body: `${headers.authorization} and ${headers['x-api-key']?.toString()} are no good`,
  });
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();
  await writeFile(tokenFile, 'second-token');
  harness.feed.append(batchOf(['a', 2, 2]));
  await harness.settled();
  await rm(tokenFile);
  harness.feed.append(batchOf(['a', 3, 3]));
  await harness.until(() => harness.forwarder.status().state === 'retrying', 'it tries again');

  expect(harness.receiver.requests.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer first-token',
    'Bearer second-token',
  ]);
  expect(harness.receiver.requests[0]?.headers['x-scope-orgid']).toBe('tenant');
  const told = JSON.stringify([harness.logs, harness.forwarder.status()]);
  expect(told).toContain('Bearer *** and *** are no good');
  expect(told).toContain(`authorization.tokenFile: cannot read ${tokenFile}: ENOENT`);
  expect(told).not.toMatch(/first-token|second-token|key-in-a-header/);
  await rm(folder, { recursive: true });
});

test('basic authentication is sent as such', async () => {
  await using harness = await opened([], {
    authorization: { kind: 'basic', username: 'me', password: 'päss' },
  });
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();

  const [scheme, pair = ''] = harness.receiver.requests[0]?.headers.authorization?.split(' ') ?? [];
  expect([scheme, Buffer.from(pair, 'base64').toString()]).toEqual(['Basic', 'me:päss']);
});

test('no connection is made to an address that the check refuses, by number or by name', async () => {
  const asked: (readonly [string, string])[] = [];
  for (const host of ['127.0.0.1', 'localhost']) {
    await using harness = await Harness.open();
    await using guarded = await Harness.open({
      url: `http://${host}:${harness.receiver.port}/write`,
      checkAddress: (address, hostname) => {
        asked.push([address, hostname]);
        return `${address} is private`;
      },
    });
    guarded.feed.append(batchOf(['a', 1, 1]));
    await guarded.until(() => guarded.forwarder.status().retried > 1, 'it tries again');

    expect(harness.receiver.requests).toEqual([]);
    expect(guarded.forwarder.status().lastError?.message).toMatch(/is private$/);
    expect(guarded.forwarder.status().pending).toBe(1);
  }
  expect(asked).toContainEqual(['127.0.0.1', '127.0.0.1']);
  expect(asked.some(([, hostname]) => hostname === 'localhost')).toBe(true);
});

test('an address that the check allows is connected to', async () => {
  await using harness = await opened([], { checkAddress: () => undefined });
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();
  expect(harness.receiver.accepted()).toHaveLength(1);
});
