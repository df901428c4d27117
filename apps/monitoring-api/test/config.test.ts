import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { ConfigError, type ConfigProblem } from '@dwcp/core';
import { MonitoringAPI } from '@dwcp/monitoring';
import { describe, expect, test } from 'vitest';

import { type Config } from '#src/config/config.ts';
import { envNameOf, envSettings, envSource } from '#src/config/env-source.ts';
import { parseConfigText, readConfigFile } from '#src/config/file-source.ts';
import { parseConfig } from '#src/config/parse-config.ts';
import { codeSource, type ConfigSource } from '#src/config/source.ts';

import expected from './fixtures/config/expected.json' with { type: 'json' };

const folder = join(import.meta.dirname, 'fixtures/config');

function parse(...sources: readonly ConfigSource[]): Config {
  return parseConfig({ sources, cwd: '/srv', hostname: 'host-1' });
}

function problemsOf(run: () => unknown): readonly ConfigProblem[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const code = (value: unknown): ConfigSource => codeSource(value, '/srv');
const env = (value: Record<string, string>): ConfigSource => envSource(value, '/srv');
const file = (text: string): ConfigSource => parseConfigText(text, 'dwcp.yml', '/etc/dwcp');

describe('broken files', () => {
  const names = readdirSync(folder).filter((name) => name.includes('.bad.'));

  test('there are at least 25 of them, and each has its expected problems', () => {
    expect(names.length).toBeGreaterThanOrEqual(25);
    expect(Object.keys(expected).sort()).toEqual(names.sort());
  });

  test.each(Object.entries(expected))('%s', (name, wanted) => {
    const found = problemsOf(() =>
      parseConfig({ sources: [readConfigFile(name, folder)], cwd: folder, hostname: 'host-1' }),
    );
    expect(found.map(({ key }) => key)).toEqual(wanted.map(({ key }) => key));
    for (const [index, want] of wanted.entries()) {
      const { value, origin, problem, fix } = found[index] as ConfigProblem;
      expect(value.replace(folder, '')).toBe(want.value);
      expect(origin).toBe(want.line === 0 ? 'default' : `file ${name}:${want.line}`);
      expect(problem).toContain(want.problem);
      expect(fix).toContain(want.fix);
    }
  });

  test.each([
    ['truncated', '{ "region": "eu",\n  "server": {\n', 3],
    ['indented by tabs', 'region: eu\nserver:\n\tport: 9000\n', 3],
    ['with a key given twice', 'region: eu\nservice: shop\nregion: us\n', 3],
  ])('a file that is %s names the line, and no setting is missed', (_name, text, line) => {
    const problems = problemsOf(() => parse(file(text)));
    expect(problems.length).toBeGreaterThan(0);
    for (const { key, origin, problem } of problems) {
      expect(key).toBe('(file)');
      expect(origin).toBe(`file dwcp.yml:${line}`);
      expect(problem).toContain('is not YAML');
    }
  });

  test('a file that is not there is a problem like any other', () => {
    const [problem] = problemsOf(() => parse(readConfigFile('nowhere.yml', '/srv')));
    expect(problem).toMatchObject({ key: '(file)', value: 'nowhere.yml' });
    expect(problem?.problem).toContain('ENOENT');
  });
});

describe('good configurations', () => {
  test('a region is all it takes', () => {
    expect(parse(code({ region: 'eu-west' }))).toMatchObject({
      region: 'eu-west',
      service: 'dwcp',
      instance: 'host-1',
      dataDir: '/srv/data/dwcp',
      server: { host: '127.0.0.1', port: 9_000, token: undefined },
      collection: { intervalMs: 1_000, host: true, process: true },
      retention: { metricsMs: 30 * 86_400_000, logsMs: 30 * 86_400_000, tracesMs: 7 * 86_400_000 },
      scrapeJobs: [],
      slos: [],
    });
  });

  test('every setting can stand in a file, whose paths are relative to it', () => {
    const config = parse(readConfigFile('many.good.yml', folder));
    expect(config).toMatchObject({
      service: 'shop',
      dataDir: resolve(folder, 'data'),
      server: { port: 9_001, allowedHosts: ['monitoring.example.org'] },
      alerting: {
        ruleFiles: [resolve(folder, '*.rules.yml')],
        webhooks: [{ name: 'pager', sendResolved: false, allowPrivateNetwork: false }],
        incidents: {
          windowMs: 600_000,
          closeAfterMs: 300_000,
          topology: { web: ['api'], api: ['db'] },
          sharedLabels: ['rack'],
          escalates: ['critical', 'page'],
          levels: [
            { name: 'first', afterMs: 0 },
            { name: 'second', afterMs: 3_600_000, receiver: 'pager' },
          ],
        },
        throttle: { by: ['host'], windowMs: 60_000 },
        decisionRetentionMs: 7 * 86_400_000,
      },
      query: { maxSamples: 1_000_000, timeoutMs: 30_000 },
      slos: [{ id: 'checkout', kind: 'error-ratio', window: '7d' }],
    });
    expect(config.scrapeJobs.map(({ jobName }) => jobName)).toEqual(['node']);
    expect(config.backends.every(({ configured }) => configured)).toBe(true);
  });

  test('code goes before the environment, the environment before the file, key by key', () => {
    const sources = [
      code({ server: { port: 1 } }),
      env({ DWCP_SERVER_PORT: '2', DWCP_SERVER_HOST: '127.0.0.2' }),
      file('region: eu\nserver:\n  port: 3\n  host: 127.0.0.3\n  bodyLimitBytes: 4096'),
    ];
    expect(parse(...sources).server).toMatchObject({
      port: 1,
      host: '127.0.0.2',
      bodyLimitBytes: 4_096,
    });
  });

  test('an undefined value in code, an empty variable and an empty key are not there', () => {
    const sources = [
      code({ region: 'eu', service: undefined }),
      env({ DWCP_SERVICE: '' }),
      file('server:\nservice:\n'),
    ];
    expect(parse(...sources).service).toBe('dwcp');
  });

  test('variables are read as numbers, flags and lists', () => {
    const config = parse(
      env({
        DWCP_REGION: 'eu',
        DWCP_SERVER_PORT: '9100',
        DWCP_COLLECTION_HOST: 'false',
        DWCP_SERVER_ALLOWED_HOSTS: 'a.example.org, b.example.org',
        DWCP_RETENTION_TRACES: '2d',
      }),
    );
    expect(config.server).toMatchObject({
      port: 9_100,
      allowedHosts: ['a.example.org', 'b.example.org'],
    });
    expect(config.collection.host).toBe(false);
    expect(config.retention.tracesMs).toBe(2 * 86_400_000);
  });

  test.each([
    [['prometheusURL'], 'DWCP_PROMETHEUS_URL'],
    [['grafanaAPIKeyFile'], 'DWCP_GRAFANA_API_KEY_FILE'],
    [['server', 'tokenFile'], 'DWCP_SERVER_TOKEN_FILE'],
    [['server', 'bodyLimitBytes'], 'DWCP_SERVER_BODY_LIMIT_BYTES'],
    [['dataDir'], 'DWCP_DATA_DIR'],
  ])('%j is set by %s', (path, name) => {
    expect(envNameOf(path)).toBe(name);
    expect(envSettings().get(name)).toEqual(path);
  });

  test('what Kubernetes sets for a service called dwcp is not a setting', () => {
    const links = {
      DWCP_SERVICE_HOST: '10.0.0.1',
      DWCP_SERVICE_PORT: '9000',
      DWCP_PORT: 'tcp://10.0.0.1:9000',
      DWCP_PORT_9000_TCP_ADDR: '10.0.0.1',
    };
    expect(parse(env({ ...links, DWCP_REGION: 'eu' })).region).toBe('eu');
  });
});

describe('problems', () => {
  test('those of all sources are told at once, each with where it comes from', () => {
    const problems = problemsOf(() =>
      parse(
        code({ region: 7 }),
        env({ DWCP_SERVER_PORT: 'high', DWCP_SERVER_PROT: '1' }),
        file('retention:\n  logs: soon\n'),
      ),
    );
    expect(problems.map(({ key, origin }) => [key, origin])).toEqual([
      ['region', 'code'],
      ['DWCP_SERVER_PROT', 'env DWCP_SERVER_PROT'],
      ['server.port', 'env DWCP_SERVER_PORT'],
      ['retention.logs', 'file dwcp.yml:2'],
    ]);
    expect(problems[1]?.fix).toBe('did you mean DWCP_SERVER_PORT?');
  });

  test('a value that a better source replaces is checked all the same', () => {
    const problems = problemsOf(() =>
      parse(code({ region: 'eu', server: { port: 1 } }), file('server: { port: -1 }')),
    );
    expect(problems.map(({ key }) => key)).toEqual(['server.port']);
  });

  test('no secret is shown, wherever it stands', () => {
    const secret = 'hunter2hunter2hunter2';
    const tries = [
      () => parse(code({ region: 'eu', grafanaAPIKey: [secret] })),
      () => parse(code({ region: 'eu', grafanaApiKey: secret })),
      () => parse(code({ region: 'eu', server: [{ token: secret }] })),
      () => parse(env({ DWCP_REGION: 'eu', DWCP_SERVER_TOKN: secret })),
      () =>
        parse(env({ DWCP_REGION: 'eu', DWCP_ELASTICSEARCH_URL: `ftp://elastic:${secret}@host` })),
      () => parse(file(`region: eu\nserver: { token: ${secret}\n`)),
    ];
    for (const attempt of tries) {
      const problems = problemsOf(attempt);
      expect(problems).not.toEqual([]);
      expect(JSON.stringify(problems)).not.toContain('hunter2');
    }
  });

  test('a token from a file is read and trimmed, and must be long enough', () => {
    const source = codeSource({ region: 'eu', server: { tokenFile: 'many.good.yml' } }, folder);
    expect(parse(source).server.token?.startsWith('# Everything')).toBe(true);
  });

  test('the constructor throws them', () => {
    expect(() => new MonitoringAPI({ region: 'eu', prometheusURL: 'nonsense' })).toThrow(
      ConfigError,
    );
    expect(() => new MonitoringAPI({ region: 'eu', prometheusURL: 'nonsense' })).toThrow(
      'prometheusURL = "nonsense" (from code): is not a URL; write it as http://host:port',
    );
  });
});
