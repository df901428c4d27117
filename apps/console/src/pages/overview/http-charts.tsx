import { type ReactNode } from 'react';

import { useSelector } from '../../app/use-region.ts';
import { ChartCard } from '../../charts/chart-card.tsx';
import { rateWindow } from '../../charts/step.ts';
import { useStepMs } from '../../charts/use-frames.ts';

const duration = 'http_server_request_duration_seconds';
const empty = 'Appears with the first request the server answers.';

/** By the first digit of the status. */
const statusColors: Readonly<Record<string, string>> = {
  2: '--series-1',
  3: '--series-6',
  4: '--series-5',
  5: '--series-7',
};

/** Rate, errors and duration of the requests this server answers. */
export function HttpCharts(): ReactNode {
  const stepMs = useStepMs(360);
  const w = rateWindow(stepMs);
  const wide = rateWindow(stepMs, 3_000);
  const sel = useSelector();
  const quantile = (q: number): string =>
    `histogram_quantile(${q}, sum by (le) (rate(${sel(`${duration}_bucket`)}[${wide}])))`;
  return (
    <div className="grid grid-cols-1 gap-3 md:grid-cols-2 xl:grid-cols-4">
      <ChartCard
        title="Requests"
        className="md:col-span-2"
        unit="perSecond"
        kind="stack"
        maxAtLeast={1}
        empty={empty}
        queries={[
          {
            expr: `sum by (status) (rate(${sel(`${duration}_count`)}[${w}]))`,
            label: ({ labels }) => labels['status'] ?? 'unknown',
            color: (status) => statusColors[status.charAt(0)] ?? '--series-8',
          },
        ]}
      />
      <ChartCard
        title="Errors (5xx)"
        unit="ratio"
        kind="area"
        maxAtLeast={0.01}
        empty={empty}
        queries={[
          {
            expr: `(sum(rate(${sel(`${duration}_count`, 'status=~"5.."')}[${wide}])) or 0 * sum(rate(${sel(`${duration}_count`)}[${wide}]))) / sum(rate(${sel(`${duration}_count`)}[${wide}]))`,
            label: 'of requests',
            color: '--series-7',
          },
        ]}
      />
      <ChartCard
        title="Duration"
        unit="seconds"
        empty={empty}
        queries={[
          { expr: quantile(0.95), label: 'p95', color: '--series-2' },
          { expr: quantile(0.5), label: 'p50', color: '--series-1' },
        ]}
      />
    </div>
  );
}
