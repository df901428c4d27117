import { type LogLevel } from '@dwcp/core';
import { type ScrapeJob } from '@dwcp/metrics-collector';

export interface WebhookConfig {
  readonly name: string;
  readonly url: string;
  /** Signs notifications. */
  readonly secret: string | undefined;
  readonly sendResolved: boolean;
  readonly allowPrivateNetwork: boolean;
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
    readonly externalUrl: string | undefined;
  };
  readonly scrapeJobs: readonly ScrapeJob[];
  readonly alerting: {
    /** Absolute paths or globs. */
    readonly ruleFiles: readonly string[];
    readonly webhooks: readonly WebhookConfig[];
  };
  readonly retention: {
    readonly metricsMs: number;
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
  };
  readonly logging: { readonly level: LogLevel };
  readonly slos: readonly SloConfig[];
}
