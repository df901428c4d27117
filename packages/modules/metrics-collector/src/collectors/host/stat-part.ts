import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart } from './host-part.ts';

const fields: Readonly<Record<string, string>> = {
  intr: 'node_intr_total',
  ctxt: 'node_context_switches_total',
  btime: 'node_boot_time_seconds',
  processes: 'node_forks_total',
  procs_running: 'node_procs_running',
  procs_blocked: 'node_procs_blocked',
};

/** Boot time, interrupts, context switches, forks and process counts. */
export class StatPart implements HostPart {
  readonly name = 'stat';
  readonly #context: HostContext;

  constructor(context: HostContext) {
    this.#context = context;
    const { metadata } = context;
    metadata.add('node_intr_total', 'counter', 'Total number of interrupts serviced.');
    metadata.add('node_context_switches_total', 'counter', 'Total number of context switches.');
    metadata.add('node_boot_time_seconds', 'gauge', 'Node boot time, in unixtime.', 'seconds');
    metadata.add('node_forks_total', 'counter', 'Total number of forks.');
    metadata.add('node_procs_running', 'gauge', 'Number of processes in runnable state.');
    metadata.add(
      'node_procs_blocked',
      'gauge',
      'Number of processes blocked waiting for I/O to complete.',
    );
  }

  collect(sink: MetricSink): void {
    for (const line of this.#context.proc.read('stat').split('\n')) {
      const space = line.indexOf(' ');
      const metric = fields[line.slice(0, space)];
      if (metric === undefined) continue;
      // `intr` goes on with a number per interrupt; the first one is the sum.
      const end = line.indexOf(' ', space + 1);
      sink.add(metric, undefined, Number(line.slice(space + 1, end === -1 ? undefined : end)));
    }
  }
}
