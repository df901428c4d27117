import { type MetricStore, systemClock } from '@dwcp/core';
import {
  CollectionLoop,
  HostCollector,
  InstrumentRegistry,
  type MetricCollector,
  ProcessCollector,
} from '@dwcp/metrics-collector';
import { ManualClock } from '@dwcp/testing';
import { expect, test } from 'vitest';

let samples = 0;
const sink = {
  add: () => {
    samples++;
  },
};
const labels = { region: 'eu', instance: 'box' };

test('the host and the process collector, once', async ({ bench }) => {
  const host = new HostCollector({ clock: systemClock });
  using process = new ProcessCollector({ clock: systemClock });
  await host.collect(sink);
  await bench.compare(
    bench('host', () => void host.collect(sink)),
    bench('process', () => process.collect(sink)),
  );
  expect(samples).toBeGreaterThan(0);
});

test('one tick of the loop over 1,000 series, up to the store', async ({ bench }) => {
  const clock = new ManualClock();
  let appended = 0;
  const store = {
    append: (batch: { readonly labels: readonly unknown[] }) => {
      appended = batch.labels.length;
      return Promise.resolve({ appended, rejected: {} });
    },
    putMetadata: () => undefined,
  } as unknown as MetricStore;
  const instruments = new InstrumentRegistry({ clock });
  const loop = new CollectionLoop({ store, clock, labels, instruments });
  const steady = Array.from({ length: 980 }, (_, i) => ({ x: String(i) }));
  const collector: MetricCollector = {
    name: 'steady',
    describe: () => [],
    collect: (into) => steady.forEach((given, i) => into.add('steady_value', given, i)),
  };
  loop.register(collector);
  loop.start();
  await bench('tick', () => clock.advance(1_000)).run();
  expect(appended).toBeGreaterThanOrEqual(1_000);
});
