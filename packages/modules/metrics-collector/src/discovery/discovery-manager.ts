import { type Clock, type Instruments, type Log } from '@dwcp/core';

import { type HttpClient } from '../scrape/http-client.ts';
import { type ScrapeJob } from '../scrape/scrape-job.ts';
import { type Discoverer } from './discoverer.ts';
import { type DiscoveryConfig, discoveryKey } from './discovery-config.ts';
import { createDiscoveryMetrics, type DiscoveryMetrics } from './discovery-metrics.ts';
import { DnsDiscovery } from './dns-discovery.ts';
import { type DnsResolver, SystemDnsResolver } from './dns-resolver.ts';
import { FileDiscovery } from './file-discovery.ts';
import { HttpDiscovery } from './http-discovery.ts';
import { Provider } from './provider.ts';
import { type TargetGroup } from './target-group.ts';

/** New targets are handed on at most this often, as in Prometheus. */
const DEBOUNCE_MS = 5_000;

/** What comes within so short a time of each other, such as the first looks at start, goes together. */
const GATHER_MS = 50;

export interface DiscoveryManagerOptions {
  readonly clock: Clock;
  readonly instruments: Instruments;
  readonly log: Log;
  readonly client: HttpClient;
  /** Default: the name servers of the machine. */
  readonly resolver?: DnsResolver | undefined;
  /** Told that `groupsOf` may answer differently. */
  readonly onUpdate: () => void;
}

/** How one discovery does. */
export interface DiscoveryStatus {
  readonly kind: DiscoveryConfig['kind'];
  /** The jobs it finds targets for. */
  readonly scrapePools: readonly string[];
  readonly targetCount: number;
  /** Undefined before the first look is over. */
  readonly lastLookUnixMs: number | undefined;
  /** Why its last look, or a part of it, failed; its old targets stay then. */
  readonly failure: string | undefined;
}

interface Entry {
  readonly provider: Provider;
  jobs: readonly string[];
}

/**
 * Runs the discoveries of all jobs and gathers what they find. Jobs with equal configurations share
 * one. Over a change of jobs a discovery that stays goes on as it is; a job whose discoveries are
 * replaced keeps its targets until the new ones have looked for the first time.
 */
export class DiscoveryManager implements Disposable {
  readonly #options: DiscoveryManagerOptions;
  readonly #metrics: DiscoveryMetrics;
  #entries = new Map<string, Entry>();
  /** Per job, the keys of its discoveries in the order of its configuration. */
  #keys = new Map<string, readonly string[]>();
  /** Per job, groups of discoveries that are gone, until those in their place have looked. */
  #retained = new Map<string, readonly TargetGroup[]>();
  #resolver: DnsResolver | undefined;
  #timer: Disposable | undefined;
  #sentMs = Number.NEGATIVE_INFINITY;
  #disposed = false;

  constructor(options: DiscoveryManagerOptions) {
    this.#options = options;
    this.#metrics = createDiscoveryMetrics(options.instruments);
    this.#resolver = options.resolver;
  }

  /** Starts what is new, stops what is gone, and leaves the rest alone. */
  apply(jobs: readonly ScrapeJob[]): void {
    const before = { keys: this.#keys, entries: this.#entries };
    const entries = new Map<string, Entry>();
    const keys = new Map<string, readonly string[]>();
    const added: Provider[] = [];
    for (const { jobName, discovery } of jobs) {
      const own = discovery.map((config) => [discoveryKey(config), config] as const);
      keys.set(jobName, [...new Set(own.map(([key]) => key))]);
      for (const [key, config] of own) {
        const entry = entries.get(key);
        if (entry !== undefined) {
          if (!entry.jobs.includes(jobName)) entry.jobs = [...entry.jobs, jobName];
          continue;
        }
        let provider = before.entries.get(key)?.provider;
        if (provider === undefined) {
          provider = this.#create(config);
          added.push(provider);
        }
        entries.set(key, { provider, jobs: [jobName] });
      }
    }
    const retained = new Map<string, readonly TargetGroup[]>();
    for (const [jobName, own] of keys) {
      if (own.every((key) => entries.get(key)?.provider.looked ?? true)) continue;
      const gone = (before.keys.get(jobName) ?? []).filter((key) => !own.includes(key));
      const groups = gone.flatMap((key) => before.entries.get(key)?.provider.groups ?? []);
      retained.set(jobName, [...groups, ...(this.#retained.get(jobName) ?? [])]);
    }
    for (const jobName of before.keys.keys()) {
      if (!keys.has(jobName)) this.#metrics.discoveredTargets.remove({ scrape_job: jobName });
    }
    this.#entries = entries;
    this.#keys = keys;
    this.#retained = retained;
    for (const [key, { provider }] of before.entries) {
      if (!entries.has(key)) provider[Symbol.dispose]();
    }
    for (const provider of added) provider.start();
  }

  /** All groups of a job: its static ones, and what was found for it. */
  groupsOf(job: ScrapeJob): readonly TargetGroup[] {
    const groups: TargetGroup[] = job.staticConfigs.map(({ targets, labels }) => ({
      targets: targets.map((address) => ({ __address__: address })),
      labels,
    }));
    const keys = this.#keys.get(job.jobName) ?? [];
    for (const key of keys) groups.push(...(this.#entries.get(key)?.provider.groups ?? []));
    groups.push(...(this.#retained.get(job.jobName) ?? []));
    const count = groups.reduce((sum, { targets }) => sum + targets.length, 0);
    this.#metrics.discoveredTargets.labels({ scrape_job: job.jobName }).set(count);
    return groups;
  }

  status(): readonly DiscoveryStatus[] {
    return [...this.#entries.values()].map(({ provider, jobs }) => ({
      kind: provider.kind,
      scrapePools: jobs,
      targetCount: provider.groups.reduce((sum, { targets }) => sum + targets.length, 0),
      lastLookUnixMs: provider.lastLookUnixMs,
      failure: provider.failure,
    }));
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
    for (const { provider } of this.#entries.values()) provider[Symbol.dispose]();
  }

  #create(config: DiscoveryConfig): Provider {
    const { clock, log } = this.#options;
    return new Provider({
      kind: config.kind,
      discoverer: this.#discovererOf(config),
      clock,
      metrics: this.#metrics,
      log,
      onChange: () => this.#changed(),
    });
  }

  #discovererOf(config: DiscoveryConfig): Discoverer {
    const { clock, log, client } = this.#options;
    const metrics = this.#metrics;
    switch (config.kind) {
      case 'file':
        return new FileDiscovery(config, { clock, metrics, log });
      case 'http':
        return new HttpDiscovery(config, { client, clock, metrics, log });
      case 'dns': {
        const resolver = (this.#resolver ??= new SystemDnsResolver());
        return new DnsDiscovery(config, { resolver, metrics, log });
      }
    }
  }

  #changed(): void {
    for (const [jobName, keys] of this.#keys) {
      if (keys.every((key) => this.#entries.get(key)?.provider.looked ?? true)) {
        this.#retained.delete(jobName);
      }
    }
    if (this.#timer !== undefined || this.#disposed) return;
    const { clock, onUpdate } = this.#options;
    const waitMs = Math.max(GATHER_MS, this.#sentMs + DEBOUNCE_MS - clock.monotonicMs());
    this.#timer = clock.schedule(waitMs, () => {
      this.#timer = undefined;
      this.#sentMs = clock.monotonicMs();
      this.#metrics.sentUpdates.inc();
      onUpdate();
    });
  }
}
