import { type ReactNode } from 'react';

import { useSelector } from '../../app/use-region.ts';
import { ChartCard } from '../../charts/chart-card.tsx';
import { rateWindow } from '../../charts/step.ts';
import { useStepMs } from '../../charts/use-frames.ts';

const modeColors: Readonly<Record<string, string>> = {
  user: '--series-1',
  system: '--series-2',
  iowait: '--series-4',
  nice: '--series-3',
  irq: '--series-5',
  softirq: '--series-6',
  steal: '--series-7',
};

const loadColors: Readonly<Record<string, string>> = {
  '1 m': '--series-1',
  '5 m': '--series-2',
  '15 m': '--series-8',
};

const host = 'job="host"';
const hostEmpty =
  'The host collector reads /proc every second. It is off on other systems than Linux, or by hostMetrics: false.';

/** CPU, memory, network, disk, load and file systems of the host the server runs on. */
export function HostCharts(): ReactNode {
  const stepMs = useStepMs(360);
  const w = rateWindow(stepMs);
  const sel = useSelector();
  const rateSum = (metric: string, ...matchers: string[]): string =>
    `sum(rate(${sel(metric, host, ...matchers)}[${w}]))`;
  return (
    <div className="grid grid-cols-1 gap-3 md:grid-cols-2 xl:grid-cols-4">
      <ChartCard
        title="CPU"
        className="md:col-span-2"
        unit="ratio"
        kind="stack"
        maxAtLeast={0.1}
        empty={hostEmpty}
        order={['user', 'system', 'iowait', 'nice', 'softirq', 'irq', 'steal']}
        queries={[
          {
            expr: `avg by (mode) (rate(${sel('node_cpu_seconds_total', host, 'mode!="idle"')}[${w}]))`,
            label: ({ labels }) => labels['mode'] ?? 'cpu',
            color: (mode) => modeColors[mode] ?? '--series-8',
          },
        ]}
      />
      <ChartCard
        title="Network"
        className="md:col-span-2"
        unit="bytesPerSecond"
        kind="area"
        maxAtLeast={1_024}
        empty={hostEmpty}
        queries={[
          {
            expr: rateSum('node_network_receive_bytes_total', 'device!="lo"'),
            label: 'in',
            color: '--series-1',
          },
          {
            expr: rateSum('node_network_transmit_bytes_total', 'device!="lo"'),
            label: 'out',
            color: '--series-2',
          },
        ]}
      />
      <ChartCard
        title="Memory"
        unit="bytes"
        kind="area"
        empty={hostEmpty}
        queries={[
          {
            expr: `sum(${sel('node_memory_MemTotal_bytes', host)} - ${sel('node_memory_MemAvailable_bytes', host)})`,
            label: 'used',
            color: '--series-1',
          },
          {
            expr: `sum(${sel('node_memory_MemTotal_bytes', host)})`,
            label: 'total',
            color: '--series-8',
            dashed: true,
          },
        ]}
      />
      <ChartCard
        title="Disk"
        unit="bytesPerSecond"
        kind="area"
        maxAtLeast={1_024}
        empty={hostEmpty}
        queries={[
          { expr: rateSum('node_disk_read_bytes_total'), label: 'read', color: '--series-3' },
          { expr: rateSum('node_disk_written_bytes_total'), label: 'write', color: '--series-4' },
        ]}
      />
      <ChartCard
        title="Load"
        order={['1 m', '5 m', '15 m']}
        unit="none"
        maxAtLeast={1}
        empty={hostEmpty}
        queries={[
          {
            expr: `max by (__name__) (${sel('', '__name__=~"node_load(1|5|15)"', host)})`,
            label: ({ labels }) => `${labels['__name__']?.slice('node_load'.length) ?? '?'} m`,
            color: (label) => loadColors[label] ?? '--series-8',
          },
        ]}
      />
      <ChartCard
        title="Disk busy"
        unit="ratio"
        kind="area"
        maxAtLeast={0.1}
        empty={hostEmpty}
        queries={[
          {
            expr: `max by (device) (rate(${sel('node_disk_io_time_seconds_total', host)}[${w}]))`,
            label: ({ labels }) => labels['device'] ?? 'disk',
          },
        ]}
      />
    </div>
  );
}
