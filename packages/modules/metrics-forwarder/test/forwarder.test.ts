import { BackendError, Labels, SampleBatchBuilder } from '@dwcp/core';
import { MemoryPositionStore } from '@dwcp/metrics-forwarder';
import { expect, test } from 'vitest';

import { ArrayFeed } from './support/array-feed.ts';
import { Harness } from './support/harness.ts';
import { acceptAll, Receiver } from './support/receiver.ts';
import { batchOf, labelsOf, type Row } from './support/rows.ts';

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

test('samples appended to the feed arrive with their labels, times and values', async () => {
  await using harness = await Harness.open();

  harness.feed.append(batchOf(['up{job="a"}', 1_000, 1], ['up{job="b"}', 1_000, 0]));
  harness.feed.append(batchOf(['up{job="a"}', 2_000, 2]));
  await harness.settled();

  const found = harness.receiver.accepted();
  expect(
    found.map(({ labels, timestamps, values }) => [labels.toString(), timestamps, values]),
  ).toEqual([
    ['up{job="a"}', [1_000, 2_000], [1, 2]],
    ['up{job="b"}', [1_000], [0]],
  ]);
  expect(harness.forwarder.status()).toMatchObject({
    state: 'running',
    pending: 0,
    position: '2',
    sent: 3,
    highestReadUnixMs: 2_000,
    highestSentUnixMs: 2_000,
    lagSeconds: 0,
    backlogBytes: 0,
  });
});

test('the first start begins at the end of the feed, and the position is kept from then on', async () => {
  const feed = new ArrayFeed();
  const positions = new MemoryPositionStore();
  feed.append(batchOf(['before', 1, 1]));
  await using harness = await Harness.open({ feed, positions });

  expect(await positions.load('there')).toBe('1');
  expect(feed.holds.get('remote-write/there')).toBe('1');
  feed.append(batchOf(['after', 2, 2]));
  await harness.settled();

  expect(harness.receiver.accepted().map(({ labels }) => labels.metricName)).toEqual(['after']);
});

test('a restart goes on behind what was acknowledged', async () => {
  const [feed, positions, receiver] = [
    new ArrayFeed(),
    new MemoryPositionStore(),
    await Receiver.open(),
  ];
  const first = await Harness.open({ feed, positions, receiver });
  feed.append(batchOf(['a', 1, 1]), batchOf(['a', 2, 2]));
  await first.settled();
  await first.close();
  feed.append(batchOf(['a', 3, 3]));
  expect(await positions.load('there')).toBe('2');
  expect(feed.holds.get('remote-write/there')).toBe('2');

  await using second = await Harness.open({ feed, positions, receiver });
  await second.settled();

  expect(receiver.accepted().flatMap(({ values }) => values)).toEqual([1, 2, 3]);
});

test('the position moves only past entries of which every shard has settled all', async () => {
  await using harness = await Harness.open({ minShards: 2, maxShards: 2, timeoutMs: 600_000 });
  const { behave } = harness.receiver;
  // The shard of series `a` hangs, that of `b` does not: their hashes differ by one.
  const isStuck = (series: string): boolean => series === 'a';
  harness.receiver.behave = (request, index) =>
    request.series.some(({ labels }) => isStuck(labels.metricName))
      ? { kind: 'hang' }
      : behave(request, index);

  harness.feed.append(batchOf(['b', 1, 1]), batchOf(['a', 2, 2]), batchOf(['b', 3, 3]));
  harness.feed.append(batchOf());
  await harness.until(() => harness.receiver.hanging === 1, 'one hangs');
  await harness.until(() => harness.forwarder.status().pending === 1, 'the other is done');

  expect(harness.forwarder.status()).toMatchObject({ position: '1', pending: 1 });
  harness.receiver.behave = behave;
  await harness.settled();
  expect(harness.forwarder.status().position).toBe('4');
});

test('a gap in the feed is counted and told, and what is behind it is sent', async () => {
  const feed = new ArrayFeed();
  const positions = new MemoryPositionStore();
  await positions.save('there', '1');
  feed.append(
    batchOf(['a', 1, 1]),
    batchOf(['a', 2, 2]),
    batchOf(['a', 3, 3]),
    batchOf(['a', 4, 4]),
  );
  feed.dropBefore('3');
  await using harness = await Harness.open({ feed, positions });
  await harness.settled();

  expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual([4]);
  expect(harness.instruments.values['dwcp_forward_gaps_total{destination="there"}']).toBe(1);
  expect(harness.logs.map(({ message }) => message)).toContain(
    'the feed lost samples before they were sent',
  );
});

