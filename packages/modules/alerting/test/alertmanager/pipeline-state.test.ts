import {
  AlertPipeline,
  MemoryRecordStore,
  type PipelineRecord,
  PipelineState,
} from '@dwcp/alerting';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { configOf, RecordingOutbox } from './support.ts';

const hook = { webhook_configs: [{ url: 'http://localhost/' }] };

const config = configOf({
  route: {
    receiver: 'slow',
    group_by: ['alertname'],
    group_wait: '1s',
    group_interval: '4s',
    routes: [
      { matchers: ['team="x"'], receiver: 'fast', group_interval: '1s', continue: true },
      { matchers: ['team="x"'], receiver: 'slow' },
    ],
  },
  receivers: [
    { name: 'fast', ...hook },
    { name: 'slow', ...hook },
  ],
});

test('a snapshot gives the state back, with an alert that only one of its groups still holds', async () => {
  const clock = new ManualClock();
  const store = new MemoryRecordStore<PipelineRecord>();
  const outbox = new RecordingOutbox(() => clock.nowUnixMs());
  await using pipeline = await AlertPipeline.open({
    config,
    store,
    outbox,
    clock,
    externalUrl: '',
  });
  const labels = { alertname: 'A', team: 'x' };
  await pipeline.putAlerts([{ labels }, { labels: { alertname: 'B' } }]);
  await clock.advance(1_500);
  await pipeline.putAlerts([{ labels, endsAtUnixMs: clock.nowUnixMs() - 1 }]);
  // The fast group tells of the end and lets go; the slow one still waits.
  await clock.advance(1_000);
  const { state } = pipeline;
  const held = [...state.alerts.values()].map(({ groups }) => groups.size);
  expect(held).toEqual([1, 1]);
  const copied = new PipelineState(config);
  for (const record of state.snapshot()) copied.apply(record);
  expect(copied.snapshot()).toEqual(state.snapshot());
  const replayed = new PipelineState(config);
  for (const record of await store.load()) replayed.apply(record);
  expect(replayed.snapshot()).toEqual(state.snapshot());
  await pipeline.reload(config);
  await clock.advance(10_000);
  expect(outbox.taken.map(({ notification: n }) => [n.receiver, n.groupLabels, n.status])).toEqual([
    ['fast', { alertname: 'A' }, 'firing'],
    ['slow', { alertname: 'A' }, 'firing'],
    ['slow', { alertname: 'B' }, 'firing'],
    ['fast', { alertname: 'A' }, 'resolved'],
    ['slow', { alertname: 'A' }, 'resolved'],
  ]);
});
