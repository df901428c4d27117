import { type MetricMetadata } from '@dwcp/core';
import { desiredShards } from '@dwcp/metrics-forwarder';
import { expect, test } from 'vitest';

import { Harness } from './support/harness.ts';
import { batchOf, type Row } from './support/rows.ts';

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

test('the number of shards is what the time per row asks for, backlog included', () => {
  const calm = { current: 4, inPerSecond: 1_000, outPerSecond: 1_000, backlog: 0 };
  // Each row costs a hundredth of a second: ten shards are busy.
  expect(desiredShards({ ...calm, busyRatio: 10 })).toBe(10);
  // A twentieth of the backlog is to be done in each second.
  expect(desiredShards({ ...calm, busyRatio: 10, backlog: 20_000 })).toBe(20);
  // Within three tenths nothing changes.
  expect(desiredShards({ ...calm, busyRatio: 5 })).toBe(4);
  expect(desiredShards({ ...calm, busyRatio: 3 })).toBe(4);
  // Fewer only without a backlog.
  expect(desiredShards({ ...calm, busyRatio: 0.1 })).toBe(1);
  expect(desiredShards({ ...calm, busyRatio: 0.1, backlog: 11_000 })).toBe(4);
  // Nothing was sent, so nothing is known.
  expect(desiredShards({ ...calm, outPerSecond: 0, busyRatio: 4 })).toBe(4);
});

test('a slow receiver with a backlog gets more shards up to the limit, and each series stays in order', async () => {
  await using harness = await Harness.open({
    maxShards: 6,
    maxSamplesPerSend: 10,
    capacity: 100,
    batchDelayMs: 0,
    reshardIntervalMs: 500,
    timeoutMs: 3_600_000,
  });
  const { behave } = harness.receiver;
  const shards = new Set<number>();
  harness.receiver.behave = (request, index) => {
    shards.add(harness.forwarder.status().shards.current);
    // Each third request takes its time on the clock: it is told to come back.
    return index % 3 === 2
      ? { kind: 'answer', status: 429, headers: { 'Retry-After': '1' } }
      : behave(request, index);
  };
  for (const entry of range(60)) {
    harness.feed.append(batchOf(...range(20).map((i): Row => [`m${i}`, entry, entry])));
  }
  await harness.settled();

  const bySeries = new Map<string, number[]>();
  for (const { labels, values } of harness.receiver.accepted()) {
    const there = bySeries.get(labels.key) ?? [];
    there.push(...values);
    bySeries.set(labels.key, there);
  }
  expect(bySeries.size).toBe(20);
  for (const values of bySeries.values()) expect(values).toEqual(range(60));
  expect(Math.max(...shards)).toBeLessThanOrEqual(6);
});

test('the shards grow when requests take long, and shrink when the backlog is gone', async () => {
  await using harness = await Harness.open({
    maxShards: 5,
    maxSamplesPerSend: 5,
    capacity: 50,
    reshardIntervalMs: 1_000,
    latencyMs: 400,
  });
  const sizes: number[] = [];
  for (const entry of range(100)) {
    harness.feed.append(batchOf(...range(10).map((i): Row => [`m${i}`, entry, entry])));
  }
  await harness.until(() => {
    sizes.push(harness.forwarder.status().shards.current);
    return harness.isSettled;
  }, 'all is sent');
  expect(Math.max(...sizes)).toBeGreaterThanOrEqual(4);

  for (const entry of range(60)) {
    harness.feed.append(batchOf(['m0', 1_000 + entry, entry]));
    await harness.pass(1_000);
  }
  expect(harness.forwarder.status().shards.current).toBe(1);
  const bySeries = harness.receiver.accepted().filter(({ labels }) => labels.metricName === 'm3');
  expect(bySeries.flatMap(({ values }) => values)).toEqual(range(100));
});

const METADATA: readonly MetricMetadata[] = range(1_200).map((i) => ({
  name: `family_${i}`,
  type: 'gauge',
  help: `Number ${i}.`,
  unit: '',
}));

test('in 1.0 metadata are sent at the start and each minute, in requests of their own', async () => {
  await using harness = await Harness.open({ version: '1.0', metadata: () => METADATA });
  await harness.until(() => harness.receiver.requests.length === 3, 'three requests');
  expect(harness.receiver.requests.map(({ metadata }) => metadata.length)).toEqual([500, 500, 200]);
  expect(harness.receiver.requests.flatMap(({ metadata }) => metadata)).toEqual(METADATA);
  expect(harness.receiver.requests.every(({ series }) => series.length === 0)).toBe(true);

  await harness.pass(61_000);
  expect(harness.receiver.requests).toHaveLength(6);
});

test('metadata that are refused are counted, and do not hold up samples', async () => {
  await using harness = await Harness.open({ version: '1.0', metadata: () => METADATA });
  const { behave } = harness.receiver;
  harness.receiver.behave = (request, index) =>
    request.metadata.length > 0
      ? { kind: 'answer', status: index % 2 === 0 ? 400 : 500 }
      : behave(request, index);
  harness.feed.append(batchOf(['a', 1, 1]));
  await harness.settled();
  await harness.pass(30_000);

  expect(harness.forwarder.status().sent).toBe(1);
  const { droppedByReason } = harness.forwarder.status();
  expect((droppedByReason['http_400'] ?? 0) + (droppedByReason['retries'] ?? 0)).toBe(1_200);
});
