import { ConfigError, type ConfigOrigin, type ConfigProblem, formatDuration } from '@dwcp/core';

import {
  KNOWN_DISCOVERY,
  parseDiscoveryConfigs,
  unsupportedDiscovery,
} from '../discovery/parse-discovery-configs.ts';
import { ConfigReader } from './config-reader.ts';
import { KNOWN_HTTP, parseHttpSettings, UNSUPPORTED_HTTP } from './parse-http-settings.ts';
import { parseRelabelConfigs } from './parse-relabel-configs.ts';
import {
  SCRAPE_PROTOCOLS,
  type ScrapeJob,
  type ScrapeProtocol,
  type StaticTargets,
} from './scrape-job.ts';

const KNOWN = [
  'job_name',
  'scrape_interval',
  'scrape_timeout',
  'metrics_path',
  'scheme',
  'params',
  'honor_labels',
  'honor_timestamps',
  'track_timestamps_staleness',
  'enable_compression',
  'extra_scrape_metrics',
  ...KNOWN_HTTP,
  'static_configs',
  ...KNOWN_DISCOVERY,
  'relabel_configs',
  'metric_relabel_configs',
  'body_size_limit',
  'sample_limit',
  'label_limit',
  'label_name_length_limit',
  'label_value_length_limit',
  'target_limit',
  'scrape_protocols',
  'fallback_scrape_protocol',
];

/** Settings Prometheus has and we lack, and what to do instead. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  ...UNSUPPORTED_HTTP,
  keep_dropped_targets: 'leave it out; the first 1000 dropped targets are kept',
  native_histogram_bucket_limit: 'leave it out; native histograms are not scraped',
  native_histogram_min_bucket_factor: 'leave it out; native histograms are not scraped',
  scrape_native_histograms: 'leave it out; native histograms are not scraped',
  scrape_classic_histograms: 'leave it out; classic histograms are always scraped',
  always_scrape_classic_histograms: 'leave it out; classic histograms are always scraped',
  convert_classic_histograms_to_nhcb: 'leave it out; classic histograms stay classic',
  metric_name_validation_scheme: 'leave it out; UTF-8 names are valid',
  metric_name_escaping_scheme: 'leave it out; names are taken as exposed',
  scrape_failure_log_file: 'leave it out; see the targets and the log',
};

const DEFAULT_BODY_SIZE_LIMIT_BYTES = 64 * 2 ** 20;
const MAX_BODY_SIZE_LIMIT_BYTES = 256 * 2 ** 20;
const MIN_INTERVAL_MS = 100;
const MAX_INTERVAL_MS = 86_400_000;

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
};

export interface ScrapeDefaults {
  /** Default 15,000 ms. */
  readonly scrapeIntervalMs?: number;
  /** Default 10,000 ms, or the interval where that is shorter. */
  readonly scrapeTimeoutMs?: number;
}

