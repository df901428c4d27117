import { type ReactNode } from 'react';

import { useSelector } from '../../app/use-region.ts';
import { ChartCard } from '../../charts/chart-card.tsx';
import { rateWindow } from '../../charts/step.ts';
import { useStepMs } from '../../charts/use-frames.ts';

const own = 'job="dwcp"';
const empty = 'The server records its own process every second under job="dwcp".';

/** The server's own process: what watching costs, and whether its event loop keeps up. */
export function ProcessCharts(): ReactNode {
  const stepMs = useStepMs(360);
  const w = rateWindow(stepMs);
  const sel = useSelector();
  return (
    <div className="grid grid-cols-1 gap-3 md:grid-cols-2 xl:grid-cols-4">
      <ChartCard
        title="CPU"
        unit="ratio"
        kind="area"
        maxAtLeast={0.05}
        empty={empty}
        queries={[
          {
            expr: `sum(rate(${sel('process_cpu_seconds_total', own)}[${w}]))`,
            label: 'of one core',
            color: '--series-1',
          },
        ]}
      />
      <ChartCard
        title="Memory"
        unit="bytes"
        order={['RSS', 'heap']}
        empty={empty}
        queries={[
          {
            expr: `sum by (__name__) (${sel('', '__name__=~"process_resident_memory_bytes|nodejs_heap_size_used_bytes"', own)})`,
            label: ({ labels }) =>
              labels['__name__']?.startsWith('process') === true ? 'RSS' : 'heap',
            color: (label) => (label === 'RSS' ? '--series-1' : '--series-3'),
          },
        ]}
      />
      <ChartCard
        title="Loop delay"
        unit="seconds"
        order={['p99', 'p50']}
        empty={empty}
        queries={[
          {
            expr: `max by (__name__) (${sel('', '__name__=~"nodejs_eventloop_lag_p(50|99)_seconds"', own)})`,
            label: ({ labels }) => (labels['__name__']?.includes('p99') === true ? 'p99' : 'p50'),
            color: (label) => (label === 'p99' ? '--series-2' : '--series-1'),
          },
        ]}
      />
      <ChartCard
        title="Loop and GC"
        unit="ratio"
        maxAtLeast={0.05}
        empty={empty}
        queries={[
          {
            expr: `max(${sel('nodejs_eventloop_utilization_ratio', own)})`,
            label: 'busy',
            color: '--series-1',
          },
          {
            expr: `sum(rate(${sel('nodejs_gc_duration_seconds_sum', own)}[${w}]))`,
            label: 'GC',
            color: '--series-4',
          },
        ]}
      />
    </div>
  );
}
