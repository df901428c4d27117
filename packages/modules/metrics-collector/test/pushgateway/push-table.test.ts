import { Pushgateway } from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import { describe, expect, test } from 'vitest';

import { pushedSamples, sendTo, shown } from './harness.ts';
import { protobufScenarios } from './protobuf-table.ts';
import { type PushScenario, pushScenarios } from './push-table.ts';

async function check({ steps, shows }: PushScenario): Promise<void> {
  await using gateway = await Pushgateway.open({ clock: new ManualClock() });
  const statuses: number[] = [];
  for (const step of steps) statuses.push(await sendTo(gateway, step));
  expect(statuses).toEqual(steps.map(({ status }) => status));
  expect(pushedSamples(shown(gateway.expose('text')))).toEqual([...shows].sort());
}

describe('text', () => {
  test.each(pushScenarios)('$title', check);
});

describe('protobuf', () => {
  test.each(protobufScenarios)('$title', check);
});