/**
 * Reads jobs in the shape of Prometheus' `scrape_configs`: snake_case, durations such as `1s`.
 * Where Prometheus has a setting that is not supported, that is a problem and not ignored.
 *
 * Relative `password_file` and `credentials_file` are relative to the configuration file.
 * `body_size_limit` is 64 MiB when absent or 0, and 256 MiB at most.
 *
 * @throws ConfigError with every problem at once; secrets do not occur in it
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
export function parseScrapeConfigs(
  input: unknown,
  origin: ConfigOrigin,
  keyPrefix = 'scrapeConfigs',
  defaults: ScrapeDefaults = {},
): ScrapeJob[] {
  const problems: ConfigProblem[] = [];
  const dot = keyPrefix.lastIndexOf('.');
  // Wrapped in a mapping, so that the list is read like any other.
  const name = keyPrefix.slice(dot + 1);
  const parent = dot < 0 ? '' : keyPrefix.slice(0, dot);
  const root = new ConfigReader({ [name]: input }, parent, { origin, problems });
  const readers = root.mappings(name);
  const jobs = readers.map((reader) => parseJob(reader, origin, defaults));
  const firstKeys = new Map<string, string>();
  for (const [index, reader] of readers.entries()) {
    const { jobName } = jobs[index] ?? { jobName: '' };
    const firstKey = firstKeys.get(jobName);
    if (firstKey === undefined) firstKeys.set(jobName, reader.key);
    else if (jobName !== '') {
      reader.problem('job_name', `is taken by ${firstKey}`, 'give each job a name of its own');
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return jobs;
}

function parseJob(reader: ConfigReader, origin: ConfigOrigin, defaults: ScrapeDefaults): ScrapeJob {
  reader.rejectUnknown(KNOWN, (name) => unsupportedDiscovery(name) ?? UNSUPPORTED[name]);
  const jobName = reader.string('job_name');
  if (jobName === '' || !reader.has('job_name')) {
    reader.problem('job_name', 'is missing', 'give the job a name');
  }
  return {
    jobName: jobName ?? '',
    ...parseTiming(reader, defaults),
    metricsPath: parsePath(reader),
    scheme: reader.oneOf('scheme', ['http', 'https']) ?? 'http',
    params: parseParams(reader),
    honorLabels: reader.boolean('honor_labels') ?? false,
    honorTimestamps: reader.boolean('honor_timestamps') ?? true,
    trackTimestampsStaleness: reader.boolean('track_timestamps_staleness') ?? false,
    enableCompression: reader.boolean('enable_compression') ?? true,
    extraScrapeMetrics: reader.boolean('extra_scrape_metrics') ?? false,
    ...parseHttpSettings(reader, origin),
    staticConfigs: reader.mappings('static_configs').map(parseStaticTargets),
    discovery: parseDiscoveryConfigs(reader, origin),
    relabelConfigs: parseRelabelConfigs(reader, 'relabel_configs'),
    metricRelabelConfigs: parseRelabelConfigs(reader, 'metric_relabel_configs'),
    bodySizeLimitBytes: parseBodySizeLimit(reader),
    sampleLimit: reader.count('sample_limit') ?? 0,
    labelLimit: reader.count('label_limit') ?? 0,
    labelNameLengthLimit: reader.count('label_name_length_limit') ?? 0,
    labelValueLengthLimit: reader.count('label_value_length_limit') ?? 0,
    targetLimit: reader.count('target_limit') ?? 0,
    scrapeProtocols: parseProtocols(reader),
    fallbackScrapeProtocol: reader.oneOf('fallback_scrape_protocol', SCRAPE_PROTOCOLS),
  };
}

function parseTiming(
  reader: ConfigReader,
  defaults: ScrapeDefaults,
): Pick<ScrapeJob, 'scrapeIntervalMs' | 'scrapeTimeoutMs'> {
  const scrapeIntervalMs =
    reader.durationMs('scrape_interval') ?? defaults.scrapeIntervalMs ?? 15_000;
  if (scrapeIntervalMs < MIN_INTERVAL_MS || scrapeIntervalMs > MAX_INTERVAL_MS) {
    reader.problem('scrape_interval', 'must be from 100ms to 1d', 'write one such as 15s');
  }
  const given = reader.durationMs('scrape_timeout');
  if (given === 0) reader.problem('scrape_timeout', 'must be above 0', 'write one such as 10s');
  if (given !== undefined && given > scrapeIntervalMs) {
    reader.problem(
      'scrape_timeout',
      `must not exceed the interval of ${formatDuration(scrapeIntervalMs)}`,
      'shorten the timeout or lengthen the interval',
    );
  }
  const usual = defaults.scrapeTimeoutMs ?? 10_000;
  return { scrapeIntervalMs, scrapeTimeoutMs: given ?? Math.min(usual, scrapeIntervalMs) };
}

function parsePath(reader: ConfigReader): string {
  const path = reader.string('metrics_path') ?? '/metrics';
  if (path.includes('?') || path.includes('#')) {
    reader.problem('metrics_path', 'must be a path only', 'put query parameters into params');
  }
  return path.startsWith('/') ? path : `/${path}`;
}

function parseParams(reader: ConfigReader): Readonly<Record<string, readonly string[]>> {
  const params = reader.mapping('params');
  return Object.fromEntries(
    (params?.names() ?? []).map((name) => [name, params?.strings(name) ?? []]),
  );
}

function parseProtocols(reader: ConfigReader): readonly ScrapeProtocol[] {
  const names = reader.strings('scrape_protocols');
  if (names === undefined) {
    return ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1', 'PrometheusText0.0.4'];
  }
  const unknown = names.filter((name) => !isProtocol(name));
  if (unknown.length > 0 || names.length === 0) {
    reader.problem(
      'scrape_protocols',
      names.length === 0 ? 'is empty' : `${unknown.join(', ')} is not supported`,
      `choose from ${SCRAPE_PROTOCOLS.join(', ')}`,
    );
  }
  if (new Set(names).size !== names.length) {
    reader.problem('scrape_protocols', 'names a protocol twice', 'name each once');
  }
  return names.filter(isProtocol);
}

function isProtocol(name: string): name is ScrapeProtocol {
  return SCRAPE_PROTOCOLS.some((protocol) => protocol === name);
}

function parseStaticTargets(reader: ConfigReader): StaticTargets {
  reader.rejectUnknown(['targets', 'labels']);
  const targets = reader.strings('targets') ?? [];
  for (const [index, target] of targets.entries()) {
    if (target === '' || /[/?#\s]/.test(target)) {
      reader.problem(
        `targets.${index}`,
        'must be a host or host:port, nothing else',
        'set scheme and metrics_path beside it',
      );
    }
  }
  return { targets, labels: reader.stringMap('labels') };
}

/** Prometheus' sizes: `10MB` and `10MiB` are both 10 * 2^20. */
function parseBodySizeLimit(reader: ConfigReader): number {
  if (!reader.has('body_size_limit')) return DEFAULT_BODY_SIZE_LIMIT_BYTES;
  const match = /^(\d+(?:\.\d+)?)([KMG]?)i?B?$/.exec(String(reader.raw('body_size_limit')));
  const sizeBytes = Math.floor(Number(match?.[1]) * (SIZE_UNITS[match?.[2] ?? ''] ?? 1));
  if (sizeBytes === 0) return DEFAULT_BODY_SIZE_LIMIT_BYTES;
  if (!(sizeBytes <= MAX_BODY_SIZE_LIMIT_BYTES)) {
    reader.problem(
      'body_size_limit',
      'must be a size of at most 256MiB',
      'write one such as 64MiB',
    );
  }
  return sizeBytes;
}
