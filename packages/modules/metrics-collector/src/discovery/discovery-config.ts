import { type HttpSettings } from '../scrape/http-settings.ts';
import { Secret } from '../scrape/secret.ts';

/** Target groups in files; Prometheus' `file_sd_config`. */
export interface FileDiscoveryConfig {
  readonly kind: 'file';
  /** Paths, absolute; the last segment may hold a pattern. They end in .json, .yml or .yaml. */
  readonly files: readonly string[];
  /** How often every file is read again, whether it seems changed or not. */
  readonly refreshIntervalMs: number;
}

/** Target groups from a server; Prometheus' `http_sd_config`. */
export interface HttpDiscoveryConfig extends HttpSettings {
  readonly kind: 'http';
  readonly url: string;
  readonly refreshIntervalMs: number;
}

export const DNS_RECORD_TYPES = ['SRV', 'A', 'AAAA', 'MX', 'NS'] as const;

export type DnsRecordType = (typeof DNS_RECORD_TYPES)[number];

/** Targets that are records of the DNS; Prometheus' `dns_sd_config`. */
export interface DnsDiscoveryConfig {
  readonly kind: 'dns';
  readonly names: readonly string[];
  readonly type: DnsRecordType;
  /** Of the targets; SRV records bring their own. */
  readonly port: number;
  readonly refreshIntervalMs: number;
}

/** Where targets of a job come from, beside its `static_configs`. */
export type DiscoveryConfig = FileDiscoveryConfig | HttpDiscoveryConfig | DnsDiscoveryConfig;

/** Equal for configurations that find the same, so that they share one discovery over reloads. */
export function discoveryKey(config: DiscoveryConfig): string {
  return JSON.stringify(config, function (this: Record<string, unknown>, key, value: unknown) {
    // toJSON has run by now, so the holder is asked for the original.
    const original = this[key];
    return original instanceof Secret ? original.fingerprint : value;
  });
}
