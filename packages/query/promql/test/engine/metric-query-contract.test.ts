import { systemClock } from '@dwcp/core';
import { PromqlEngine } from '@dwcp/promql';
import { MemoryMetricStore, metricQueryContract } from '@dwcp/testing';

metricQueryContract('PromqlEngine over MemoryMetricStore', async (batch) => {
  const store = new MemoryMetricStore();
  await store.append(batch);
  // The engine lets the event loop turn by this clock, so one that stands still would not do.
  return new PromqlEngine({ store, clock: systemClock });
});
