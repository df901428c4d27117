import { envNameOf, envSettings } from '#src/config/env-source.ts';
import { ConfigSchema, NAME_HINT } from '#src/config/schema.ts';

import { defaultOf, isTuple, type SchemaNode, typeOf } from './json-schema.ts';
import { code, fence, page, plain, sentence, table } from './markdown.ts';

/** Settings at the top that have no default to show, and what they are without one. */
const COMPUTED_DEFAULTS: Readonly<Record<string, string>> = {
  region: 'required; `local` for `dwcp start`',
  instance: 'the host name',
  dataDir: '`./data/<service>`',
  listen: '',
  'pushgateway.timeToLive': 'never',
  'alerting.alertmanagerConfig': '',
  'alerting.escalation.levels': 'L1 to L4 after 0, 5, 15 and 30 minutes',
  'alerting.incidents.topology': 'none',
};

interface Setting {
  /** `alerting.webhooks[].url` */
  readonly path: string;
  readonly type: string;
  readonly byDefault: string;
  /** '' where none can hold it. */
  readonly variable: string;
  readonly description: string;
}

/** Every setting of the schema, in its order. @throws Error when one lacks a description */
export function settingsOf(): readonly Setting[] {
  const variables = envSettings();
  const settings: Setting[] = [];
  const visit = (node: SchemaNode, keys: readonly string[], inList: boolean): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const path = [...keys, key];
      if (child.properties !== undefined) {
        visit(child, path, inList);
        continue;
      }
      const dotted = path.join('.');
      if (child.description === undefined) {
        throw new Error(`${dotted} has no description: add one in src/config/schema.ts`);
      }
      const isName = child.description.endsWith(`: ${NAME_HINT}`);
      const required = inList && node.required?.includes(key) === true;
      const variable = envNameOf(path);
      settings.push({
        path: dotted,
        type: isName ? 'name' : dotted === 'scrapeConfigs' ? 'list of objects' : typeOf(child),
        byDefault: required ? 'required' : (COMPUTED_DEFAULTS[dotted] ?? defaultOf(child)),
        variable: !inList && variables.has(variable) ? variable : '',
        description: sentence(child.description.replace(`: ${NAME_HINT}`, '')),
      });
      if (
        child.items !== undefined &&
        !isTuple(child.items) &&
        child.items.properties !== undefined
      ) {
        visit(child.items, [...keys, `${key}[]`], true);
      }
    }
  };
  visit(ConfigSchema as unknown as SchemaNode, [], false);
  return settings;
}

/** What one may write into `dwcp.yml`; a test reads it with the real parser. */
export const EXAMPLE_YAML = `# Only what differs from the default needs to be here.
region: eu-west # on every signal; the one setting without a default
service: shop # the label job of this process' series
dataDir: /var/lib/dwcp # relative paths are relative to this file

server:
  host: 0.0.0.0 # reachable from outside, so it asks for a token
  port: 9000
  tokenFile: /run/secrets/dwcp-token # at least 16 characters; or DWCP_SERVER_TOKEN
  allowedHosts: [monitoring.example.org] # names it may be called by
  externalURL: https://monitoring.example.org # in links of alerts

scrapeConfigs: # as scrape_configs of prometheus.yml
  - job_name: checkout
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs:
      - targets: ['127.0.0.1:8080']
        labels: { tier: web }

alerting:
  ruleFiles: ['rules/*.yml'] # Prometheus rule files
  webhooks:
    - name: on-call
      urlFile: /run/secrets/on-call-url # a URL that is a secret
      secretFile: /run/secrets/on-call-key # signs the notifications

retention:
  metrics: 30d
  logs: 14d
  traces: 3d

slos:
  - id: checkout-availability
    objective: 0.999
    window: 30d # what $window becomes
    goodExpression: sum(increase(http_server_request_duration_seconds_count{status!~"5.."}[$window]))
    totalExpression: sum(increase(http_server_request_duration_seconds_count[$window]))
`;

