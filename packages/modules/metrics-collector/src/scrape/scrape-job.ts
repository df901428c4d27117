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

/** How a scrape identifies itself. Files are read anew at every scrape, so tokens can rotate. */
export type ScrapeAuth =
  | {
      readonly kind: 'basic';
      readonly username: string;
      readonly password: Secret | undefined;
      readonly passwordFile: string | undefined;
    }
  | {
      readonly kind: 'header';
      /** The scheme in front of the credentials, `Bearer` by default. */
      readonly type: string;
      readonly credentials: Secret | undefined;
      readonly credentialsFile: string | undefined;
    };

/** One entry of `scrape_configs`, checked and with every default filled in. */
export interface ScrapeJob {
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
  readonly followRedirects: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly auth: ScrapeAuth | undefined;
  readonly staticConfigs: readonly StaticTargets[];
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
  const { staticConfigs: _, relabelConfigs: __, targetLimit: ___, ...settings } = job;
  return JSON.stringify(settings, function (this: Record<string, unknown>, key, value: unknown) {
    // toJSON has run by now, so the holder is asked for the original.
    const original = this[key];
    if (original instanceof Secret) return original.fingerprint;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
