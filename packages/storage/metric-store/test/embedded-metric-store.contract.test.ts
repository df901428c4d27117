import { EmbeddedMetricStore } from '@dwcp/metric-store';
import { ManualClock, metricStoreContract } from '@dwcp/testing';

import { temporaryDirectory } from './temporary-directory.ts';

metricStoreContract('EmbeddedMetricStore', async () => {
  const clock = new ManualClock();
  const store = await EmbeddedMetricStore.open({ dir: temporaryDirectory(), clock });
  return { store, nowUnixMs: clock.nowUnixMs() };
});