const SECTIONS: readonly (readonly [prefix: string, title: string, about?: string])[] = [
  ['', 'This process'],
  ['server', 'Server'],
  [
    'scrapeConfigs',
    'Scraping',
    'An entry has the keys of `scrape_configs` in `prometheus.yml`, in snake_case. What is not supported is an error that says what to do instead.',
  ],
  ['metrics', 'The metric store'],
  [
    'remoteWrite',
    'Sending on',
    'Every sample that is stored is sent on to each destination, from the log of the store: what a destination missed while it was away it gets afterwards.',
  ],
  ['pushgateway', 'Pushes of short-lived jobs'],
  [
    'alerting',
    'Alerting',
    'Alerts go to `webhooks`, each told of everything at once and grouped by `alertname`, or where `alertmanagerConfig` says: that file is one of Alertmanager, and paths in it are relative to it. The two exclude each other. `alertmanagers` get every alert besides, those of rules, those that clients post and those by hand; what rules tell is repeated every minute, valid for four times the longer of a minute and the interval of the group. How alerts fold into `incidents` and how those escalate is told in [incidents.md](../guides/incidents.md). `SIGHUP` and `POST /-/reload` read the rule files, `webhooks`, `alertmanagerConfig`, `incidents`, `escalation` and `throttle` again, all or nothing; a change of `alertmanagers` or `decisions` wants a restart. What decides of notifications is on disk, in `<dataDir>/alerting`.',
  ],
  ['retention', 'Retention'],
  ['collection', 'Collection'],
  ['query', 'Queries'],
  ['logging', 'Logging'],
  [
    'slos',
    'Service level objectives',
    'An objective has either `goodExpression` and `totalExpression`, or `errorRatioExpression`. `$window` in an expression becomes the window.',
  ],
];

/** docs/reference/configuration.md */
export function configurationPage(): string {
  const settings = settingsOf();
  const groups = new Set(SECTIONS.map(([prefix]) => prefix));
  const sectionOf = ({ path }: Setting): string => {
    const [first = ''] = path.split(/[.[]/);
    return groups.has(first) ? first : '';
  };
  const unplaced = settings.filter(
    (setting) => sectionOf(setting) === '' && /[.[]/.test(setting.path),
  );
  if (unplaced.length > 0) {
    throw new Error(`no section for ${unplaced.map(({ path }) => path).join(', ')}`);
  }
  return page([
    '# Configuration',
    '<!-- Written by `npm run docs -w @dwcp/monitoring`; change the schema or the generator instead. -->',
    'One schema holds for code, file and environment. A mistake in any of them stops the start; all mistakes are told at once, each with its key, value, origin (`file dwcp.yml:12`, `env DWCP_SERVER_PORT`, `code`) and a fix.',
    '## What goes before what',
    '1. Code: the options of `new MonitoringAPI`, and the options of the command line.\n2. The environment: `DWCP_` and the words of the key, so `server.bodyLimitBytes` is `DWCP_SERVER_BODY_LIMIT_BYTES`. An empty variable counts as unset, an unknown one is a mistake. Lists are separated by commas; lists of objects stand in a file or in code.\n3. The file given with `--config` or `DWCP_CONFIG`, YAML or JSON, up to 4 MiB. A key with nothing behind it counts as unset.\n4. The default.',
    'Objects are merged key by key; lists are taken whole from the strongest source that has them. Relative paths in a file are relative to the file, others to the working directory. Durations are written as in Prometheus: `500ms`, `30s`, `1h30m`, `30d`.',
    `A name has ${NAME_HINT}.`,
    '## Secrets',
    'A secret may stand in a file of its own: `server.tokenFile` beside `server.token`, `grafanaAPIKeyFile` beside `grafanaAPIKey`, `urlFile` and `secretFile` of a webhook. White space around it is cut off; giving both keys is a mistake. Secrets are never shown in messages, the log or `/api/v1/status`. Inside `scrapeConfigs` it is `password_file` and `credentials_file`, as in Prometheus.',
    'A server on anything but a loopback address asks for a token. Without `server.token` and `server.tokenFile` it makes one at the first start, shows it once, and keeps its SHA-256 only.',
    '## Example',
    fence('yaml', EXAMPLE_YAML),
    ...SECTIONS.flatMap(([prefix, title, about = '']) => [
      `## ${title}`,
      about,
      table(
        ['Key', 'Type', 'Default', 'Environment variable', 'What it means'],
        settings
          .filter((setting) => sectionOf(setting) === prefix)
          .map(({ path, type, byDefault, variable, description }) => [
            code(path),
            type,
            byDefault,
            code(variable),
            plain(description),
          ]),
      ),
    ]),
    '## Variables of the command line',
    table(
      ['Variable', 'What it means'],
      [
        ['`DWCP_CONFIG`', 'The configuration file of `dwcp start`, as `--config`.'],
        ['`DWCP_LOG_FORMAT`', '`json` prints the log as JSON lines, as `--log-json`.'],
        ['`DWCP_URL`', 'The server that `dwcp` asks, as `--url`.'],
        ['`DWCP_TOKEN_FILE`', 'A file with the token for that server.'],
      ],
    ),
  ]);
}
