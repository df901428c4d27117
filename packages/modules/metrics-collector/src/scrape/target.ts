import { createHash } from 'node:crypto';

import { formatDuration, Labels, parseDuration } from '@dwcp/core';

import { type TargetGroup } from '../discovery/target-group.ts';
import { relabel } from './relabel.ts';
import { type ScrapeJob } from './scrape-job.ts';

/** One address to scrape, after relabelling. */
export interface Target {
  /** Equal for targets that are the same address with the same labels in the same job. */
  readonly key: string;
  readonly job: ScrapeJob;
  /** Before relabelling, with `__address__` and what else relabelling could see. */
  readonly discoveredLabels: Labels;
  /** What every sample of the target gets; without labels that start with `__`. */
  readonly labels: Labels;
  readonly url: URL;
  /** The address as it is shown: with its port, even where that is the scheme's own. */
  readonly scrapeUrl: string;
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
}

export interface DroppedTarget {
  readonly discoveredLabels: Labels;
  readonly scrapePool: string;
}

/** What relabelling and checking made of one address. */
export type Discovery =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'dropped'; readonly dropped: DroppedTarget }
  | {
      readonly kind: 'invalid';
      readonly discoveredLabels: Labels;
      readonly scrapePool: string;
      readonly reason: string;
    };

/**
 * What a job makes of groups of targets. Addresses without a port get the scheme's, and `instance`
 * is the address unless relabelling says otherwise, as in Prometheus.
 * @param before what was made last time under the same settings; what is in it is not made again
 * @returns one entry per set of labels before relabelling
 */
export function discover(
  job: ScrapeJob,
  groups: readonly TargetGroup[],
  before: ReadonlyMap<string, Discovery> = new Map(),
): ReadonlyMap<string, Discovery> {
  const found = new Map<string, Discovery>();
  for (const group of groups) {
    const groupKey = JSON.stringify(group.labels);
    for (const own of group.targets) {
      const key = JSON.stringify(own) + groupKey;
      if (found.has(key)) continue;
      found.set(key, before.get(key) ?? makeTarget(job, { ...group.labels, ...own }));
    }
  }
  return found;
}

function makeTarget(job: ScrapeJob, own: Readonly<Record<string, string>>): Discovery {
  const scrapePool = job.jobName;
  const params = Object.entries(job.params).flatMap(([name, [first]]) =>
    first === undefined ? [] : [[`__param_${name}`, first] as const],
  );
  const discoveredLabels = Labels.fromPairs([
    ['job', job.jobName],
    ['__scrape_interval__', formatDuration(job.scrapeIntervalMs)],
    ['__scrape_timeout__', formatDuration(job.scrapeTimeoutMs)],
    ['__metrics_path__', job.metricsPath],
    ['__scheme__', job.scheme],
    ...Object.entries(own).filter(([, value]) => value !== ''),
    ...params,
  ]);
  const relabelled = relabel(discoveredLabels, job.relabelConfigs);
  if (relabelled === undefined) {
    return { kind: 'dropped', dropped: { discoveredLabels, scrapePool } };
  }
  const invalid = (reason: string): Discovery => ({
    kind: 'invalid',
    discoveredLabels,
    scrapePool,
    reason,
  });
  const address = relabelled.get('__address__');
  if (address === '') return invalid('no address: __address__ is empty after relabelling');
  const scheme = relabelled.get('__scheme__');
  if (scheme !== 'http' && scheme !== 'https') {
    return invalid(`the scheme ${JSON.stringify(scheme)} is neither http nor https`);
  }
  const host = withPort(address, scheme);
  if (host === undefined) return invalid(`${JSON.stringify(address)} is no host or host:port`);
  const scrapeIntervalMs = parseDuration(relabelled.get('__scrape_interval__')) ?? 0;
  const scrapeTimeoutMs = parseDuration(relabelled.get('__scrape_timeout__')) ?? 0;
  if (!(scrapeIntervalMs > 0 && scrapeTimeoutMs > 0 && scrapeTimeoutMs <= scrapeIntervalMs)) {
    return invalid(
      `interval ${JSON.stringify(relabelled.get('__scrape_interval__'))} and timeout ${JSON.stringify(relabelled.get('__scrape_timeout__'))} must be durations above 0, the timeout not above the interval`,
    );
  }
  const kept = publicLabels(relabelled);
  const labels = kept.has('instance') ? kept : kept.with({ instance: host });
  const url = urlOf(job, relabelled, `${scheme}://${host}`);
  const key = `${job.jobName}\n${labels.key}\n${url.href}`;
  const scrapeUrl = `${scheme}://${host}${url.pathname}${url.search}`;
  const timing = { scrapeIntervalMs, scrapeTimeoutMs };
  return {
    kind: 'target',
    target: { key, job, discoveredLabels, labels, url, scrapeUrl, ...timing },
  };
}

function publicLabels(labels: Labels): Labels {
  return Labels.fromPairs([...labels].filter(([name]) => !name.startsWith('__')));
}

/** The address with a port, or undefined when it is none. */
function withPort(address: string, scheme: 'http' | 'https'): string | undefined {
  const match = /^(\[[^\]\s]+\]|[^:[\]/?#@\s]+)(?::(\d{1,5}))?$/.exec(address);
  const [, host = '', port] = match ?? [];
  if (match === null || (port !== undefined && Number(port) > 65_535)) return undefined;
  const full = `${host}:${port ?? (scheme === 'http' ? '80' : '443')}`;
  return URL.canParse(`${scheme}://${full}`) ? full : undefined;
}

function urlOf(job: ScrapeJob, labels: Labels, base: string): URL {
  const url = new URL(base);
  const path = labels.get('__metrics_path__') || '/';
  url.pathname = path.startsWith('/') ? path : `/${path}`;
  const params = new Map(Object.entries(job.params).map(([name, values]) => [name, [...values]]));
  for (const [name, value] of labels) {
    if (!name.startsWith('__param_')) continue;
    const key = name.slice('__param_'.length);
    params.set(key, [value, ...(params.get(key)?.slice(1) ?? [])]);
  }
  for (const [name, values] of [...params].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (const value of values) url.searchParams.append(name, value);
  }
  return url;
}

/** A stable place in the interval for a target, so that scrapes spread evenly over it. */
export function offsetOf(target: Target, seed: string): number {
  const hash = createHash('sha1').update(`${seed}\n${target.key}`).digest();
  return hash.readUIntBE(0, 6) % target.scrapeIntervalMs;
}
