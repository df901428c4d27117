import { ConfigError, type ConfigProblem } from '@dwcp/core';
import { parseScrapeConfigs } from '@dwcp/metrics-collector';
import { describe, expect, test } from 'vitest';

function problems(input: unknown, keyPrefix?: string): readonly ConfigProblem[] {
  try {
    parseScrapeConfigs(input, 'file /etc/dwcp/dwcp.yml', keyPrefix);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** The one problem of a job with these settings. */
function problem(settings: Readonly<Record<string, unknown>>): string {
  const found = problems([{ job_name: 'a', ...settings }]);
  return found.map((p) => `${p.key} = ${p.value}: ${p.problem}; ${p.fix}`).join('\n');
}

describe('parseScrapeConfigs', () => {
  test('fills in the defaults', () => {
    const [job] = parseScrapeConfigs([{ job_name: 'node' }], 'code');
    expect(job).toMatchObject({
      jobName: 'node',
      scrapeIntervalMs: 15_000,
      scrapeTimeoutMs: 10_000,
      metricsPath: '/metrics',
      scheme: 'http',
      honorLabels: false,
      honorTimestamps: true,
      bodySizeLimitBytes: 67_108_864,
      sampleLimit: 0,
      auth: undefined,
      staticConfigs: [],
    });
  });

  test('nothing is no job', () => {
    expect(parseScrapeConfigs(undefined, 'code')).toEqual([]);
    expect(parseScrapeConfigs([], 'code')).toEqual([]);
  });

  test('the default timeout is never above the interval', () => {
    const [job] = parseScrapeConfigs([{ job_name: 'a', scrape_interval: '1s' }], 'code');
    expect(job?.scrapeTimeoutMs).toBe(1_000);
  });

  test('the caller may set other defaults', () => {
    const defaults = { scrapeIntervalMs: 1_000, scrapeTimeoutMs: 500 };
    const [job] = parseScrapeConfigs([{ job_name: 'a' }], 'code', 'x', defaults);
    expect([job?.scrapeIntervalMs, job?.scrapeTimeoutMs]).toEqual([1_000, 500]);
  });

  test('reads every setting', () => {
    const [job] = parseScrapeConfigs(
      [
        {
          job_name: 'a',
          scrape_interval: '5s',
          scrape_timeout: '1500ms',
          metrics_path: 'probe',
          scheme: 'https',
          params: { module: ['http_2xx'] },
          honor_labels: true,
          honor_timestamps: false,
          basic_auth: { username: 'u', password_file: 'secret/pw' },
          static_configs: [{ targets: ['h:1', '[::1]:2'], labels: { env: 'prod' } }],
          relabel_configs: [{ source_labels: ['a'], target_label: 'b' }],
          metric_relabel_configs: [{ action: 'drop', source_labels: ['c'], regex: 'x.*' }],
          body_size_limit: '10MB',
          sample_limit: 100,
          scrape_protocols: ['PrometheusText0.0.4'],
          fallback_scrape_protocol: 'PrometheusText0.0.4',
        },
      ],
      'file /etc/dwcp/dwcp.yml',
    );
    expect(job).toMatchObject({
      scrapeTimeoutMs: 1_500,
      metricsPath: '/probe',
      scheme: 'https',
      params: { module: ['http_2xx'] },
      honorLabels: true,
      honorTimestamps: false,
      auth: { kind: 'basic', username: 'u', passwordFile: '/etc/dwcp/secret/pw' },
      staticConfigs: [{ targets: ['h:1', '[::1]:2'], labels: { env: 'prod' } }],
      relabelConfigs: [{ action: 'replace', separator: ';', replacement: '$1' }],
      metricRelabelConfigs: [{ action: 'drop', regex: { pattern: 'x.*' } }],
      bodySizeLimitBytes: 10 * 2 ** 20,
      sampleLimit: 100,
      scrapeProtocols: ['PrometheusText0.0.4'],
      fallbackScrapeProtocol: 'PrometheusText0.0.4',
    });
  });

  test('all problems come at once, with key, value, origin and fix', () => {
    const found = problems(
      [{ job_name: 'a', scrape_interval: '5x' }, { job_name: 'a' }, { scheme: 'ftp' }],
      'metrics.scrapeConfigs',
    );
    expect(found).toEqual([
      {
        key: 'metrics.scrapeConfigs.0.scrape_interval',
        value: '"5x"',
        origin: 'file /etc/dwcp/dwcp.yml',
        problem: 'is not a duration',
        fix: 'write one such as 1s, 500ms or 1m30s',
      },
      expect.objectContaining({
        key: 'metrics.scrapeConfigs.2.job_name',
        value: '(absent)',
        problem: 'is missing',
      }),
      expect.objectContaining({ key: 'metrics.scrapeConfigs.2.scheme', value: '"ftp"' }),
      expect.objectContaining({
        key: 'metrics.scrapeConfigs.1.job_name',
        problem: 'is taken by metrics.scrapeConfigs.0',
      }),
    ]);
  });

  test.each([
    [{ scrape_intervall: '1s' }, 'did you mean scrape_interval? known here: job_name, '],
    [{ scrape_interval: '50ms' }, 'must be from 100ms to 1d'],
    [{ scrape_interval: 5 }, 'must be a string, got a number; put it in quotes'],
    [{ scrape_interval: '1s', scrape_timeout: '2s' }, 'must not exceed the interval of 1s'],
    [{ scrape_timeout: '0s' }, 'must be above 0'],
    [{ oauth2: {} }, 'is a setting of Prometheus not supported yet; use authorization'],
    [
      { kubernetes_sd_configs: [] },
      'scrapeConfigs.0.kubernetes_sd_configs = a list: is a setting of Prometheus not supported yet; use file_sd_configs, http_sd_configs, dns_sd_configs or static_configs',
    ],
    [{ file_sd_config: [] }, 'is not a setting; did you mean file_sd_configs?'],
    [{ our_sd_configs: [] }, 'is not a setting'],
    [{ file_sd_configs: [{}] }, 'file_sd_configs.0.files = (absent): is missing; name a file such'],
    [{ file_sd_configs: [{ files: [] }] }, 'is empty; name a file such as targets/*.yml'],
    [
      { file_sd_configs: [{ files: ['a/*.yml', 'a/x.txt'] }] },
      'file_sd_configs.0.files.1 = "a/x.txt": must end in .json, .yml or .yaml; write a path',
    ],
    [{ file_sd_configs: [{ files: ['*/x.yml'] }] }, 'has a pattern before its last segment'],
    [{ file_sd_configs: [{ files: ['x[.yml'] }] }, 'has a [ that is not closed'],
    [
      { file_sd_configs: [{ files: ['x.yml'], refresh_interval: '10ms' }] },
      'file_sd_configs.0.refresh_interval = "10ms": must be from 1s to 1d',
    ],
    [{ file_sd_configs: [{ files: ['x.yml'], interval: '1s' }] }, 'is not a setting'],
    [{ http_sd_configs: [{}] }, 'http_sd_configs.0.url = (absent): is missing'],
    [{ http_sd_configs: [{ url: 'ftp://h/' }] }, 'is no http or https address; write one such as'],
    [
      { http_sd_configs: [{ url: 'http://u:p@h/' }] },
      'has a user or password in it; use basic_auth',
    ],
    [
      { http_sd_configs: [{ url: 'http://h/', proxy_url: 'x' }] },
      'is a setting of Prometheus not supported yet; leave it out',
    ],
    [{ dns_sd_configs: [{ type: 'A', port: 1 }] }, 'dns_sd_configs.0.names = (absent): is missing'],
    [{ dns_sd_configs: [{ names: ['a b'] }] }, 'is no name of the DNS'],
    [{ dns_sd_configs: [{ names: ['a'], type: 'TXT' }] }, 'write one of SRV, A, AAAA, MX, NS'],
    [{ dns_sd_configs: [{ names: ['a'], type: 'A' }] }, 'is needed for records of type A'],
    [{ dns_sd_configs: [{ names: ['a'], port: 70_000 }] }, 'is above 65535'],
    [{ tls_config: { cert_file: 'c' } }, 'tls_config.cert_file = "c": needs a key beside it'],
    [{ tls_config: { ca: 'x', ca_file: 'c' } }, 'cannot be used with ca; keep one of the two'],
    [{ tls_config: { min_version: 'SSL3' } }, 'write one of TLS10, TLS11, TLS12, TLS13'],
    [{ tls_config: { min_version: 'TLS13', max_version: 'TLS12' } }, 'is below min_version TLS13'],
    [{ http_headers: { Host: { values: ['x'] } } }, 'is a header that is set already'],
    [{ http_headers: { 'a b': { values: ['x'] } } }, 'is no name of a header'],
    [{ metrics_path: '/m?x=1' }, 'put query parameters into params'],
    [{ params: { a: 'b' } }, 'must be a list, got a string'],
    [
      { static_configs: [{ targets: ['http://h:1'] }] },
      'scrapeConfigs.0.static_configs.0.targets.0 = "http://h:1": must be a host or host:port',
    ],
    [{ static_configs: { targets: [] } }, 'must be a list, got a mapping'],
    [{ static_configs: ['h:1'] }, 'static_configs.0 = "h:1": must be a mapping'],
    [{ static_configs: [{ target: ['h:1'] }] }, 'did you mean targets?'],
    [{ static_configs: [{ targets: ['h'], labels: { a: 1 } }] }, 'must be a string, got a number'],
    [{ honor_labels: 'yes' }, 'must be true or false, got a string'],
    [{ sample_limit: -1 }, 'must be a whole number of at least 0'],
    [{ body_size_limit: '1TB' }, 'must be a size of at most 256MiB'],
    [{ body_size_limit: '1GB' }, 'must be a size of at most 256MiB'],
    [{ scrape_protocols: ['PrometheusProto'] }, 'PrometheusProto is not supported; choose from'],
    [{ scrape_protocols: [] }, 'is empty'],
    [{ fallback_scrape_protocol: 'x' }, 'write one of OpenMetricsText1.0.0'],
    [
      { relabel_configs: [{ action: 'replace_all', target_label: 'x' }] },
      'is no relabel action; write one of replace, keep',
    ],
    [{ relabel_configs: [{ source_labels: ['a'] }] }, 'action replace needs it'],
    [{ relabel_configs: [{ action: 'hashmod', target_label: 'x' }] }, 'needs one above 0'],
    [{ relabel_configs: [{ action: 'keep', regex: '(' }] }, 'is no RE2 regular expression'],
    [
      { relabel_configs: [{ action: 'labeldrop', regex: 'a', source_labels: ['b'] }] },
      'action labeldrop does not use it',
    ],
    [{ relabel_configs: [{ action: 'keep', if: '{a="b"}' }] }, 'is not a setting'],
    [{ authorization: { type: 'Basic', credentials: 'x' } }, 'use basic_auth'],
    [{ basic_auth: {}, authorization: {} }, 'cannot be used with basic_auth'],
    [{ basic_auth: { password: 'a', password_file: 'b' } }, 'cannot be used with password'],
  ])('%j is a problem', (settings, expected) => {
    expect(problem(settings)).toContain(expected);
    expect(problem(settings).split('\n')).toHaveLength(1);
  });

  test.each([
    { basic_auth: { username: 1, password: ['hunter2'] } },
    { basic_auth: { username: 'u', passwrd: 'hunter2' } },
    { basic_auth: 'u:hunter2' },
    { authorization: { credentials: 1, token: 'hunter2' } },
    { bearer_token: 'hunter2' },
    { params: { token: 'hunter2' } },
    { params: { token: ['ok', 1], key: 'hunter2' } },
    { static_configs: [{ targets: ['http://user:hunter2@host/'] }] },
    { password: 'hunter2' },
    { http_sd_configs: [{ url: 'http://u:hunter2@h/' }] },
    { http_sd_configs: [{ url: 'ftp://h/?token=hunter2' }] },
    { http_headers: { 'X-Key': { secrets: 'hunter2' } } },
    { tls_config: { key: 'hunter2' } },
  ])('a secret does not show in the problems of %j', (settings) => {
    const text = problem(settings);
    expect(text).not.toBe('');
    expect(text).not.toContain('hunter2');
  });

  test('a secret shows only when asked for', () => {
    const [job] = parseScrapeConfigs(
      [{ job_name: 'a', authorization: { credentials: 'hunter2' } }],
      'code',
    );
    expect(JSON.stringify(job?.auth)).not.toContain('hunter2');
    expect(job?.auth?.kind === 'header' && job.auth.credentials?.reveal()).toBe('hunter2');
  });
});