test('a feed that cannot be read is tried again', async () => {
  await using harness = await Harness.open();
  harness.feed.failure = new BackendError('metric store', 'disk', { retryable: true });
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.pass(2_500);
  expect(
    harness.instruments.values['dwcp_forward_feed_failures_total{destination="there"}'],
  ).toBeGreaterThanOrEqual(2);

  harness.feed.failure = undefined;
  await harness.settled();
  expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual([1]);
});

test('a stored position that the feed does not know is a gap, and the end is gone on from', async () => {
  const feed = new ArrayFeed();
  const positions = new MemoryPositionStore();
  await positions.save('there', 'of another store');
  feed.append(batchOf(['a', 1, 1]));
  await using harness = await Harness.open({ feed, positions });
  feed.append(batchOf(['a', 2, 2]));
  await harness.settled();

  expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual([2]);
  expect(harness.instruments.values['dwcp_forward_gaps_total{destination="there"}']).toBe(1);
});

test('a stored position beyond the end, as of a store that was set up anew, does not stop it', async () => {
  const feed = new ArrayFeed();
  const positions = new MemoryPositionStore();
  await positions.save('there', '1000');
  feed.append(batchOf(['a', 1, 1]));
  await using harness = await Harness.open({ feed, positions });
  feed.append(batchOf(['a', 2, 2]));
  await harness.settled();

  expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual([2]);
  expect(await positions.load('there')).toBe('1');
});

test('no more is read than the shards have room for, while a receiver is away', async () => {
  await using harness = await Harness.open({ capacity: 20, maxSamplesPerSend: 10 });
  harness.receiver.behave = () => ({ kind: 'answer', status: 503 });
  for (const i of range(100)) harness.feed.append(batchOf(['a', i, i]));
  await harness.pass(30_000);

  // What is in the request, and what waits for the next.
  expect(harness.forwarder.status().pending).toBeLessThanOrEqual(31);
  expect(harness.feed.readCount).toBeLessThanOrEqual(31);
});

test('relabeling and external labels decide what is sent, once per series', async () => {
  let calls = 0;
  await using harness = await Harness.open({
    externalLabels: Labels.from({ region: 'eu', job: 'default' }),
    relabel: (labels) => {
      calls++;
      if (labels.metricName === 'secret') return undefined;
      if (labels.metricName === 'broken') throw new Error('a bug');
      return labels.without(['instance']);
    },
  });
  for (const i of range(3)) {
    harness.feed.append(
      batchOf(
        ['up{instance="x",job="own"}', i, i],
        ['plain', i, i],
        ['secret', i, i],
        ['broken', i, i],
      ),
    );
  }
  await harness.settled();

  expect(
    harness.receiver.accepted().map(({ labels, values }) => [labels.toString(), values]),
  ).toEqual([
    ['up{job="own", region="eu"}', [0, 1, 2]],
    ['plain{job="default", region="eu"}', [0, 1, 2]],
  ]);
  expect(calls).toBe(4);
  expect(harness.forwarder.status()).toMatchObject({
    cachedSeries: 4,
    droppedByReason: { relabel: 3, relabel_failed: 3 },
  });
});

test('series that relabeling makes one are sent as one, in order', async () => {
  await using harness = await Harness.open({
    minShards: 4,
    relabel: (labels) => labels.without(['replica']),
  });
  for (const i of range(10)) harness.feed.append(batchOf([`up{replica="${i % 2}"}`, i, i]));
  await harness.settled();

  expect(harness.receiver.accepted().flatMap(({ values }) => values)).toEqual(range(10));
  expect(harness.receiver.requests.every(({ series }) => series.length === 1)).toBe(true);
});

test('the cache of series stays within its bound, and what it forgot is worked out again', async () => {
  await using harness = await Harness.open({ seriesCacheSize: 100 });
  for (const round of range(3)) {
    harness.feed.append(batchOf(...range(500).map((i): Row => [`m${i}`, round, i])));
  }
  await harness.settled();

  expect(harness.forwarder.status().cachedSeries).toBeLessThanOrEqual(100);
  expect(harness.forwarder.status().sent).toBe(1_500);
});

test('exemplars can be left out, and in 2.0 never come without a sample of their series', async () => {
  for (const [sendExemplars, version, counts] of [
    [true, '2.0', [1]],
    [true, '1.0', [1, 1]],
    [false, '2.0', [0]],
  ] as const) {
    await using harness = await Harness.open({ sendExemplars, version });
    const builder = new SampleBatchBuilder();
    builder.add(labelsOf('hits'), 1, 1);
    for (const series of ['hits', 'other']) {
      builder.addExemplar(labelsOf(series), { labels: Labels.empty, value: 2, unixMs: 1 });
    }
    harness.feed.append(builder.build());
    await harness.settled();

    expect(harness.receiver.accepted().map(({ exemplars }) => exemplars.length)).toEqual(counts);
  }
});

