import { type Static, Type } from 'typebox';

const NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';
/** What a name may be; at the end of the description of every setting that is one. */
export const NAME_HINT =
  'letters, digits, dot, underscore and hyphen; at most 63; first a letter or digit';

/** The description is shown as the fix when the form is wrong. */
const name = (what: string) => Type.String({ pattern: NAME, description: `${what}: ${NAME_HINT}` });
const url = (description: string) =>
  Type.Optional(Type.String({ format: 'http-url', maxLength: 2_048, description }));
const path = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 4_096, description }));
const secret = (description: string, minLength = 1) =>
  Type.Optional(Type.String({ minLength, maxLength: 4_096, writeOnly: true, description }));
const flag = (byDefault: boolean, description: string) =>
  Type.Optional(Type.Boolean({ default: byDefault, description }));
const duration = (byDefault: string, description: string) =>
  Type.Optional(Type.String({ format: 'duration', default: byDefault, description }));
const group = <Properties extends Parameters<typeof Type.Object>[0]>(properties: Properties) =>
  Type.Optional(Type.Object(properties, { additionalProperties: false }));

const WebhookSchema = Type.Object(
  {
    name: name('name the webhook, for logs and metrics'),
    url: url('Where alerts are sent by POST; or urlFile.'),
    urlFile: path('A file that holds the URL, for URLs that are secrets.'),
    secretFile: path('A file with the key that signs each notification (HMAC-SHA-256).'),
    sendResolved: flag(true, 'Also tell when an alert is over.'),
    allowPrivateNetwork: flag(
      false,
      'Allow private and loopback addresses, which are refused otherwise.',
    ),
  },
  { additionalProperties: false },
);

const RemoteWriteSchema = Type.Object(
  {
    name: name('name the destination, for its stored position, logs and metrics'),
    url: url('Where samples are sent, such as https://host/api/v1/write.'),
    version: Type.Optional(
      Type.Union([Type.Literal('1.0'), Type.Literal('2.0')], {
        default: '2.0',
        description: 'What is tried first; 2.0 falls back to 1.0 where it is not known.',
      }),
    ),
    tokenFile: path('A file with what is sent as `Authorization: Bearer ...`.'),
    username: Type.Optional(Type.String({ minLength: 1, description: 'For basic authorization.' })),
    passwordFile: path('A file with the password of username.'),
    caFile: path('A file with the certificates (PEM) that the server is checked against.'),
    timeout: duration('30s', 'How long a request may take.'),
    writeRelabelConfigs: Type.Optional(
      Type.Unknown({ description: 'Steps as in write_relabel_configs of Prometheus.' }),
    ),
    sendExemplars: flag(true, 'Send exemplars too.'),
    maxShards: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 200,
        default: 16,
        description: 'Requests at the same time, at most.',
      }),
    ),
  },
  { additionalProperties: false },
);

const AlertmanagerSchema = Type.Object(
  {
    url: url('An instance of Alertmanager, such as http://host:9093; of a cluster, name each.'),
    tokenFile: path('A file with what is sent as `Authorization: Bearer ...`.'),
    username: Type.Optional(Type.String({ minLength: 1, description: 'For basic authorization.' })),
    passwordFile: path('A file with the password of username.'),
    caFile: path('A file with the certificates (PEM) that the server is checked against.'),
    timeout: duration('10s', 'How long a request may take.'),
  },
  { additionalProperties: false },
);

const LabelNamesSchema = (byDefault: readonly string[], description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 1_024 }), {
      default: [...byDefault],
      maxItems: 64,
      description,
    }),
  );
const labelName = (byDefault: string, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 1_024, default: byDefault, description }));
const count = (byDefault: number, minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, default: byDefault, description }));

const EscalationLevelSchema = Type.Object(
  {
    name: name('name the level, such as L1'),
    after: duration('0s', 'After so long unacknowledged; later than the level before.'),
    receiver: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Who is told: a receiver of alertmanagerConfig, or a webhook. Default: the level only shows.',
      }),
    ),
  },
  { additionalProperties: false },
);

