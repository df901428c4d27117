import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { type Clock } from '@dwcp/core';

import { ProcReader } from '../host/proc-reader.ts';
import { type Metadata, type MetricSink } from '../metric-collector.ts';

/** Counting open files one by one is put off where there are more than this. */
const MANY_FILES = 1_000;
const RECOUNT_MS = 10_000;

const memoryFields: Readonly<Record<string, string>> = {
  VmSize: 'process_virtual_memory_bytes',
  VmRSS: 'process_resident_memory_bytes',
  VmData: 'process_heap_bytes',
};

/** CPU, memory and file descriptors of this process as the kernel sees it. */
export class ProcessResources {
  readonly #clock: Clock;
  readonly #proc: ProcReader;
  readonly #fdPath: string;
  readonly #startSeconds: number;
  #maxFiles: number | undefined;
  #files: { readonly count: number; readonly atMs: number } | undefined;

  constructor(clock: Clock, procPath: string, metadata: Metadata) {
    this.#clock = clock;
    this.#proc = new ProcReader(procPath);
    this.#fdPath = join(procPath, 'self/fd');
    this.#startSeconds = Math.round(clock.nowUnixMs() / 1_000 - process.uptime());
    this.#maxFiles = readMaxFiles(this.#proc);
    const seconds = (name: string, help: string): void =>
      metadata.add(`process_cpu_${name}`, 'counter', help, 'seconds');
    seconds('user_seconds_total', 'Total user CPU time spent in seconds.');
    seconds('system_seconds_total', 'Total system CPU time spent in seconds.');
    seconds('seconds_total', 'Total user and system CPU time spent in seconds.');
    const gauge = (name: string, help: string, unit = ''): void =>
      metadata.add(name, 'gauge', help, unit);
    gauge(
      'process_start_time_seconds',
      'Start time of the process since unix epoch in seconds.',
      'seconds',
    );
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', 'bytes');
    gauge('process_virtual_memory_bytes', 'Virtual memory size in bytes.', 'bytes');
    gauge('process_heap_bytes', 'Process heap size in bytes.', 'bytes');
    gauge('process_open_fds', 'Number of open file descriptors.');
    gauge('process_max_fds', 'Maximum number of open file descriptors.');
  }

  collect(sink: MetricSink): void {
    const { user, system } = process.cpuUsage();
    sink.add('process_cpu_user_seconds_total', undefined, user / 1e6);
    sink.add('process_cpu_system_seconds_total', undefined, system / 1e6);
    sink.add('process_cpu_seconds_total', undefined, (user + system) / 1e6);
    sink.add('process_start_time_seconds', undefined, this.#startSeconds);
    this.#memory(sink);
    const files = this.#countFiles();
    if (files !== undefined) sink.add('process_open_fds', undefined, files);
    if (this.#maxFiles !== undefined) sink.add('process_max_fds', undefined, this.#maxFiles);
  }

  #memory(sink: MetricSink): void {
    let text: string;
    try {
      text = this.#proc.read('self/status');
    } catch {
      sink.add('process_resident_memory_bytes', undefined, process.memoryUsage.rss());
      return;
    }
    for (const field in memoryFields) {
      const at = text.indexOf(`\n${field}:`);
      if (at === -1) continue;
      const kilobytes = Number.parseInt(text.slice(at + field.length + 2), 10);
      sink.add(memoryFields[field] ?? '', undefined, kilobytes * 1_024);
    }
  }

  #countFiles(): number | undefined {
    try {
      // Since Linux 6.2 the folder's size is their number, whatever that is.
      const { size } = statSync(this.#fdPath);
      if (size > 0) return size;
      const nowMs = this.#clock.monotonicMs();
      const last = this.#files;
      if (last !== undefined && last.count > MANY_FILES && nowMs - last.atMs < RECOUNT_MS) {
        return last.count;
      }
      // One is the folder itself, open while it is read.
      const count = readdirSync(this.#fdPath).length - 1;
      this.#files = { count, atMs: nowMs };
      return count;
    } catch {
      return undefined;
    }
  }
}

function readMaxFiles(proc: ProcReader): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(proc.read('self/limits')) ?? [];
    if (soft === undefined) return undefined;
    return soft === 'unlimited' ? Infinity : Number(soft);
  } catch {
    return undefined;
  }
}