test('closing lets a request at work end, keeps the rest in the feed, and saves the position', async () => {
  const positions = new MemoryPositionStore();
  const harness = await Harness.open({ positions, maxSamplesPerSend: 1, batchDelayMs: 0 });
  const { promise: moment, resolve } = Promise.withResolvers<void>();
  harness.receiver.behave = (request) => ({ kind: 'after', moment, behaviour: acceptAll(request) });
  harness.feed.append(batchOf(['a', 1, 1]), batchOf(['a', 2, 2]));
  await harness.until(() => harness.receiver.requests.length === 1, 'a request is at work');
  const closing = harness.close({ timeoutMs: 5_000 });
  resolve();
  await closing;

  expect(harness.receiver.requests).toHaveLength(1);
  expect(harness.forwarder.status()).toMatchObject({ state: 'closed', sent: 1, position: '1' });
  expect(await positions.load('there')).toBe('1');
  await harness[Symbol.asyncDispose]();
});

test('closing ends what hangs when the time is over, and its samples are sent after a restart', async () => {
  const [feed, positions, receiver] = [
    new ArrayFeed(),
    new MemoryPositionStore(),
    await Receiver.open(),
  ];
  const accept = receiver.behave;
  receiver.behave = () => ({ kind: 'hang' });
  const first = await Harness.open({ feed, positions, receiver, timeoutMs: 600_000 });
  feed.append(batchOf(['a', 1, 1]));
  await first.until(() => receiver.hanging === 1, 'it hangs');
  await first.close({ timeoutMs: 2_000 });
  expect(await positions.load('there')).toBe('0');

  receiver.behave = accept;
  await using second = await Harness.open({ feed, positions, receiver });
  await second.settled();
  expect(receiver.accepted().flatMap(({ values }) => values)).toEqual([1]);
});

test('a destination that is not wanted any more gives up its hold', async () => {
  await using harness = await Harness.open();
  await harness.close();
  expect([...harness.feed.holds.keys()]).toEqual(['remote-write/there']);
  await harness.close({ forget: true });
  expect([...harness.feed.holds.keys()]).toEqual([]);
});

test('a position that cannot be saved is counted, and the hold stays where it was', async () => {
  const kept = new MemoryPositionStore();
  let isFull = false;
  await using harness = await Harness.open({
    positions: {
      load: async (name) => await kept.load(name),
      save: async (name, position) => {
        if (isFull) throw new Error('no space left');
        await kept.save(name, position);
      },
    },
  });
  isFull = true;
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();
  await harness.pass(2_500);

  const failures =
    harness.instruments.values['dwcp_forward_position_save_failures_total{destination="there"}'];
  expect(failures).toBeGreaterThanOrEqual(2);
  expect(harness.feed.holds.get('remote-write/there')).toBe('0');
  expect(harness.forwarder.status()).toMatchObject({ position: '1', savedPosition: '0' });

  isFull = false;
  await harness.pass(1_500);
  expect(harness.feed.holds.get('remote-write/there')).toBe('1');
});

test('the metrics tell what was sent, what waits, and how far behind it is', async () => {
  await using harness = await Harness.open({ capacity: 1, maxSamplesPerSend: 1, batchDelayMs: 0 });
  const nowMs = harness.clock.nowUnixMs();
  harness.feed.append(batchOf(['a', nowMs, 1]));
  await harness.settled();
  harness.receiver.behave = () => ({ kind: 'answer', status: 500 });
  for (const i of range(5)) harness.feed.append(batchOf(['a', nowMs + 1 + i, 1]));
  await harness.pass(60_000);

  const value = (name: string, labels = ''): number | undefined =>
    harness.instruments.values[`dwcp_forward_${name}{destination="there"${labels}}`];
  expect(value('sent_total', ',kind="sample"')).toBe(1);
  expect(value('retried_total', ',kind="sample"')).toBeGreaterThan(5);
  expect(value('requests_total', ',outcome="accepted"')).toBe(1);
  expect(value('requests_total', ',outcome="retry"')).toBeGreaterThan(5);
  expect(value('sent_bytes_total')).toBeGreaterThan(20);
  expect(value('request_duration_seconds_count')).toBe(harness.receiver.requests.length);
  expect(value('pending_samples')).toBe(2);
  expect(value('backlog_bytes')).toBe(50);
  expect(value('shards')).toBe(1);
  expect(value('lag_seconds')).toBeGreaterThan(55);
  expect(value('highest_timestamp_sent_seconds')).toBe(nowMs / 1_000);
  expect(value('highest_timestamp_read_seconds')).toBe((nowMs + 2) / 1_000);
});
