import { formatDuration } from '@dwcp/core';

import { type Target } from './target.ts';

/** One active target as Prometheus' `/api/v1/targets` shows it. */
export interface TargetStatus {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The job. */
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  /** The same address with the name of this machine in place of a loopback one. */
  readonly globalUrl: string;
  /** '' after a good scrape; a target that is up has one when samples of it were left out. */
  readonly lastError: string;
  /** RFC 3339; the year 1 before the first scrape. */
  readonly lastScrape: string;
  /** Seconds. */
  readonly lastScrapeDuration: number;
  readonly health: 'up' | 'down' | 'unknown';
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

/** How the last scrape of a target went. */
export interface LastScrape {
  readonly startUnixMs: number;
  readonly durationSeconds: number;
  readonly healthy: boolean;
  readonly error: string;
}

const NEVER = '0001-01-01T00:00:00Z';

/** @param hostname of this machine, for the global URL */
export function statusOf(
  target: Target,
  last: LastScrape | undefined,
  hostname: string,
): TargetStatus {
  const { job, url, scrapeUrl } = target;
  return {
    discoveredLabels: target.discoveredLabels.toObject(),
    labels: target.labels.toObject(),
    scrapePool: job.jobName,
    scrapeUrl,
    globalUrl: isLoopback(url) ? scrapeUrl.replace(url.hostname, hostname) : scrapeUrl,
    lastError: last?.error ?? '',
    lastScrape: last === undefined ? NEVER : new Date(last.startUnixMs).toISOString(),
    lastScrapeDuration: last?.durationSeconds ?? 0,
    health: last === undefined ? 'unknown' : last.healthy ? 'up' : 'down',
    scrapeInterval: formatDuration(target.scrapeIntervalMs),
    scrapeTimeout: formatDuration(target.scrapeTimeoutMs),
  };
}

function isLoopback(url: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}
