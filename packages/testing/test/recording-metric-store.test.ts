import { Labels } from '@dwcp/core';
import { batchOf, ManualClock, metricStoreContract, RecordingMetricStore } from '@dwcp/testing';
import { expect, test } from 'vitest';

const clock = new ManualClock();
const everything = { matchers: [], startUnixMs: -Infinity, endUnixMs: Infinity };
const up = Labels.from({ __name__: 'up', job: 'a' });
const load = Labels.from({ __name__: 'load' });

metricStoreContract('RecordingMetricStore', async () => ({
  store: new RecordingMetricStore(),
  nowUnixMs: clock.nowUnixMs(),
}));

test('what was appended is there by batch, by series and by metric name', async () => {
  const store = new RecordingMetricStore();
  await store.append(batchOf([[up, 10, 1]]));
  await store.append(
    batchOf([
      [up, 20, 'stale'],
      [load, 20, 0.5],
    ]),
  );
  const [first, second, third] = [
    { series: 'up{job="a"}', unixMs: 10, value: 1 },
    { series: 'up{job="a"}', unixMs: 20, value: 'stale' },
    { series: 'load', unixMs: 20, value: 0.5 },
  ];
  expect(store.rows()).toEqual([first, second, third]);
  expect(store.rows(0)).toEqual([first]);
  expect(store.rows(-1)).toEqual([second, third]);
  expect(store.rows(2)).toEqual([]);
  expect(store.of('up{job="a"}')).toEqual([first, second]);
  expect(store.values()).toEqual({ up: 'stale', load: 0.5 });
});

test('a failed append is not recorded', async () => {
  const store = new RecordingMetricStore();
  store.failure = new Error('disk full');
  await expect(store.append(batchOf([[up, 10, 1]]))).rejects.toThrow('disk full');
  expect(store.batches).toEqual([]);
});

test('an append waits at the gate', async () => {
  const store = new RecordingMetricStore();
  const gate = Promise.withResolvers<void>();
  store.gate = gate.promise;
  const append = store.append(batchOf([[up, 10, 1]]));
  expect(await store.select(everything)).toEqual([]);
  gate.resolve();
  expect(await append).toEqual({ appended: 1, rejected: {} });
  expect(store.batches).toHaveLength(1);
});

test('an answer of the test is told instead of storing', async () => {
  const store = new RecordingMetricStore();
  store.answer = () => ({ appended: 0, rejected: { 'too-old': 1 } });
  expect(await store.append(batchOf([[up, 10, 1]]))).toEqual({
    appended: 0,
    rejected: { 'too-old': 1 },
  });
  expect(store.of('up{job="a"}')).toHaveLength(1);
  expect(await store.select(everything)).toEqual([]);
});
