import { cpus, freemem, loadavg, totalmem } from 'node:os';

import { type LabelValues } from '@dwcp/core';

import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart } from './host-part.ts';

/** CPU, memory and load through Node, for machines without /proc, under the names Linux has. */
export class PortablePart implements HostPart {
  readonly name = 'portable';
  readonly #labels = new Map<string, LabelValues>();

  constructor({ metadata }: HostContext) {
    const seconds = 'Seconds the CPUs spent in each mode.';
    metadata.add('node_cpu_seconds_total', 'counter', seconds, 'seconds');
    for (const field of ['MemTotal_bytes', 'MemFree_bytes', 'MemAvailable_bytes']) {
      metadata.add(`node_memory_${field}`, 'gauge', `Memory information field ${field}.`, 'bytes');
    }
    metadata.add('node_load1', 'gauge', '1m load average.');
    metadata.add('node_load5', 'gauge', '5m load average.');
    metadata.add('node_load15', 'gauge', '15m load average.');
  }

  collect(sink: MetricSink): void {
    cpus().forEach(({ times }, cpu) => {
      const { user, nice, sys, idle, irq } = times;
      for (const [mode, ms] of Object.entries({ user, nice, system: sys, idle, irq })) {
        sink.add('node_cpu_seconds_total', this.#labelsOf(String(cpu), mode), ms / 1_000);
      }
    });
    const free = freemem();
    sink.add('node_memory_MemTotal_bytes', undefined, totalmem());
    sink.add('node_memory_MemFree_bytes', undefined, free);
    sink.add('node_memory_MemAvailable_bytes', undefined, free);
    const [one = 0, five = 0, fifteen = 0] = loadavg();
    sink.add('node_load1', undefined, one);
    sink.add('node_load5', undefined, five);
    sink.add('node_load15', undefined, fifteen);
  }

  #labelsOf(cpu: string, mode: string): LabelValues {
    const key = `${cpu} ${mode}`;
    const labels = this.#labels.get(key) ?? { cpu, mode };
    this.#labels.set(key, labels);
    return labels;
  }
}
