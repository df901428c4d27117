import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart } from './host-part.ts';

interface Field {
  readonly metric: string;
  readonly factor: number;
}

/** Every field of /proc/meminfo, in bytes where the kernel gives a unit. */
export class MemoryPart implements HostPart {
  readonly name = 'meminfo';
  readonly #context: HostContext;
  readonly #fields = new Map<string, Field>();

  constructor(context: HostContext) {
    this.#context = context;
  }

  collect(sink: MetricSink): void {
    for (const line of this.#context.proc.read('meminfo').split('\n')) {
      const colon = line.indexOf(':');
      if (colon === -1) continue;
      const inKilobytes = line.endsWith(' kB');
      const field = this.#field(line.slice(0, colon), inKilobytes);
      const digits = line.slice(colon + 1, inKilobytes ? -' kB'.length : undefined);
      sink.add(field.metric, undefined, Number(digits) * field.factor);
    }
  }

  #field(name: string, inKilobytes: boolean): Field {
    let field = this.#fields.get(name);
    if (field === undefined) {
      // node_exporter's way with Active(anon): the bracket becomes an underscore.
      const stem = name.replace(/\((.*)\)/, '_$1').replaceAll(/[^a-zA-Z0-9_]/g, '_');
      const suffix = inKilobytes ? '_bytes' : '';
      field = { metric: `node_memory_${stem}${suffix}`, factor: inKilobytes ? 1_024 : 1 };
      this.#fields.set(name, field);
      const help = `Memory information field ${stem}${suffix}.`;
      this.#context.metadata.add(field.metric, 'gauge', help, inKilobytes ? 'bytes' : '');
    }
    return field;
  }
}
