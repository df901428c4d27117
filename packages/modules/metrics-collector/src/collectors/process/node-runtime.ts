import { getHeapSpaceStatistics } from 'node:v8';

import { type LabelValues } from '@dwcp/core';

import { LabelOf } from '../host/host-part.ts';
import { type Metadata, type MetricSink } from '../metric-collector.ts';

/** Heap, resources and version of Node. */
export class NodeRuntime {
  readonly #space = new LabelOf('space');
  readonly #type = new LabelOf('type');
  /** Types of resources seen so far: one that went to zero says so, rather than ending. */
  readonly #resources = new Map<string, number>();
  readonly #version: LabelValues;

  constructor(metadata: Metadata) {
    const gauge = (name: string, help: string, unit = ''): void =>
      metadata.add(`nodejs_${name}`, 'gauge', help, unit);
    gauge('heap_size_total_bytes', 'Process heap size from Node.js in bytes.', 'bytes');
    gauge('heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', 'bytes');
    gauge('external_memory_bytes', 'Node.js external memory size in bytes.', 'bytes');
    for (const part of ['total', 'used', 'available']) {
      const help = `Process heap space size ${part} from Node.js in bytes.`;
      gauge(`heap_space_size_${part}_bytes`, help, 'bytes');
    }
    gauge(
      'active_resources',
      'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
    );
    gauge('active_resources_total', 'Total number of active resources.');
    gauge('version_info', 'Node.js version info.');
    const [major = '', minor = '', patch = ''] = process.version.slice(1).split('.');
    this.#version = { version: process.version, major, minor, patch };
  }

  collect(sink: MetricSink): void {
    const { heapTotal, heapUsed, external } = process.memoryUsage();
    sink.add('nodejs_heap_size_total_bytes', undefined, heapTotal);
    sink.add('nodejs_heap_size_used_bytes', undefined, heapUsed);
    sink.add('nodejs_external_memory_bytes', undefined, external);
    for (const space of getHeapSpaceStatistics()) {
      const labels = this.#space.get(space.space_name.replace(/_space$/, ''));
      sink.add('nodejs_heap_space_size_total_bytes', labels, space.space_size);
      sink.add('nodejs_heap_space_size_used_bytes', labels, space.space_used_size);
      sink.add('nodejs_heap_space_size_available_bytes', labels, space.space_available_size);
    }
    this.#collectResources(sink);
    sink.add('nodejs_version_info', this.#version, 1);
  }

  #collectResources(sink: MetricSink): void {
    const counts = this.#resources;
    for (const type of counts.keys()) counts.set(type, 0);
    const active = process.getActiveResourcesInfo();
    for (const type of active) counts.set(type, (counts.get(type) ?? 0) + 1);
    for (const [type, count] of counts) {
      sink.add('nodejs_active_resources', this.#type.get(type), count);
    }
    sink.add('nodejs_active_resources_total', undefined, active.length);
  }
}
