import { formatDuration } from '@dwcp/core';
import { type DiscoveryConfig, type RelabelConfig, type ScrapeJob } from '@dwcp/metrics-collector';

import { type Config } from '../../config/config.ts';

const SECRET = '<secret>';

/**
 * The configuration as Prometheus would have it in its file, for clients that read it there: external
 * labels, rule files, Alertmanagers, what is scraped and sent on. Secrets are masked.
 */
export async function configYaml(config: Config, jobs: readonly ScrapeJob[]): Promise<string> {
  // Few ask for it, and it is large.
  const { stringify } = await import('yaml');
  const interval = formatDuration(config.collection.intervalMs);
  return stringify(
    {
      global: {
        scrape_interval: interval,
        evaluation_interval: interval,
        external_labels: { region: config.region },
      },
      ...(config.alerting.ruleFiles.length === 0 ? {} : { rule_files: config.alerting.ruleFiles }),
      ...(config.alerting.alertmanagers.length === 0
        ? {}
        : { alerting: { alertmanagers: config.alerting.alertmanagers.map(alertmanagerOf) } }),
      ...(jobs.length === 0 ? {} : { scrape_configs: jobs.map(jobOf) }),
      storage: {
        tsdb: { out_of_order_time_window: formatDuration(config.metrics.outOfOrderMs) },
      },
      ...(config.remoteWrite.length === 0
        ? {}
        : {
            remote_write: config.remoteWrite.map(({ name, url, timeoutMs, authorization }) => ({
              url: withoutPassword(url),
              name,
              remote_timeout: formatDuration(timeoutMs),
              ...(authorization === undefined ? {} : { authorization: { credentials: SECRET } }),
            })),
          }),
    },
    { lineWidth: 0 },
  );
}

function jobOf(job: ScrapeJob): Record<string, unknown> {
  const { auth, params, relabelConfigs, metricRelabelConfigs, staticConfigs } = job;
  const limits = {
    body_size_limit: job.bodySizeLimitBytes,
    sample_limit: job.sampleLimit,
    label_limit: job.labelLimit,
    label_name_length_limit: job.labelNameLengthLimit,
    label_value_length_limit: job.labelValueLengthLimit,
    target_limit: job.targetLimit,
  };
  return {
    job_name: job.jobName,
    honor_labels: job.honorLabels,
    honor_timestamps: job.honorTimestamps,
    track_timestamps_staleness: job.trackTimestampsStaleness,
    ...(Object.keys(params).length === 0 ? {} : { params }),
    scrape_interval: formatDuration(job.scrapeIntervalMs),
    scrape_timeout: formatDuration(job.scrapeTimeoutMs),
    scrape_protocols: job.scrapeProtocols,
    metrics_path: job.metricsPath,
    scheme: job.scheme,
    enable_compression: job.enableCompression,
    ...Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit > 0)),
    ...(auth === undefined ? {} : authOf(auth)),
    follow_redirects: job.followRedirects,
    ...(relabelConfigs.length === 0 ? {} : { relabel_configs: relabelConfigs.map(relabelOf) }),
    ...(metricRelabelConfigs.length === 0
      ? {}
      : { metric_relabel_configs: metricRelabelConfigs.map(relabelOf) }),
    ...(staticConfigs.length === 0
      ? {}
      : {
          static_configs: staticConfigs.map(({ targets, labels }) =>
            Object.keys(labels).length === 0 ? { targets } : { targets, labels },
          ),
        }),
    ...discoveriesOf(job.discovery),
  };
}

function authOf(auth: NonNullable<ScrapeJob['auth']>): Record<string, unknown> {
  if (auth.kind === 'header') {
    const { credentialsFile } = auth;
    const from =
      credentialsFile === undefined
        ? { credentials: SECRET }
        : { credentials_file: credentialsFile };
    return { authorization: { type: auth.type, ...from } };
  }
  const { passwordFile } = auth;
  const from = passwordFile === undefined ? { password: SECRET } : { password_file: passwordFile };
  return { basic_auth: { username: auth.username, ...from } };
}

function relabelOf(config: RelabelConfig): Record<string, unknown> {
  const { action, sourceLabels, separator, regex, modulus, targetLabel, replacement } = config;
  return {
    ...(sourceLabels.length === 0 ? {} : { source_labels: sourceLabels }),
    separator,
    regex: regex.pattern,
    ...(modulus === 0n ? {} : { modulus }),
    ...(targetLabel === '' ? {} : { target_label: targetLabel }),
    replacement,
    action,
  };
}

function discoveriesOf(all: readonly DiscoveryConfig[]): Record<string, unknown> {
  const parts: Record<string, unknown[]> = {};
  for (const one of all) {
    const refresh_interval = formatDuration(one.refreshIntervalMs);
    const { kind } = one;
    const list = (parts[`${kind}_sd_configs`] ??= []);
    if (kind === 'file') list.push({ files: one.files, refresh_interval });
    else if (kind === 'http') list.push({ url: withoutPassword(one.url), refresh_interval });
    else list.push({ names: one.names, type: one.type, port: one.port, refresh_interval });
  }
  return parts;
}

function withoutPassword(text: string): string {
  return text.replace(/^([a-z]+:\/\/[^/@:]*):[^/@]*@/i, `$1:${SECRET}@`);
}

function alertmanagerOf({
  url,
  authorization,
  timeoutMs,
}: Config['alerting']['alertmanagers'][number]): unknown {
  const { protocol, host, pathname } = new URL(url);
  return {
    ...(authorization === undefined ? {} : { authorization: { credentials: SECRET } }),
    scheme: protocol.replace(':', ''),
    ...(pathname === '/' ? {} : { path_prefix: pathname }),
    timeout: formatDuration(timeoutMs),
    api_version: 'v2',
    static_configs: [{ targets: [host] }],
  };
}
