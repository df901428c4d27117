import { type DiscoveryConfig } from '../discovery/discovery-config.ts';
import { type HttpSettings } from './http-settings.ts';
import { type RelabelConfig } from './relabel.ts';
import { Secret } from './secret.ts';

/** Protocols a scrape can ask for, by Prometheus' names. */
export const SCRAPE_PROTOCOLS = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
] as const;

export type ScrapeProtocol = (typeof SCRAPE_PROTOCOLS)[number];

export interface StaticTargets {
  /** `host:port` or `host`. */
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** One entry of `scrape_configs`, checked and with every default filled in. */
export interface ScrapeJob extends HttpSettings {
  readonly jobName: string;
  readonly scrapeIntervalMs: number;
  /** At most the interval. */
  readonly scrapeTimeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly enableCompression: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly staticConfigs: readonly StaticTargets[];
  readonly discovery: readonly DiscoveryConfig[];
  readonly relabelConfigs: readonly RelabelConfig[];
  readonly metricRelabelConfigs: readonly RelabelConfig[];
  /** Uncompressed bytes of one answer. */
  readonly bodySizeLimitBytes: number;
  /** Samples of one scrape after relabelling; 0 is no limit, as for the limits below. */
  readonly sampleLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly targetLimit: number;
  readonly scrapeProtocols: readonly ScrapeProtocol[];
  /** What to take an answer for whose Content-Type names no format. */
  readonly fallbackScrapeProtocol: ScrapeProtocol | undefined;
}

/**
 * The same for jobs that treat a target alike: everything but which targets there are. A target
 * whose own labels and job settings stay the same keeps its loop and caches over a reload.
 */
export function settingsKey(job: ScrapeJob): string {
  const { staticConfigs: _, discovery: __, relabelConfigs: ___, targetLimit: ____, ...rest } = job;
  return keyOf(rest);
}

/** The same for jobs that make the same targets of the same groups. */
export function targetsKey(job: ScrapeJob): string {
  const { staticConfigs: _, discovery: __, targetLimit: ___, ...rest } = job;
  return keyOf(rest);
}

function keyOf(settings: object): string {
  return JSON.stringify(settings, function (this: Record<string, unknown>, key, value: unknown) {
    // toJSON has run by now, so the holder is asked for the original.
    const original = this[key];
    if (original instanceof Secret) return original.fingerprint;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
