import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart } from './host-part.ts';

const metrics = ['node_load1', 'node_load5', 'node_load15'] as const;

/** Load averages over 1, 5 and 15 minutes. */
export class LoadPart implements HostPart {
  readonly name = 'loadavg';
  readonly #context: HostContext;

  constructor(context: HostContext) {
    this.#context = context;
    context.metadata.add('node_load1', 'gauge', '1m load average.');
    context.metadata.add('node_load5', 'gauge', '5m load average.');
    context.metadata.add('node_load15', 'gauge', '15m load average.');
  }

  collect(sink: MetricSink): void {
    const averages = this.#context.proc.words('loadavg');
    metrics.forEach((metric, i) => sink.add(metric, undefined, Number(averages[i])));
  }
}
