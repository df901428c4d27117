import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart, LabelOf } from './host-part.ts';

/** Traffic and errors of network devices, from /proc/net/dev. */
export class NetworkPart implements HostPart {
  readonly name = 'netdev';
  readonly #context: HostContext;
  readonly #device = new LabelOf('device');
  #header = '';
  #metrics: readonly string[] = [];

  constructor(context: HostContext) {
    this.#context = context;
  }

  collect(sink: MetricSink): void {
    // The process' own view: the network namespace it lives in.
    const [, header = '', ...lines] = this.#context.proc.read('net/dev').split('\n');
    if (header !== this.#header) this.#readHeader(header);
    for (const line of lines) {
      const colon = line.lastIndexOf(':');
      if (colon === -1) continue;
      const labels = this.#device.get(line.slice(0, colon).trim());
      const values = line
        .slice(colon + 1)
        .trim()
        .split(/ +/);
      this.#metrics.forEach((metric, i) => sink.add(metric, labels, Number(values[i])));
    }
  }

  /** ` face |bytes    packets errs ...|bytes    packets ...`: received, then transmitted. */
  #readHeader(header: string): void {
    const [, received = '', transmitted = ''] = header.split('|');
    const name = (direction: string, columns: string): readonly string[] =>
      columns
        .trim()
        .split(/ +/)
        .map((column) => `${direction}_${column}`);
    const statistics = [...name('receive', received), ...name('transmit', transmitted)];
    this.#metrics = statistics.map((statistic) => `node_network_${statistic}_total`);
    this.#header = header;
    for (const statistic of statistics) {
      const help = `Network device statistic ${statistic}.`;
      const unit = statistic.endsWith('_bytes') ? 'bytes' : '';
      this.#context.metadata.add(`node_network_${statistic}_total`, 'counter', help, unit);
    }
  }
}