const SloSchema = Type.Object(
  {
    id: name('name the objective, as `getSlaCompliance` is asked for it'),
    objective: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: 'The share of good events, such as 0.999.',
    }),
    goodExpression: Type.Optional(
      Type.String({ minLength: 1, description: 'PromQL: good events; $window is filled in.' }),
    ),
    totalExpression: Type.Optional(
      Type.String({ minLength: 1, description: 'PromQL: all events.' }),
    ),
    errorRatioExpression: Type.Optional(
      Type.String({ minLength: 1, description: 'PromQL: bad events over all events, in [0, 1].' }),
    ),
    window: duration('30d', 'How far back the objective looks.'),
  },
  { additionalProperties: false },
);

/**
 * The whole configuration, defaults included. Nothing is required here because a setting may come
 * from any source; `parseConfig` asks for what is missing at the end.
 */
export const ConfigSchema = Type.Object(
  {
    region: Type.Optional(
      Type.String({
        minLength: 1,
        pattern: NAME,
        description: `name the region this process runs in, such as eu-west: ${NAME_HINT}`,
      }),
    ),
    service: Type.Optional(
      Type.String({
        pattern: NAME,
        default: 'dwcp',
        description: `name what this process is, the label job of its series: ${NAME_HINT}`,
      }),
    ),
    instance: Type.Optional(
      name('name this process among those of its service; default: the host name'),
    ),
    dataDir: path('Where the embedded stores live. Default: ./data/<service>.'),
    prometheusURL: url('A Prometheus to work with; checked, not connected yet.'),
    grafanaURL: url('A Grafana to work with; checked, not connected yet.'),
    grafanaAPIKey: secret('A Grafana service-account token; or grafanaAPIKeyFile.'),
    grafanaAPIKeyFile: path('A file that holds grafanaAPIKey.'),
    jaegerEndpoint: Type.Optional(
      Type.String({
        format: 'endpoint-url',
        maxLength: 2_048,
        description:
          'A Jaeger collector URL, or host:port of an agent; checked, not connected yet.',
      }),
    ),
    elasticsearchURL: url('An Elasticsearch to work with; checked, not connected yet.'),
    listen: Type.Optional(
      Type.String({
        format: 'listen-address',
        maxLength: 260,
        description: 'Short for server.host and server.port: 127.0.0.1:9000, [::1]:9000 or :9000.',
      }),
    ),
    server: group({
      host: Type.Optional(
        Type.String({
          default: '127.0.0.1',
          pattern: '^[A-Za-z0-9.:_-]{1,253}$',
          description: 'an address or host name to listen on, without a port',
        }),
      ),
      port: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 65_535,
          default: 9_000,
          description: 'The port to listen on, or the next free one; 0: any free one.',
        }),
      ),
      token: secret('What clients send as `Authorization: Bearer ...`; or tokenFile.', 16),
      tokenFile: path('A file that holds the token.'),
      bodyLimitBytes: Type.Optional(
        Type.Integer({
          minimum: 1_024,
          maximum: 268_435_456,
          default: 16_777_216,
          description:
            'The largest body of a request, after unpacking; of remote write before, and four times that after.',
        }),
      ),
      allowedHosts: Type.Optional(
        Type.Array(Type.String({ pattern: '^[A-Za-z0-9.:_-]{1,253}$' }), {
          default: [],
          maxItems: 64,
          description: 'Further host names requests may be addressed to.',
        }),
      ),
      adminAPI: flag(
        false,
        'Allow the calls that delete series and make snapshots: /api/v1/admin/tsdb.',
      ),
      externalURL: url('How people reach this server; used in links of alerts.'),
    }),
    scrapeConfigs: Type.Optional(
      Type.Unknown({
        description: 'Jobs to scrape, each as an entry of `scrape_configs` of Prometheus.',
        default: [],
      }),
    ),
    remoteWrite: Type.Optional(
      Type.Array(RemoteWriteSchema, {
        default: [],
        maxItems: 16,
        description: "Where all samples are sent on to, by Prometheus' remote write.",
      }),
    ),
    pushgateway: group({
      enabled: flag(true, 'Take pushes of short-lived jobs at /metrics/job/...'),
      timeToLive: Type.Optional(
        Type.String({
          format: 'duration',
          description: 'Groups whose last push is older are dropped. Default: never.',
        }),
      ),
      maxGroups: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 10_000,
          description: 'Groups kept; pushes of more are refused and counted.',
        }),
      ),
      maxSeries: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10_000_000,
          default: 200_000,
          description: 'Series of all groups together.',
        }),
      ),
    }),
    alerting: group({
      ruleFiles: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          maxItems: 256,
          description: 'Prometheus rule files; `*` and `**` match.',
        }),
      ),
      webhooks: Type.Optional(
        Type.Array(WebhookSchema, {
          default: [],
          maxItems: 64,
          description:
            "Where every alert is sent, in the format of Alertmanager's webhooks; not together with alertmanagerConfig.",
        }),
      ),
      alertmanagerConfig: path(
        'A configuration file of Alertmanager: routes, receivers, inhibition, time intervals.',
      ),
      alertmanagers: Type.Optional(
        Type.Array(AlertmanagerSchema, {
          default: [],
          maxItems: 16,
          description: 'Where every alert is sent as well, as Prometheus sends them.',
        }),
      ),
      allowPrivateNetwork: flag(
        false,
        'Allow receivers of alertmanagerConfig in private networks and on this machine.',
      ),
      incidents: group({
        window: duration('5m', 'Alerts that came so close together may belong together.'),
        regionLabel: labelName('region', 'Alerts of two regions are never one incident.'),
        serviceLabel: labelName('service', 'Names the service of an alert, as in topology.'),
        sharedLabels: LabelNamesSchema(
          ['cluster', 'instance'],
          'Alerts that agree in one of these belong together.',
        ),
        topology: Type.Optional(
          Type.Record(Type.String(), Type.Array(Type.String({ minLength: 1 })), {
            default: {},
            description: 'Of each service those that it depends on, as in `web: [api]`.',
          }),
        ),
        maxHops: count(3, 0, 100, 'Services belong together over so many dependencies in a row.'),
        foldByRegion: flag(true, 'Fold alerts by their region alone, within window.'),
        minAlerts: count(1, 1, 1_000, 'Incidents of fewer alerts are not listed.'),
        maxAlerts: count(1_000, 1, 100_000, 'The next alert opens another incident.'),
        maxSpan: duration('1h', 'An incident takes no more alerts so long after its opening.'),
        closeAfter: duration('5m', 'All its alerts are over for so long: it is closed.'),
        retention: duration('30d', 'How long closed incidents are kept, 10,000 at most.'),
      }),
      escalation: group({
        severities: LabelNamesSchema(['critical'], 'Values of `severity` that escalate.'),
        levels: Type.Optional(
          Type.Array(EscalationLevelSchema, {
            default: [
              { name: 'L1', after: '0s' },
              { name: 'L2', after: '5m' },
              { name: 'L3', after: '15m' },
              { name: 'L4', after: '30m' },
            ],
            maxItems: 16,
            description: 'Who is told of an incident that nobody acknowledges, and when.',
          }),
        ),
      }),
      throttle: group({
        by: LabelNamesSchema(
          [],
          'Of alerts that agree in these labels, whatever their name, one is told in each window; for those whose rule says nothing of `dedup`. Default: no throttle.',
        ),
        window: duration('5m', 'How long the others are held.'),
      }),
      decisions: group({
        retention: duration('30d', 'How long it is kept why alerts fired and were sent.'),
      }),
      cluster: group({
        peers: Type.Optional(
          Type.Array(Type.String({ format: 'http-url', maxLength: 2_048 }), {
            default: [],
            maxItems: 16,
            description:
              'The other instances that get the same alerts, such as http://host:9000; this one may be among them.',
          }),
        ),
        peerTimeout: duration('15s', 'Each instance leaves each one before it so long to tell.'),
        pushPull: duration('60s', 'How often instances exchange all that they share.'),
        bearerToken: secret(
          'What instances present to each other; or bearerTokenFile. Default: the token of the server.',
          16,
        ),
        bearerTokenFile: path('A file that holds bearerToken.'),
        caFile: path('A file with the certificates (PEM) that peers are checked against.'),
        certFile: path('A file with the certificate (PEM) to present to peers.'),
        keyFile: path('A file with the key (PEM) of certFile.'),
      }),
    }),
    metrics: group({
      outOfOrderWindow: duration(
        '0s',
        'How much later than newer samples of its series a sample may come.',
      ),
      maxSeries: Type.Optional(
        Type.Integer({
          minimum: 1_000,
          maximum: 100_000_000,
          default: 1_000_000,
          description: 'Samples of more series are refused and counted.',
        }),
      ),
      maxLabels: Type.Optional(
        Type.Integer({
          minimum: 4,
          maximum: 1_024,
          default: 64,
          description: 'Samples with more labels are refused and counted.',
        }),
      ),
      durability: Type.Optional(
        Type.Union([Type.Literal('os'), Type.Literal('disk')], {
          default: 'os',
          description:
            'What an acknowledged sample survives: os the end of the process, disk also a power cut.',
        }),
      ),
    }),
    retention: group({
      metrics: duration('30d', 'How long samples are kept; at least 1h.'),
      metrics5m: duration(
        '90d',
        'How long samples of 5 minutes are kept, made of older blocks; 0: none are made.',
      ),
      metrics1h: duration('1y', 'How long samples of an hour are kept.'),
      metricsMaxBytes: Type.Optional(
        Type.Integer({
          minimum: 0,
          default: 0,
          description: 'The oldest blocks go when all are larger together; 0: no limit.',
        }),
      ),
      logs: duration('30d', 'How long log records are kept; at least 1h.'),
      traces: duration('7d', 'How long spans are kept; at least 1h.'),
    }),
    collection: group({
      intervalMs: Type.Optional(
        Type.Integer({
          minimum: 100,
          maximum: 60_000,
          default: 1_000,
          description: 'Time between two looks at the host, the process and the instruments.',
        }),
      ),
      host: flag(true, 'Watch the host: CPU, memory, disks, network.'),
      process: flag(true, 'Watch this process: CPU, memory, event loop, garbage collection.'),
    }),
    query: group({
      maxSamples: Type.Optional(
        Type.Integer({
          minimum: 1_000,
          maximum: 1_000_000_000,
          default: 50_000_000,
          description: 'Samples one query may hold in memory.',
        }),
      ),
      timeout: duration('2m', 'How long one query may take.'),
      maxConcurrent: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1_000,
          default: 20,
          description: 'Queries over HTTP at the same time; one more is answered with 503.',
        }),
      ),
      cacheMaxBytes: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 64 * 1024 ** 3,
          default: 64 * 1024 ** 2,
          description:
            'Memory for answers of range queries, which are kept as long as they are right; 0: none.',
        }),
      ),
      workers: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 64,
          description:
            'Threads for heavy queries, started when needed; 0: none. Default: the processors but one, 1 at least.',
        }),
      ),
    }),
    logging: group({
      level: Type.Optional(
        Type.Union(
          [
            Type.Literal('trace'),
            Type.Literal('debug'),
            Type.Literal('info'),
            Type.Literal('warn'),
            Type.Literal('error'),
            Type.Literal('fatal'),
          ],
          { default: 'info', description: "The lowest level kept of the platform's own log." },
        ),
      ),
    }),
    slos: Type.Optional(
      Type.Array(SloSchema, {
        default: [],
        maxItems: 256,
        description:
          'Service level objectives: a good and a total expression, or an error ratio, each.',
      }),
    ),
  },
  { additionalProperties: false },
);

type Settings = Static<typeof ConfigSchema>;

type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Loose<T[Key]> | (undefined extends T[Key] ? undefined : never) }
    : T;

/** What `new MonitoringAPI` takes: everything may be left out but the region. */
export type MonitoringOptions = Loose<Omit<Settings, 'region'>> & { readonly region: string };
