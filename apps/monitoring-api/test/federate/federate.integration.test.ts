import { Labels, SampleBatchBuilder, systemClock } from '@dwcp/core';
import { eventually, findProgram, MemoryMetricStore, startPrometheus, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { federateApp } from './federate-app.ts';

const prometheus = findProgram('prometheus');

test.skipIf(prometheus === undefined)(
  `a real Prometheus takes over series, their labels and timestamps (${wants('prometheus')})`,
  async () => {
    const store = new MemoryMetricStore();
    const app = await federateApp({ store, clock: systemClock });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    try {
      const unixMs = systemClock.nowUnixMs() - 20_000;
      const batch = new SampleBatchBuilder();
      batch.add(Labels.from({ __name__: 'm', job: 'a', instance: 'i', x: 'q"\\' }), unixMs, 0.1);
      batch.add(Labels.from({ __name__: 'm', job: 'b' }), unixMs, 5);
      batch.add(Labels.from({ __name__: 'h_bucket', job: 'a', le: '+Inf' }), unixMs, 7);
      batch.add(Labels.from({ __name__: 'other', job: 'c' }), unixMs, 1);
      await store.append(batch.build());
      store.putMetadata([{ name: 'h', type: 'histogram', help: '', unit: '' }]);

      await using server = await startPrometheus(
        prometheus ?? '',
        `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: federate
  honor_labels: true
  metrics_path: /federate
  params: {'match[]': ['{job="a"}', 'm']}
  static_configs: [{targets: ['${new URL(url).host}']}]
`,
      );
      const found = await eventually(
        async () => {
          const query = new URLSearchParams({ query: '{__name__=~"m|h_bucket|other"}[5m]' });
          const answer = await fetch(`${server.url}/api/v1/query?${query.toString()}`);
          const { data } = (await answer.json()) as { data: { result: readonly unknown[] } };
          return data.result.length > 0 ? data.result : undefined;
        },
        { timeoutMs: 30_000, what: 'federated series' },
      );
      const moment = unixMs / 1_000;
      expect(found).toHaveLength(3);
      expect(found).toEqual(
        expect.arrayContaining([
          {
            metric: { __name__: 'm', job: 'a', instance: 'i', x: 'q"\\' },
            values: [[moment, '0.1']],
          },
          { metric: { __name__: 'm', job: 'b' }, values: [[moment, '5']] },
          { metric: { __name__: 'h_bucket', job: 'a', le: '+Inf' }, values: [[moment, '7']] },
        ]),
      );
    } finally {
      await app.close();
    }
  },
);
