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

import { ScrapeClient } from './fetch-exposition.ts';
import { ScrapeError } from './scrape-error.ts';
import { type ScrapeJob, settingsKey } from './scrape-job.ts';
import { ScrapeLoop } from './scrape-loop.ts';
import { createScrapeMetrics } from './scrape-metrics.ts';
import { type ScrapeContext, TargetScrape } from './target-scrape.ts';
import { statusOf, type TargetStatus } from './target-status.ts';
import { discover, type DroppedTarget, offsetOf, type Target, targetKey } from './target.ts';

/** Dropped targets that are kept to be shown; all are counted. */
const MAX_DROPPED_SHOWN = 1_000;

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
}

interface Running {
  readonly settings: string;
  readonly scrape: TargetScrape;
  readonly loop: ScrapeLoop;
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
  readonly #client = new ScrapeClient();
  readonly #hostname: string;
  readonly #seed: string;
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
   * and labels, keep their loop, their place in the interval and their caches. Resolves when removed
   * targets have ended and their series are marked stale.
   */
  async reload(jobs: readonly ScrapeJob[]): Promise<void> {
    this.#jobs = jobs;
    if (!this.#started || this.#disposed) return;
    const before = this.#running;
    const { kept, added } = this.#sort(this.#discoverAll(jobs), before);
    const removed = new Map([...before].filter(([key, each]) => kept.get(key) !== each));
    this.#running = new Map([...kept, ...added]);
    this.#applyTargetLimits(jobs);
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

  /** Targets that relabelling dropped, the first 1,000 of them. */
  droppedTargets(): readonly DroppedTarget[] {
    return this.#dropped;
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
    await Promise.all([
      ...[...this.#running.values()].map(({ loop }) => loop.stop()),
      ...this.#ending,
    ]);
    this.#client[Symbol.dispose]();
  }

  #discoverAll(jobs: readonly ScrapeJob[]): readonly Target[] {
    const { log, metrics } = this.#context;
    const targets: Target[] = [];
    const dropped: DroppedTarget[] = [];
    this.#droppedCount = 0;
    for (const found of jobs.flatMap(discover)) {
      switch (found.kind) {
        case 'target':
          targets.push(found.target);
          break;
        case 'dropped':
          this.#droppedCount++;
          if (dropped.length < MAX_DROPPED_SHOWN) dropped.push(found.dropped);
          break;
        case 'invalid':
          metrics.invalidTargets.labels({ scrape_job: found.scrapePool }).inc();
          log.error(
            { scrape_job: found.scrapePool, address: found.discoveredLabels.get('__address__') },
            `target left out: ${found.reason}`,
          );
          break;
      }
    }
    this.#dropped = dropped;
    return targets;
  }

  /** Which loops go on and which are new. Targets that are the same are scraped once. */
  #sort(
    targets: readonly Target[],
    before: ReadonlyMap<string, Running>,
  ): { readonly kept: Map<string, Running>; readonly added: Map<string, Running> } {
    const kept = new Map<string, Running>();
    const added = new Map<string, Running>();
    const settings = new Map<ScrapeJob, string>();
    for (const target of targets) {
      const key = targetKey(target);
      if (kept.has(key) || added.has(key)) continue;
      const jobSettings = settings.get(target.job) ?? settingsKey(target.job);
      settings.set(target.job, jobSettings);
      const wanted = `${target.scrapeIntervalMs} ${target.scrapeTimeoutMs} ${jobSettings}`;
      const existing = before.get(key);
      if (existing?.settings === wanted) {
        existing.scrape.target = target;
        kept.set(key, existing);
      } else added.set(key, this.#create(target, wanted));
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
    const ending = old.loop.stop().then(async () => {
      if (this.#disposed) return;
      if (follower === undefined) {
        await old.scrape.markStale(this.#context.clock.nowUnixMs());
        return;
      }
      follower.scrape.adopt(old.scrape.tracked);
      // It may have been removed itself in the meantime.
      if (this.#isRunning(follower)) follower.loop.start();
      else await follower.scrape.markStale(this.#context.clock.nowUnixMs());
    });
    this.#ending.add(ending);
    return ending.finally(() => this.#ending.delete(ending));
  }

  #isRunning(running: Running): boolean {
    return [...this.#running.values()].includes(running);
  }
}

/** Targets of one identity store the same series, so one can go on where the other ended. */
function identityOf({ scrape: { target } }: Running): string {
  return `${target.job.jobName}\n${target.labels.key}`;
}
