import { type IncidentConfig } from '@dwcp/alerting';
import { type ConfigOrigin, type LogLevel } from '@dwcp/core';
import { type RelabelConfig, type ScrapeJob } from '@dwcp/metrics-collector';
import { type RemoteWriteAuthorization } from '@dwcp/metrics-forwarder';

export interface WebhookConfig {
  readonly name: string;
  readonly url: string;
  /** Signs notifications. */
  readonly secret: string | undefined;
  readonly sendResolved: boolean;
  readonly allowPrivateNetwork: boolean;
}

/** A server that all samples are sent on to. */
export interface RemoteWriteConfig {
  readonly name: string;
  readonly url: string;
  readonly version: '1.0' | '2.0';
  readonly authorization: RemoteWriteAuthorization | undefined;
  /** Absolute. */
  readonly caFile: string | undefined;
  readonly timeoutMs: number;
  readonly relabel: readonly RelabelConfig[];
  readonly sendExemplars: boolean;
  readonly maxShards: number;
}

/** An Alertmanager that alerts are sent to. */
export interface ForwardAlertmanagerConfig {
  readonly url: string;
  readonly authorization: RemoteWriteAuthorization | undefined;
  /** Absolute. */
  readonly caFile: string | undefined;
  readonly timeoutMs: number;
}

/** The other instances that get the same alerts. */
export interface AlertClusterConfig {
  readonly peers: readonly string[];
  readonly peerTimeoutMs: number;
  readonly pushPullMs: number;
  /** What instances present to each other; undefined on loopback only. */
  readonly token: string | undefined;
  /** Absolute, as the other files. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** An objective, and how to measure it; `$window` stands for the window in expressions. */
export type SloConfig = {
  readonly id: string;
  /** In (0, 1). */
  readonly objective: number;
  /** A Prometheus duration. */
  readonly window: string;
} & (
  | { readonly kind: 'ratio'; readonly goodExpression: string; readonly totalExpression: string }
  | { readonly kind: 'error-ratio'; readonly errorRatioExpression: string }
);

/** Servers that may stand behind the platform. This version has no adapter for them. */
export interface BackendConfig {
  readonly name: 'prometheus' | 'grafana' | 'jaeger' | 'elasticsearch';
  readonly configured: boolean;
}

/** The configuration after all sources were read, checked and merged. */
export interface Config {
  readonly region: string;
  /** What remote samples without a region get; undefined where nobody named one. */
  readonly addedRegion: string | undefined;
  readonly service: string;
  readonly instance: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly backends: readonly BackendConfig[];
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly token: string | undefined;
    readonly bodyLimitBytes: number;
    readonly allowedHosts: readonly string[];
    readonly adminApi: boolean;
    readonly externalUrl: string | undefined;
  };
  readonly scrapeJobs: readonly ScrapeJob[];
  readonly remoteWrite: readonly RemoteWriteConfig[];
  readonly pushgateway: {
    readonly enabled: boolean;
    /** Undefined: groups are never dropped. */
    readonly timeToLiveMs: number | undefined;
    readonly maxGroups: number;
    readonly maxSeries: number;
  };
  readonly alerting: {
    /** Absolute paths or globs. */
    readonly ruleFiles: readonly string[];
    readonly webhooks: readonly WebhookConfig[];
    /** Absolute path of Alertmanager's configuration; undefined: the webhooks are told of all. */
    readonly alertmanagerConfig: string | undefined;
    readonly alertmanagers: readonly ForwardAlertmanagerConfig[];
    /** Whether the receivers of that file may be in private networks. */
    readonly allowPrivateNetwork: boolean;
    /** How alerts fold into incidents, and how those escalate. */
    readonly incidents: Partial<IncidentConfig>;
    /** Where the levels come from, for what is wrong with their receivers. */
    readonly levelsOrigin: ConfigOrigin;
    /** Undefined: only rules hold repeats back. */
    readonly throttle: { readonly by: readonly string[]; readonly windowMs: number } | undefined;
    readonly decisionRetentionMs: number;
    /** Undefined: this instance is alone. */
    readonly cluster: AlertClusterConfig | undefined;
  };
  readonly metrics: {
    readonly outOfOrderMs: number;
    readonly maxSeries: number;
    readonly maxLabels: number;
    readonly durability: 'os' | 'disk';
  };
  readonly retention: {
    readonly metricsMs: number;
    /** Undefined: samples are not downsampled. */
    readonly downsampled: { readonly fiveMinutesMs: number; readonly hourMs: number } | undefined;
    /** Undefined: no limit. */
    readonly metricsMaxBytes: number | undefined;
    readonly logsMs: number;
    readonly tracesMs: number;
  };
  readonly collection: {
    readonly intervalMs: number;
    readonly host: boolean;
    readonly process: boolean;
  };
  readonly query: {
    readonly maxSamples: number;
    readonly timeoutMs: number;
    readonly maxConcurrent: number;
    /** Memory for kept answers; 0: none is kept. */
    readonly cacheMaxBytes: number;
    /** Threads for heavy queries, at most; 0: none. */
    readonly workers: number;
  };
  readonly logging: { readonly level: LogLevel };
  readonly slos: readonly SloConfig[];
}
