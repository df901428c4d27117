import { hostname } from 'node:os';

import {
  type Clock,
  type Instruments,
  Labels,
  type Log,
  type MetricMetadata,
  type MetricStore,
  silentLog,
} from '@dwcp/core';

import { DiscoveryManager, type DiscoveryStatus } from '../discovery/discovery-manager.ts';
import { type DnsResolver } from '../discovery/dns-resolver.ts';
import { HttpClient } from './http-client.ts';
import { ScrapeError } from './scrape-error.ts';
import { type ScrapeJob, settingsKey, targetsKey } from './scrape-job.ts';
import { ScrapeLoop } from './scrape-loop.ts';
import { createScrapeMetrics } from './scrape-metrics.ts';
import { type ScrapeContext, TargetScrape } from './target-scrape.ts';
import { statusOf, type TargetStatus } from './target-status.ts';
import { discover, type Discovery, type DroppedTarget, offsetOf, type Target } from './target.ts';

/** Dropped targets that are kept to be shown; all are counted. */
const MAX_DROPPED_SHOWN = 1_000;

/** Targets that are scraped at once, unless set otherwise. */
const MAX_TARGETS = 10_000;

const REPORT_METADATA: readonly MetricMetadata[] = [
  ['up', 'Health of the scrape target. 1 means healthy, 0 that the scrape failed.', ''],
  ['scrape_duration_seconds', 'Duration of the last scrape in seconds.', 'seconds'],
  ['scrape_samples_scraped', 'Number of samples last scraped.', ''],
  ['scrape_samples_post_metric_relabeling', 'Number of samples left after relabelling.', ''],
  ['scrape_series_added', 'Number of series that are new in the last scrape.', ''],
].map(([name = '', help = '', unit = '']) => ({ name, type: 'gauge', help, unit }));

export interface ScraperOptions {
  readonly jobs: readonly ScrapeJob[];
  readonly store: MetricStore;
  readonly clock: Clock;
  readonly instruments: Instruments;
  readonly log?: Log;
  /**
   * Labels for every sample that has no such label of its own, `region` above all. An exposed or
   * configured label of that name is kept.
   */
  readonly externalLabels: Readonly<Record<string, string>>;
  /** The name shown in place of a loopback address. Default: that of the machine. */
  readonly hostname?: string;
  /** Targets scraped at once; those beyond are left out and counted. Default 10,000. */
  readonly maxTargets?: number;
  /**
   * A scrape that begins later than this after its slot bears its own time and not the slot's.
   * Default 100 ms, at most a tenth of the interval; Prometheus takes 2 ms.
   */
  readonly timestampToleranceMs?: number;
  /** Whom `dns_sd_configs` ask. Default: the name servers of the machine. */
  readonly resolver?: DnsResolver;
}

interface Running {
  readonly settings: string;
  readonly scrape: TargetScrape;
  readonly loop: ScrapeLoop;
}

interface Found {
  /** The settings they were made under. */
  readonly key: string;
  readonly targets: ReadonlyMap<string, Discovery>;
}

/**
 * Scrapes the targets of jobs at their intervals and stores what they expose, together with `up` and
 * the `scrape_...` series, as Prometheus does: labels, timestamps, limits, staleness.
 *
 * - A target keeps a place of its own in the interval, from a hash of its labels and address, so load
 *   is spread and stays where it is over restarts.
 * - When a scrape fails, all series of the target go stale and `up` is 0. When a series is missing in
 *   a scrape, or its target is removed by `reload`, it goes stale at that time. At shutdown nothing
 *   goes stale: a restart goes on.
 * - Samples are appended in one batch per scrape. What the store refuses or cannot write is counted.
 *
 * Nothing here throws into the host or keeps its process alive.
 */
export class Scraper implements AsyncDisposable {
  readonly #context: ScrapeContext;
  readonly #client: HttpClient;
  readonly #hostname: string;
  readonly #seed: string;
  readonly #toleranceMs: number | undefined;
  readonly #maxTargets: number;
  readonly #discovery: DiscoveryManager;
  /** Per job, what was made of its groups, so that only new ones are relabelled. */
  #found: ReadonlyMap<string, Found> = new Map();
  #jobs: readonly ScrapeJob[];
  #running = new Map<string, Running>();
  #dropped: readonly DroppedTarget[] = [];
  #droppedCount = 0;
  #started = false;
  #disposed = false;
  /** Loops on their way out; the end of the scraper waits for them. */
  readonly #ending = new Set<Promise<void>>();

