import { type LabelValues, type Log } from '@dwcp/core';

import { type Discoverer } from './discoverer.ts';
import { type DnsDiscoveryConfig, type DnsRecordType } from './discovery-config.ts';
import { type DiscoveryMetrics } from './discovery-metrics.ts';
import { type DnsRecord, type DnsResolver } from './dns-resolver.ts';
import { MAX_TARGETS_PER_GROUP, type TargetGroup } from './target-group.ts';

interface Looked {
  readonly group: TargetGroup;
  readonly failure: string | undefined;
}

/**
 * Targets that are records of the DNS, a group per name. A name that does not exist has no targets;
 * one that cannot be looked up keeps those it had.
 */
export class DnsDiscovery implements Discoverer {
  readonly intervalMs: number;
  readonly #config: DnsDiscoveryConfig;
  readonly #resolver: DnsResolver;
  readonly #metrics: DiscoveryMetrics;
  readonly #log: Log;
  #names: ReadonlyMap<string, Looked> = new Map();

  constructor(
    config: DnsDiscoveryConfig,
    context: {
      readonly resolver: DnsResolver;
      readonly metrics: DiscoveryMetrics;
      readonly log: Log;
    },
  ) {
    this.#config = config;
    this.#resolver = context.resolver;
    this.#metrics = context.metrics;
    this.#log = context.log;
    this.intervalMs = config.refreshIntervalMs;
  }

  get failure(): string | undefined {
    for (const { failure } of this.#names.values()) if (failure !== undefined) return failure;
    return undefined;
  }

  async look(): Promise<readonly TargetGroup[]> {
    const looked = await Promise.all(
      this.#config.names.map(async (name) => [name, await this.#lookUp(name)] as const),
    );
    this.#names = new Map(looked);
    return looked.map(([, { group }]) => group);
  }

  async #lookUp(name: string): Promise<Looked> {
    const { type, port } = this.#config;
    const before = this.#names.get(name);
    this.#metrics.dnsLookups.inc();
    try {
      const records = (await this.#resolver.resolve(name, type)) ?? [];
      if (records.length > MAX_TARGETS_PER_GROUP) {
        throw new Error(`${records.length} records are more than ${MAX_TARGETS_PER_GROUP}`);
      }
      if (before?.failure !== undefined) this.#log.info({ name, type }, 'name looked up again');
      // Servers shuffle their answers; the order of targets should not look like a change.
      const targets = records
        .map((record) => targetOf(record, type, port))
        .toSorted((a, b) => ((a['__address__'] ?? '') < (b['__address__'] ?? '') ? -1 : 1));
      return { group: { targets, labels: { __meta_dns_name: name } }, failure: undefined };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const failure = `${name}: ${reason}`;
      this.#metrics.dnsLookupFailures.inc();
      if (before?.failure !== failure)
        this.#log.error({ name, type, reason }, 'name not looked up');
      return { group: before?.group ?? { targets: [], labels: {} }, failure };
    }
  }
}

function targetOf(
  { target, port = 0 }: DnsRecord,
  type: DnsRecordType,
  fixedPort: number,
): LabelValues {
  const host = target.includes(':') ? `[${target}]` : target;
  switch (type) {
    case 'A':
    case 'AAAA':
      return { __address__: `${host}:${fixedPort}` };
    // Prometheus shows these names with their final dot.
    case 'SRV':
      return {
        __address__: `${host}:${port}`,
        __meta_dns_srv_record_target: `${target}.`,
        __meta_dns_srv_record_port: String(port),
      };
    case 'MX':
      return { __address__: `${host}:${fixedPort}`, __meta_dns_mx_record_target: `${target}.` };
    case 'NS':
      return { __address__: `${host}:${fixedPort}`, __meta_dns_ns_record_target: `${target}.` };
  }
}
