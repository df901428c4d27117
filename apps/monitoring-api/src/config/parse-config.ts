import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { ConfigError, type ConfigOrigin, type ConfigProblem, parseDuration } from '@dwcp/core';
import { parseScrapeConfigs, type ScrapeJob } from '@dwcp/metrics-collector';

import { checkValue, printable } from '../schema/check-value.ts';
import { listenAddress } from '../schema/formats.ts';
import { parseAlerting } from './alerting.ts';
import { type Config } from './config.ts';
import { defaultsOf, type Settings } from './defaults.ts';
import { parseRemoteWrite } from './remote-write.ts';
import { ConfigSchema } from './schema.ts';
import { parseSlos } from './slos.ts';
import { type ConfigSource, valueAt } from './source.ts';

const MIN_RETENTION_MS = 3_600_000;

export interface ParseConfigOptions {
  /** Highest precedence first: code, environment, file. */
  readonly sources: readonly ConfigSource[];
  /** Where relative paths of defaults start. */
  readonly cwd: string;
  readonly hostname: string;
  /** The region where no source names one; without it a region is required. */
  readonly defaultRegion?: string;
}

/** What the parts of the parser share. */
export interface ParseContext {
  readonly settings: Settings;
  readonly originOf: (path: readonly string[]) => ConfigOrigin;
  /** The source that a setting came from. */
  readonly sourceOf: (path: readonly string[]) => ConfigSource | undefined;
  readonly report: (path: readonly string[], problem: string, fix: string, shown?: string) => void;
}

/**
 * Checks every source by itself, merges them (objects key by key, lists as a whole), fills in the
 * defaults and checks what settings mean together.
 * @throws ConfigError with every problem of every source
 */
