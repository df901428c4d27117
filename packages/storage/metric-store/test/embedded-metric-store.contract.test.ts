import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { ManualClock, metricStoreContract, seriesScannerContract } from '@dwcp/testing';

import { temporaryDirectory } from './temporary-directory.ts';

metricStoreContract('EmbeddedMetricStore', async () => {
  const clock = new ManualClock();
  const store = await EmbeddedMetricStore.open({ dir: temporaryDirectory(), clock });
  return { store, nowUnixMs: clock.nowUnixMs() };
});

seriesScannerContract('EmbeddedMetricStore with all in memory', async () => {
  const clock = new ManualClock();
  const store = await EmbeddedMetricStore.open({ dir: temporaryDirectory(), clock });
  return { store, nowUnixMs: clock.nowUnixMs() };
});

seriesScannerContract('EmbeddedMetricStore that seals blocks', async () => {
  const clock = new ManualClock();
  const options = { dir: temporaryDirectory(), clock, maxHeadSamples: 2_000 };
  const store = await EmbeddedMetricStore.open(options);
  return { store, nowUnixMs: clock.nowUnixMs() };
});
