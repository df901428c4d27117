import { type Clock, type MetricMetadata } from '@dwcp/core';

import { Metadata, type MetricCollector, type MetricSink } from '../metric-collector.ts';
import { CpuPart } from './cpu-part.ts';
import { DiskPart } from './disk-part.ts';
import { FilesystemPart, type FilesystemSize } from './filesystem-part.ts';
import { type HostContext, type HostPart, LabelOf } from './host-part.ts';
import { LoadPart } from './load-part.ts';
import { MemoryPart } from './memory-part.ts';
import { NetstatPart, SockstatPart } from './netstat-part.ts';
import { NetworkPart } from './network-part.ts';
import { readPageSizeBytes } from './page-size.ts';
import { PortablePart } from './portable-part.ts';
import { ProcReader } from './proc-reader.ts';
import {
  FileDescriptorPart,
  PressurePart,
  TimePart,
  UnamePart,
  VmstatPart,
} from './small-parts.ts';
import { StatPart } from './stat-part.ts';

export interface HostCollectorOptions {
  readonly clock: Clock;
  /** Default `/proc`; the host's, where a container has it mounted elsewhere. */
  readonly procPath?: string;
  /** Where the host's root is mounted. Default `/`. */
  readonly rootfs?: string;
  /** Default: that of this machine. Anything but `linux` gets CPU, memory and load only. */
  readonly platform?: NodeJS.Platform;
  /** Devices left out of the disk metrics; default: memory and loop devices and partitions. */
  readonly ignoredDisks?: RegExp;
  readonly excludedMountPoints?: RegExp;
  readonly excludedFilesystems?: RegExp;
  /** Replaces `statfs` of node:fs. */
  readonly statfs?: (path: string) => Promise<FilesystemSize>;
}

/**
 * The machine's CPU, memory, disks, filesystems and network under node_exporter's names and
 * meanings. What a machine or container does not tell is absent, and
 * `node_scrape_collector_success{collector}` says so.
 * @see https://github.com/prometheus/node_exporter
 */
export class HostCollector implements MetricCollector {
  readonly name = 'host';
  readonly #clock: Clock;
  readonly #metadata = new Metadata();
  readonly #parts: readonly HostPart[];
  readonly #filesystem: FilesystemPart | undefined;
  readonly #partLabel = new LabelOf('collector');

  constructor(options: HostCollectorOptions) {
    const { clock, procPath = '/proc', platform = process.platform } = options;
    this.#clock = clock;
    const context: HostContext = { proc: new ProcReader(procPath), metadata: this.#metadata };
    const common = [new UnamePart(context), new TimePart(context, clock)];
    if (platform === 'linux') {
      this.#filesystem = new FilesystemPart(context, filesystemOptions(options));
      this.#parts = [
        new CpuPart(context),
        new StatPart(context),
        new MemoryPart(context),
        new LoadPart(context),
        new NetworkPart(context),
        new DiskPart(context, options.ignoredDisks),
        this.#filesystem,
        new FileDescriptorPart(context),
        new VmstatPart(context),
        new NetstatPart(context),
        new SockstatPart(context, readPageSizeBytes(procPath)),
        new PressurePart(context),
        ...common,
      ];
    } else {
      this.#parts = [new PortablePart(context), ...common];
    }
    const about = 'node_exporter: Whether a collector succeeded.';
    this.#metadata.add('node_scrape_collector_success', 'gauge', about);
    this.#metadata.add(
      'node_scrape_collector_duration_seconds',
      'gauge',
      'node_exporter: Duration of a collector scrape.',
      'seconds',
    );
  }

  describe(): readonly MetricMetadata[] {
    return this.#metadata.list();
  }

  /** Takes a promise only the first time, while filesystems are asked for their sizes. */
  collect(sink: MetricSink): void | Promise<void> {
    const ready = this.#filesystem?.ready();
    if (ready !== undefined) return ready.then(() => this.#collect(sink));
    this.#collect(sink);
  }

  #collect(sink: MetricSink): void {
    for (const part of this.#parts) {
      const startMs = this.#clock.monotonicMs();
      let success = 1;
      try {
        part.collect(sink);
      } catch {
        // Told by the metric below; a machine without the file would fill a log every second.
        success = 0;
      }
      const labels = this.#partLabel.get(part.name);
      const seconds = (this.#clock.monotonicMs() - startMs) / 1_000;
      sink.add('node_scrape_collector_duration_seconds', labels, seconds);
      sink.add('node_scrape_collector_success', labels, success);
    }
  }
}

function filesystemOptions(
  options: HostCollectorOptions,
): ConstructorParameters<typeof FilesystemPart>[1] {
  const { clock, rootfs, excludedMountPoints, excludedFilesystems, statfs } = options;
  return {
    clock,
    ...(rootfs === undefined ? {} : { rootfs }),
    ...(excludedMountPoints === undefined ? {} : { excludedMountPoints }),
    ...(excludedFilesystems === undefined ? {} : { excludedTypes: excludedFilesystems }),
    ...(statfs === undefined ? {} : { statfs }),
  };
}