export function parseConfig(options: ParseConfigOptions): Config {
  const problems: ConfigProblem[] = [];
  const checked = options.sources.map((source) => {
    problems.push(...(source.problems ?? []));
    const result = checkValue(ConfigSchema, source.value, {
      partial: true,
      ...(source.coerce === undefined ? {} : { coerce: source.coerce }),
    });
    problems.push(
      ...result.problems.map(({ path, found, problem, fix }) => ({
        key: path.length === 0 ? '(top level)' : path.join('.'),
        value: found,
        origin: source.origin(path),
        problem,
        fix,
      })),
    );
    // Values that are wrong are told once; the checks below see what is left.
    const wrong = result.problems.map(({ path }) => path);
    const value = omit(result.value, wrong);
    problems.push(...listenTwice(value, source));
    return { source, value: expandListen(value) };
  });

  let merged: unknown = defaultsOf(ConfigSchema);
  for (const { value } of checked.toReversed()) merged = merge(merged, value);
  const settings = merged as Settings;

  const sourceOf = (path: readonly string[]): ConfigSource | undefined =>
    checked.find(({ value }) => valueAt(value, path) !== undefined)?.source ??
    // A required key that is missing inside something that is there, such as an entry of a list.
    (path.length > 1 ? sourceOf(path.slice(0, -1)) : undefined);
  const context: ParseContext = {
    settings,
    sourceOf,
    originOf: (path) => sourceOf(path)?.origin(path) ?? 'default',
    report: (path, problem, fix, shown) => {
      const key = path.join('.');
      // One thing that is wrong is told once.
      if (problems.some((told) => told.key === key)) return;
      const value = valueAt(settings, path);
      problems.push({
        key,
        value: shown ?? (value === undefined ? 'nothing' : printable(value)),
        origin: context.originOf(path),
        problem,
        fix,
      });
    },
  };

  const config = resolveSettings(context, options, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function resolveSettings(
  context: ParseContext,
  options: ParseConfigOptions,
  problems: ConfigProblem[],
): Config {
  const { settings, sourceOf, report } = context;

  const region = settings.region ?? options.defaultRegion ?? '';
  // Who cannot be read may well have named it.
  const unread = problems.some(({ key }) => key.startsWith('('));
  if (region === '' && !unread) {
    report(['region'], 'is required', 'name the region this process runs in, such as eu-west');
  }

  const pathOf = (path: readonly string[], value: string): string =>
    resolve(sourceOf(path)?.baseDir ?? options.cwd, value);
  const readFile = (path: readonly string[], value: string): string | undefined => {
    try {
      const text = readFileSync(pathOf(path, value), 'utf8').trim();
      if (text !== '') return text;
      report(path, 'is an empty file', 'write the value into it');
    } catch (error) {
      report(
        path,
        `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        'check the path and its permissions',
      );
    }
    return undefined;
  };
  const secretOf = (group: readonly string[], key: string): string | undefined => {
    const value = valueAt(settings, [...group, key]);
    const file = valueAt(settings, [...group, `${key}File`]);
    if (typeof value === 'string' && typeof file === 'string') {
      report([...group, key], `is given twice, here and as ${key}File`, 'keep one of them', '***');
    }
    if (typeof value === 'string') return value;
    return typeof file === 'string' ? readFile([...group, `${key}File`], file) : undefined;
  };
  const durationOf = (path: readonly string[], minimumMs: number, hint: string): number => {
    const ms = parseDuration(String(valueAt(settings, path))) ?? 0;
    if (ms < minimumMs) report(path, `must be at least ${hint}`, `set ${hint} or more`);
    return ms;
  };

  const token = secretOf(['server'], 'token');
  if (token !== undefined && token.length < 16) {
    report(
      ['server', 'tokenFile'],
      'holds a token of fewer than 16 characters',
      'use a longer one',
      '***',
    );
  }
  secretOf([], 'grafanaAPIKey');

  const { server, collection, query } = settings;
  return {
    region,
    addedRegion: settings.region,
    service: settings.service,
    instance: settings.instance ?? options.hostname,
    dataDir:
      settings.dataDir === undefined
        ? resolve(options.cwd, 'data', settings.service)
        : pathOf(['dataDir'], settings.dataDir),
    backends: [
      { name: 'prometheus', configured: settings.prometheusURL !== undefined },
      { name: 'grafana', configured: settings.grafanaURL !== undefined },
      { name: 'jaeger', configured: settings.jaegerEndpoint !== undefined },
      { name: 'elasticsearch', configured: settings.elasticsearchURL !== undefined },
    ],
    server: {
      host: server.host,
      port: server.port,
      token,
      bodyLimitBytes: server.bodyLimitBytes,
      allowedHosts: server.allowedHosts,
      adminApi: server.adminAPI,
      externalUrl: server.externalURL,
    },
    scrapeJobs: parseScrape(context, problems),
    remoteWrite: parseRemoteWrite(context, { pathOf, problems }),
    pushgateway: {
      enabled: settings.pushgateway.enabled,
      timeToLiveMs:
        settings.pushgateway.timeToLive === undefined
          ? undefined
          : durationOf(['pushgateway', 'timeToLive'], 1_000, '1s'),
      maxGroups: settings.pushgateway.maxGroups,
      maxSeries: settings.pushgateway.maxSeries,
    },
    alerting: parseAlerting(context, { pathOf, readFile, durationOf }),
    metrics: {
      outOfOrderMs: durationOf(['metrics', 'outOfOrderWindow'], 0, '0s'),
      maxSeries: settings.metrics.maxSeries,
      maxLabels: settings.metrics.maxLabels,
      durability: settings.metrics.durability,
    },
    retention: {
      downsampled: downsampledOf(context, durationOf),
      metricsMaxBytes: settings.retention.metricsMaxBytes || undefined,
      metricsMs: durationOf(['retention', 'metrics'], MIN_RETENTION_MS, '1h'),
      logsMs: durationOf(['retention', 'logs'], MIN_RETENTION_MS, '1h'),
      tracesMs: durationOf(['retention', 'traces'], MIN_RETENTION_MS, '1h'),
    },
    collection,
    query: {
      maxSamples: query.maxSamples,
      timeoutMs: durationOf(['query', 'timeout'], 1, '1ms'),
      maxConcurrent: query.maxConcurrent,
      cacheMaxBytes: query.cacheMaxBytes,
      workers: query.workers ?? Math.max(1, availableParallelism() - 1),
    },
    logging: settings.logging,
    slos: parseSlos(context),
  };
}

/** `listen` is another way to say where the server listens, within one source. */
function listenTwice(value: unknown, source: ConfigSource): ConfigProblem[] {
  const listen = valueAt(value, ['listen']);
  if (typeof listen !== 'string') return [];
  return ['host', 'port']
    .filter((key) => valueAt(value, ['server', key]) !== undefined)
    .map((key) => ({
      key: 'listen',
      value: printable(listen),
      origin: source.origin(['listen']),
      problem: `is given together with server.${key}`,
      fix: 'keep one of them',
    }));
}

function expandListen(value: unknown): unknown {
  const listen = valueAt(value, ['listen']);
  const address = typeof listen === 'string' ? listenAddress(listen) : undefined;
  if (address === undefined) return value;
  const { host, port } = address;
  return merge(value, { server: { port, ...(host === undefined ? {} : { host }) } });
}

/** Coarse samples are for when the fine ones are gone, so they stay longer. */
function downsampledOf(
  { settings, report }: ParseContext,
  durationOf: (path: readonly string[], minimumMs: number, hint: string) => number,
): Config['retention']['downsampled'] {
  const fiveMinutesMs = durationOf(['retention', 'metrics5m'], 0, '0s');
  const hourMs = durationOf(['retention', 'metrics1h'], 0, '0s');
  if (fiveMinutesMs === 0) return undefined;
  const rawMs = parseDuration(settings.retention.metrics) ?? 0;
  // Who only asks for longer fine samples than the defaults expect need not think of coarse ones.
  if (hourMs < fiveMinutesMs) {
    report(['retention', 'metrics1h'], 'is shorter than metrics5m', 'make it longer');
  }
  return { fiveMinutesMs: Math.max(rawMs, fiveMinutesMs), hourMs: Math.max(rawMs, hourMs) };
}

/** The scrape configuration is checked where it is understood; here its problems get their lines. */
function parseScrape(context: ParseContext, problems: ConfigProblem[]): readonly ScrapeJob[] {
  const path = ['scrapeConfigs'];
  try {
    return parseScrapeConfigs(context.settings.scrapeConfigs, context.originOf(path));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(
      ...error.problems.map((p) => ({ ...p, origin: context.originOf(p.key.split('.')) })),
    );
    return [];
  }
}

/** Objects key by key, everything else as a whole; the second wins. */
function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  if (!isPlain(under) || !isPlain(over)) return over;
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) result[key] = merge(under[key], value);
  return result;
}

/** A copy without the values at some paths; a list that holds one keeps its other entries in place. */
function omit(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return undefined;
  if (paths.length === 0 || typeof value !== 'object' || value === null) return value;
  const below = (key: string): (readonly string[])[] =>
    paths.filter((path) => path[0] === key).map((path) => path.slice(1));
  if (Array.isArray(value))
    return value.map((item, index) => omit(item, below(String(index))) ?? {});
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const left = omit(item, below(key));
      return left === undefined ? [] : [[key, left]];
    }),
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
