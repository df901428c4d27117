import {
  AlertPipeline,
  apiAlerts,
  MemoryRecordStore,
  type PipelineRecord,
  pipelineNotifier,
} from '@dwcp/alerting';
import { type AlertState, Labels } from '@dwcp/core';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { configOf, RecordingOutbox } from './support.ts';

test('what a rule fires is told, and is over when the rule says so or falls silent', async () => {
  const clock = new ManualClock();
  const outbox = new RecordingOutbox(() => clock.nowUnixMs());
  const now = clock.nowUnixMs();
  await using pipeline = await AlertPipeline.open({
    config: configOf({
      route: { receiver: 'r', group_by: ['alertname'], group_wait: '0s', group_interval: '1s' },
      receivers: [{ name: 'r', webhook_configs: [{ url: 'http://localhost/' }] }],
    }),
    store: new MemoryRecordStore<PipelineRecord>(),
    outbox,
    clock,
    externalUrl: '',
  });
  const notifier = pipelineNotifier(pipeline, { name: 'own', validForMs: 60_000 });
  const begun = { activeAtUnixMs: now - 5_000, firedAtUnixMs: now, value: 1 };
  const notify = (alertname: string, state: AlertState): Promise<void> =>
    notifier.notify({
      idempotencyKey: '',
      groupKey: '',
      receiver: '',
      status: 'firing',
      groupLabels: {},
      externalUrl: '',
      alerts: [{ labels: Labels.from({ alertname }), annotations: {}, state, generatorUrl: 'g' }],
    });
  await notify('A', { kind: 'firing', ...begun });
  await notify('B', { kind: 'firing', ...begun });
  await notify('C', { kind: 'pending', ...begun });
  await clock.advance(1_500);
  expect(apiAlerts(pipeline).map(({ generatorURL }) => generatorURL)).toEqual(['g', 'g']);
  await notify('A', { kind: 'resolved', ...begun, resolvedAtUnixMs: clock.nowUnixMs() });
  await clock.advance(2_000);
  const told = (): readonly string[] =>
    outbox.taken.map(({ notification: n }) => `${n.groupLabels['alertname']} ${n.status}`);
  expect(told()).toEqual(['A firing', 'B firing', 'A resolved']);
  await clock.advance(60_000);
  expect(told().at(-1)).toBe('B resolved');
});
