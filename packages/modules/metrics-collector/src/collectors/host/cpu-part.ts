import { type LabelValues } from '@dwcp/core';

import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart } from './host-part.ts';

/** Ticks per second in /proc/stat: the kernel fixes it for user space. */
const USER_HZ = 100;

/** In the order of /proc/stat. */
const modes = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
const guestModes = ['user', 'nice'] as const;
const IDLE = modes.indexOf('idle');

/** An idle time that fell by more than this means the CPU was taken away and came back. */
const HOTPLUG_SECONDS = 3;

interface Cpu {
  readonly labels: readonly LabelValues[];
  readonly guestLabels: readonly LabelValues[];
  /** Seconds by mode, then guest user and guest nice. */
  seconds: readonly number[];
}

/** CPU time by CPU and mode, and the other counters of /proc/stat. */
export class CpuPart implements HostPart {
  readonly name = 'cpu';
  readonly #context: HostContext;
  readonly #cpus = new Map<string, Cpu>();

  constructor(context: HostContext) {
    this.#context = context;
    const { metadata } = context;
    metadata.add(
      'node_cpu_seconds_total',
      'counter',
      'Seconds the CPUs spent in each mode.',
      'seconds',
    );
    metadata.add(
      'node_cpu_guest_seconds_total',
      'counter',
      'Seconds the CPUs spent in guests (VMs) for each mode.',
      'seconds',
    );
  }

  collect(sink: MetricSink): void {
    for (const line of this.#context.proc.read('stat').split('\n')) {
      if (!line.startsWith('cpu')) break;
      const [name = '', ...ticks] = line.split(/ +/);
      // The first line sums up all the others.
      if (name === 'cpu') continue;
      const cpu = this.#cpu(name.slice('cpu'.length));
      cpu.seconds = advance(
        cpu.seconds,
        ticks.map((text) => Number(text) / USER_HZ),
      );
      cpu.guestLabels.forEach((labels, i) => {
        sink.add('node_cpu_guest_seconds_total', labels, cpu.seconds[modes.length + i] ?? 0);
      });
      cpu.labels.forEach((labels, i) => {
        sink.add('node_cpu_seconds_total', labels, cpu.seconds[i] ?? 0);
      });
    }
  }

  #cpu(number: string): Cpu {
    let cpu = this.#cpus.get(number);
    if (cpu === undefined) {
      const labelled = (mode: string): LabelValues => ({ cpu: number, mode });
      cpu = { labels: modes.map(labelled), guestLabels: guestModes.map(labelled), seconds: [] };
      this.#cpus.set(number, cpu);
    }
    return cpu;
  }
}

/**
 * Keeps each counter from running backwards, which the kernel's idle and iowait do now and then,
 * unless the CPU was unplugged meanwhile.
 */
function advance(before: readonly number[], now: readonly number[]): readonly number[] {
  if ((now[IDLE] ?? 0) + HOTPLUG_SECONDS < (before[IDLE] ?? 0)) return now;
  return now.map((seconds, i) => Math.max(seconds, before[i] ?? 0));
}