  constructor(options: ScraperOptions) {
    const { store, clock, instruments, externalLabels } = options;
    const log = (options.log ?? silentLog).child({ module: 'scraper' });
    this.#hostname = options.hostname ?? hostname();
    const external = Labels.from(externalLabels);
    // Two servers that scrape the same targets should not do it at the same moment.
    this.#seed = `${this.#hostname}\n${external.key}`;
    this.#maxTargets = options.maxTargets ?? MAX_TARGETS;
    this.#toleranceMs = options.timestampToleranceMs;
    // A target has one connection at a time, and discovery needs some too.
    this.#client = new HttpClient(clock, this.#maxTargets + 100);
    this.#discovery = new DiscoveryManager({
      clock,
      instruments,
      log,
      client: this.#client,
      resolver: options.resolver,
      onUpdate: () => {
        this.#sync().catch((err: unknown) => log.error({ err }, 'cannot take new targets'));
      },
    });
    const metrics = createScrapeMetrics(instruments);
    this.#context = { client: this.#client, store, clock, metrics, log, external };
    this.#jobs = options.jobs;
  }

  /** Begins to scrape; each target has its first turn within one interval. */
  start(): void {
    if (this.#started || this.#disposed) return;
    this.#started = true;
    this.#context.store.putMetadata(REPORT_METADATA);
    this.reload(this.#jobs).catch((err: unknown) => {
      this.#context.log.error({ err }, 'cannot start scraping');
    });
  }

  /**
   * Puts other jobs in place of the present ones, all at once. Targets that stay the same, settings
   * and labels, keep their loop, their place in the interval and their caches; those with other
   * settings end the scrape at work and go on from there. Discoveries that stay the same go on.
   * Resolves when removed targets have ended and their series are marked stale.
   */
  async reload(jobs: readonly ScrapeJob[]): Promise<void> {
    this.#jobs = jobs;
    if (!this.#started || this.#disposed) return;
    this.#discovery.apply(jobs);
    await this.#sync();
  }

  /** Scrapes what the jobs and their discoveries name now. */
  async #sync(): Promise<void> {
    if (this.#disposed) return;
    const before = this.#running;
    const { kept, added } = this.#sort(this.#discoverAll(), before);
    const removed = new Map([...before].filter(([key, each]) => kept.get(key) !== each));
    this.#running = new Map([...kept, ...added]);
    this.#applyTargetLimits(this.#jobs);
    const fresh = Map.groupBy(added.values(), identityOf);
    const endings = [...removed.values()].map((old) =>
      this.#end(old, fresh.get(identityOf(old))?.shift()),
    );
    for (const { loop } of [...fresh.values()].flat()) loop.start();
    await Promise.all(endings);
  }

  /** Every active target, by job and address. */
  targets(): readonly TargetStatus[] {
    return [...this.#running.values()].map(({ scrape }) =>
      statusOf(scrape.target, scrape.last, this.#hostname),
    );
  }

  /** The jobs in use, those of the last reload. */
  get jobs(): readonly ScrapeJob[] {
    return this.#jobs;
  }

  /** What each active target says of its metrics. */
  targetMetadata(): readonly {
    readonly labels: Labels;
    readonly metadata: readonly MetricMetadata[];
  }[] {
    return [...this.#running.values()].map(({ scrape }) => ({
      labels: scrape.target.labels,
      metadata: scrape.metadata,
    }));
  }

  /** Targets that relabelling dropped, the first 1,000 of them. */
  droppedTargets(): readonly DroppedTarget[] {
    return this.#dropped;
  }

  /** How the discoveries of the jobs do; static targets need none. */
  discoveries(): readonly DiscoveryStatus[] {
    return this.#discovery.status();
  }

  /** How many targets are in which state. */
  stats(): {
    readonly up: number;
    readonly down: number;
    readonly unknown: number;
    readonly dropped: number;
  } {
    const count = { up: 0, down: 0, unknown: 0, dropped: this.#droppedCount };
    for (const { scrape } of this.#running.values()) {
      if (scrape.last === undefined) count.unknown++;
      else if (scrape.last.healthy) count.up++;
      else count.down++;
    }
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#discovery[Symbol.dispose]();
    await Promise.all([
      ...[...this.#running.values()].map(({ loop }) => loop.stop()),
      ...this.#ending,
    ]);
    this.#client[Symbol.dispose]();
  }

  #discoverAll(): readonly Target[] {
    const before = this.#found;
    const found = new Map<string, Found>();
    const targets: Target[] = [];
    const dropped: DroppedTarget[] = [];
    this.#droppedCount = 0;
    for (const job of this.#jobs) {
      const key = targetsKey(job);
      const earlier = before.get(job.jobName);
      const known = earlier?.key === key ? earlier.targets : undefined;
      const own = discover(job, this.#discovery.groupsOf(job), known);
      found.set(job.jobName, { key, targets: own });
      for (const [labels, each] of own) {
        if (each.kind === 'target') targets.push(each.target);
        else if (each.kind === 'dropped') {
          this.#droppedCount++;
          if (dropped.length < MAX_DROPPED_SHOWN) dropped.push(each.dropped);
        } else if (known?.has(labels) !== true) this.#noteInvalid(each);
      }
    }
    this.#found = found;
    this.#dropped = dropped;
    return targets;
  }

  #noteInvalid(found: Extract<Discovery, { readonly kind: 'invalid' }>): void {
    const { log, metrics } = this.#context;
    metrics.invalidTargets.labels({ scrape_job: found.scrapePool }).inc();
    log.error(
      { scrape_job: found.scrapePool, address: found.discoveredLabels.get('__address__') },
      `target left out: ${found.reason}`,
    );
  }

  /**
   * Which loops go on and which are new. Targets that are the same are scraped once; above the limit
   * those that are scraped already come first.
   */
  #sort(
    targets: readonly Target[],
    before: ReadonlyMap<string, Running>,
  ): { readonly kept: Map<string, Running>; readonly added: Map<string, Running> } {
    const kept = new Map<string, Running>();
    const added = new Map<string, Running>();
    const settings = new Map(this.#jobs.map((job) => [job.jobName, settingsKey(job)]));
    const crowded = targets.length > this.#maxTargets;
    const inOrder = crowded
      ? [...targets].sort((a, b) => Number(before.has(b.key)) - Number(before.has(a.key)))
      : targets;
    for (const target of inOrder) {
      const { key, job, scrapeIntervalMs, scrapeTimeoutMs } = target;
      if (kept.has(key) || added.has(key)) continue;
      if (kept.size + added.size >= this.#maxTargets) {
        this.#context.metrics.targetsOverLimit.labels({ scrape_job: job.jobName }).inc();
        continue;
      }
      const wanted = settings.get(job.jobName) ?? '';
      const existing = before.get(key);
      if (
        existing?.settings === wanted &&
        existing.scrape.target.scrapeIntervalMs === scrapeIntervalMs &&
        existing.scrape.target.scrapeTimeoutMs === scrapeTimeoutMs
      ) {
        existing.scrape.target = target;
        kept.set(key, existing);
      } else added.set(key, this.#create(target, wanted));
    }
    if (crowded && kept.size + added.size >= this.#maxTargets) {
      this.#context.log.error(
        { targets: targets.length, limit: this.#maxTargets },
        'more targets than may be scraped; the last ones are left out',
      );
    }
    return { kept, added };
  }

  #create(target: Target, settings: string): Running {
    const scrape = new TargetScrape(target, this.#context);
    const { clock, metrics, log } = this.#context;
    const missed = metrics.missedSlots.labels({ scrape_job: target.job.jobName });
    const loop = new ScrapeLoop({
      clock,
      intervalMs: target.scrapeIntervalMs,
      offsetMs: offsetOf(target, this.#seed),
      ...(this.#toleranceMs !== undefined && { toleranceMs: this.#toleranceMs }),
      run: (unixMs, abort) => scrape.scrape(unixMs, abort),
      onMissed: (count) => missed.inc(count),
      onError: (err) => log.error({ target: target.url.href, err }, 'scrape broke off'),
    });
    return { settings, scrape, loop };
  }

  /** Above its limit a job is wrong as a whole, so all its targets say so. */
  #applyTargetLimits(jobs: readonly ScrapeJob[]): void {
    const counts = new Map<string, number>();
    for (const { scrape } of this.#running.values()) {
      const { jobName } = scrape.target.job;
      counts.set(jobName, (counts.get(jobName) ?? 0) + 1);
    }
    const limits = new Map(jobs.map(({ jobName, targetLimit }) => [jobName, targetLimit]));
    for (const { scrape } of this.#running.values()) {
      const { jobName } = scrape.target.job;
      const count = counts.get(jobName) ?? 0;
      const limit = limits.get(jobName) ?? 0;
      scrape.forcedError =
        limit > 0 && count > limit
          ? new ScrapeError(
              'target-limit',
              `target_limit exceeded (number of targets: ${count}, limit: ${limit})`,
            )
          : undefined;
    }
  }

  /** Stops a loop; what it scraped is handed to its follower, or goes stale. */
  #end(old: Running, follower: Running | undefined): Promise<void> {
    // A follower goes on where the scrape at work ends, so that no slot is lost.
    follower?.scrape.follow(old.scrape);
    const ended = follower === undefined ? old.loop.stop() : old.loop.finish();
    const ending = ended.then(async () => {
      if (this.#disposed) return;
      if (follower === undefined) {
        await old.scrape.markStale(this.#context.clock.nowUnixMs());
        return;
      }
      follower.scrape.adopt(old.scrape);
      // It may have been removed itself in the meantime.
      if (this.#running.get(follower.scrape.target.key) === follower) {
        follower.loop.start(old.loop.lastSlotUnixMs);
      } else await follower.scrape.markStale(this.#context.clock.nowUnixMs());
    });
    this.#ending.add(ending);
    return ending.finally(() => this.#ending.delete(ending));
  }
}

/** Targets of one identity store the same series, so one can go on where the other ended. */
function identityOf({ scrape: { target } }: Running): string {
  return `${target.job.jobName}\n${target.labels.key}`;
}
