import { type MetricType } from '@dwcp/core';

import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart, LabelOf } from './host-part.ts';

/** node_exporter's default: memory and loop devices, and partitions, whose disk counts already. */
const DEFAULT_IGNORED = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;

/** The kernel counts 512-byte sectors whatever the device's own are, and milliseconds. */
const SECTOR_BYTES = 512;
const SECONDS = 1 / 1_000;

interface Column {
  readonly metric: string;
  readonly type: MetricType;
  readonly factor: number;
  readonly unit: string;
  readonly help: string;
}

const column = (metric: string, help: string, factor = 1, unit = ''): Column => ({
  metric: `node_disk_${metric}`,
  type: metric.endsWith('_total') ? 'counter' : 'gauge',
  factor,
  unit,
  help,
});

/** The columns of /proc/diskstats from the fourth on; older kernels end earlier. */
const columns: readonly Column[] = [
  column('reads_completed_total', 'The total number of reads completed successfully.'),
  column('reads_merged_total', 'The total number of reads merged.'),
  column('read_bytes_total', 'The total number of bytes read successfully.', SECTOR_BYTES, 'bytes'),
  column(
    'read_time_seconds_total',
    'The total number of seconds spent by all reads.',
    SECONDS,
    'seconds',
  ),
  column('writes_completed_total', 'The total number of writes completed successfully.'),
  column('writes_merged_total', 'The number of writes merged.'),
  column(
    'written_bytes_total',
    'The total number of bytes written successfully.',
    SECTOR_BYTES,
    'bytes',
  ),
  column(
    'write_time_seconds_total',
    'This is the total number of seconds spent by all writes.',
    SECONDS,
    'seconds',
  ),
  column('io_now', 'The number of I/Os currently in progress.'),
  column('io_time_seconds_total', 'Total seconds spent doing I/Os.', SECONDS, 'seconds'),
  column(
    'io_time_weighted_seconds_total',
    'The weighted # of seconds spent doing I/Os.',
    SECONDS,
    'seconds',
  ),
  column('discards_completed_total', 'The total number of discards completed successfully.'),
  column('discards_merged_total', 'The total number of discards merged.'),
  column('discarded_sectors_total', 'The total number of sectors discarded successfully.'),
  column(
    'discard_time_seconds_total',
    'This is the total number of seconds spent by all discards.',
    SECONDS,
    'seconds',
  ),
  column('flush_requests_total', 'The total number of flush requests completed successfully'),
  column(
    'flush_requests_time_seconds_total',
    'This is the total number of seconds spent by all flush requests.',
    SECONDS,
    'seconds',
  ),
];

/** Reads, writes and waiting of disks, from /proc/diskstats. */
export class DiskPart implements HostPart {
  readonly name = 'diskstats';
  readonly #context: HostContext;
  readonly #ignored: RegExp;
  readonly #device = new LabelOf('device');

  constructor(context: HostContext, ignored: RegExp = DEFAULT_IGNORED) {
    this.#context = context;
    this.#ignored = ignored;
    for (const { metric, type, help, unit } of columns) {
      context.metadata.add(metric, type, help, unit);
    }
  }

  collect(sink: MetricSink): void {
    for (const line of this.#context.proc.read('diskstats').split('\n')) {
      const [, , device = '', ...values] = line.trim().split(/ +/);
      if (device === '' || this.#ignored.test(device)) continue;
      const labels = this.#device.get(device);
      columns.forEach(({ metric, factor }, i) => {
        const value = values[i];
        if (value !== undefined) sink.add(metric, labels, Number(value) * factor);
      });
    }
  }
}
