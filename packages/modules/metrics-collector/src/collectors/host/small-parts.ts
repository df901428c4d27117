import { hostname, machine, release, type as osType, version } from 'node:os';

import { type Clock, type LabelValues } from '@dwcp/core';

import { type MetricSink } from '../metric-collector.ts';
import { type HostContext, type HostPart } from './host-part.ts';

/** Open file handles of the whole machine. */
export class FileDescriptorPart implements HostPart {
  readonly name = 'filefd';
  readonly #context: HostContext;

  constructor(context: HostContext) {
    this.#context = context;
    context.metadata.add(
      'node_filefd_allocated',
      'gauge',
      'File descriptor statistics: allocated.',
    );
    context.metadata.add('node_filefd_maximum', 'gauge', 'File descriptor statistics: maximum.');
  }

  collect(sink: MetricSink): void {
    const [allocated, , maximum] = this.#context.proc.words('sys/fs/file-nr');
    sink.add('node_filefd_allocated', undefined, Number(allocated));
    sink.add('node_filefd_maximum', undefined, Number(maximum));
  }
}

/** node_exporter's choice of /proc/vmstat: paging, swapping, faults, killed processes. */
const VMSTAT_FIELD = /^(?:oom_kill|pgpg|pswp|pg.*fault)/;

export class VmstatPart implements HostPart {
  readonly name = 'vmstat';
  readonly #context: HostContext;
  readonly #metrics = new Map<string, string>();

  constructor(context: HostContext) {
    this.#context = context;
  }

  collect(sink: MetricSink): void {
    for (const line of this.#context.proc.read('vmstat').split('\n')) {
      // The first letter rules out most lines before the expression has to.
      if (!line.startsWith('p') && !line.startsWith('o')) continue;
      if (!VMSTAT_FIELD.test(line)) continue;
      const space = line.indexOf(' ');
      sink.add(this.#metric(line.slice(0, space)), undefined, Number(line.slice(space + 1)));
    }
  }

  #metric(field: string): string {
    let metric = this.#metrics.get(field);
    if (metric === undefined) {
      metric = `node_vmstat_${field}`;
      this.#metrics.set(field, metric);
      this.#context.metadata.add(metric, 'unknown', `/proc/vmstat information field ${field}.`);
    }
    return metric;
  }
}

/** Time lost waiting for CPU, memory and disk: pressure stall information, since Linux 4.20. */
export class PressurePart implements HostPart {
  readonly name = 'pressure';
  readonly #context: HostContext;

  constructor(context: HostContext) {
    this.#context = context;
    const { metadata } = context;
    for (const resource of ['cpu', 'io', 'memory']) {
      const waiting = `Total time in seconds that processes have waited for ${resource}`;
      metadata.add(
        `node_pressure_${resource}_waiting_seconds_total`,
        'counter',
        waiting,
        'seconds',
      );
      if (resource === 'cpu') continue;
      const stalled = `Total time in seconds no process could make progress due to ${resource}`;
      metadata.add(
        `node_pressure_${resource}_stalled_seconds_total`,
        'counter',
        stalled,
        'seconds',
      );
    }
  }

  collect(sink: MetricSink): void {
    for (const resource of ['cpu', 'io', 'memory']) {
      for (const line of this.#context.proc.read(`pressure/${resource}`).split('\n')) {
        // The kernel has had no time in which no process at all gets a CPU; its line is 0.
        const full = line.startsWith('full ');
        if (!line.startsWith('some ') && (!full || resource === 'cpu')) continue;
        const kind = full ? 'stalled' : 'waiting';
        const microseconds = Number(line.slice(line.indexOf('total=') + 'total='.length));
        sink.add(`node_pressure_${resource}_${kind}_seconds_total`, undefined, microseconds / 1e6);
      }
    }
  }
}

/** What the machine and its kernel call themselves. */
export class UnamePart implements HostPart {
  readonly name = 'uname';
  readonly #labels: LabelValues;

  constructor(context: HostContext) {
    context.metadata.add(
      'node_uname_info',
      'gauge',
      'Labeled system information as provided by the uname system call.',
    );
    this.#labels = {
      domainname: readDomain(context),
      machine: machine(),
      nodename: hostname(),
      release: release(),
      sysname: osType(),
      version: version(),
    };
  }

  collect(sink: MetricSink): void {
    sink.add('node_uname_info', this.#labels, 1);
  }
}

function readDomain(context: HostContext): string {
  try {
    return context.proc.read('sys/kernel/domainname').trim();
  } catch {
    return '(none)';
  }
}

/** The machine's own clock, to compare with the moment of collection. */
export class TimePart implements HostPart {
  readonly name = 'time';
  readonly #clock: Clock;

  constructor(context: HostContext, clock: Clock) {
    this.#clock = clock;
    context.metadata.add(
      'node_time_seconds',
      'gauge',
      'System time in seconds since epoch (1970).',
      'seconds',
    );
  }

  collect(sink: MetricSink): void {
    sink.add('node_time_seconds', undefined, this.#clock.nowUnixMs() / 1_000);
  }
}
