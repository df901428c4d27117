import { createHash } from 'node:crypto';

import { formatDuration, Labels, parseDuration } from '@dwcp/core';

import { relabel } from './relabel.ts';
import { type ScrapeJob } from './scrape-job.ts';

/** One address to scrape, after relabelling. */
export interface Target {
  readonly job: ScrapeJob;
  /** Before relabelling, with `__address__` and what else relabelling could see. */
  readonly discoveredLabels: Labels;
  /** What every sample of the target gets; without labels that start with `__`. */
  readonly labels: Labels;
  readonly url: URL;
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
 * The targets of a job's `static_configs`. Addresses without a port get the scheme's, and
 * `instance` is the address unless relabelling says otherwise, as in Prometheus.
 */
export function discover(job: ScrapeJob): readonly Discovery[] {
  return job.staticConfigs.flatMap(({ targets, labels }) =>
    targets.map((address) => makeTarget(job, { ...labels, __address__: address })),
  );
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
  return {
    kind: 'target',
    target: {
      job,
      discoveredLabels,
      labels: kept.has('instance') ? kept : kept.with({ instance: host }),
      url: urlOf(job, relabelled, `${scheme}://${host}`),
      scrapeIntervalMs,
      scrapeTimeoutMs,
    },
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

/** Equal for targets that are the same address with the same labels. */
export function targetKey(target: Target): string {
  return `${target.job.jobName}\n${target.labels.key}\n${target.url.href}`;
}

/** A stable place in the interval for a target, so that scrapes spread evenly over it. */
export function offsetOf(target: Target, seed: string): number {
  const hash = createHash('sha1')
    .update(`${seed}\n${targetKey(target)}`)
    .digest();
  return hash.readUIntBE(0, 6) % target.scrapeIntervalMs;
}
