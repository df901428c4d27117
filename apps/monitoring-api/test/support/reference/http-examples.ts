import { type ExampleServer } from './example-server.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const START = '1767323045000000000';

/** A request that the reference shows, and what it answers. */
export interface HttpExample {
  readonly parameters?: readonly (readonly [name: string, value: string])[];
  /** Values in the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly contentType?: string;
  /** Keeps the answer short; the page shows it as a pipe behind curl. */
  readonly grep?: string;
  /** For endpoints whose answer does not end. */
  readonly stream?: (server: ExampleServer) => Promise<unknown>;
}

const resource = `{"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}`;

const span = `{"traceId": "${TRACE_ID}", "spanId": "${SPAN_ID}", "name": "place order", "kind": 2,
      "startTimeUnixNano": "${START}", "endTimeUnixNano": "1767323045042000000"}`;

const record = `{"timeUnixNano": "${START}", "severityNumber": 13, "body": {"stringValue": "stock is low"},
      "traceId": "${TRACE_ID}", "spanId": "${SPAN_ID}"}`;

/** In the order they are asked: what is read has to be written before. */
export const HTTP_EXAMPLES: Readonly<Record<string, HttpExample>> = {
  'POST /v1/traces': {
    contentType: 'application/json',
    body: `{"resourceSpans": [{"resource": ${resource},\n    "scopeSpans": [{"spans": [${span}]}]}]}`,
  },
  'POST /v1/logs': {
    contentType: 'application/json',
    body: `{"resourceLogs": [{"resource": ${resource},\n    "scopeLogs": [{"logRecords": [${record}]}]}]}`,
  },
  'POST /api/v1/import/prometheus': {
    contentType: 'text/plain',
    body: 'shop_orders_total{country="de"} 17 1767323045000',
  },
  'POST /v1/metrics': {
    contentType: 'application/json',
    body: `{"resourceMetrics": [{"resource": ${resource},\n    "scopeMetrics": [{"metrics": [{"name": "shop.stock", "unit": "{item}", "gauge":\n      {"dataPoints": [{"timeUnixNano": "${START}", "asInt": "3"}]}}]}]}]}`,
  },
  'PUT /metrics/job/{*}': {
    path: { '*': 'backup/instance/db-1' },
    contentType: 'text/plain',
    body: 'backup_files_total 1204\n',
  },
  'GET /pushgateway/metrics': { grep: 'backup_files_total{' },
  'GET /federate': {
    parameters: [['match[]', 'shop_orders_total']],
    grep: 'shop_orders_total{',
  },
  'GET /api/v1/status/tsdb': { parameters: [['limit', '1']] },
  'GET /api/v1/query': {
    parameters: [
      ['query', 'shop_orders_total'],
      ['time', '2026-01-02T03:04:06Z'],
    ],
  },
  'GET /api/v1/explain': {
    parameters: [
      ['query', 'sum by (country) (shop_orders_total)'],
      ['time', '2026-01-02T03:04:06Z'],
    ],
  },
  'GET /api/v1/query_exemplars': { parameters: [['query', 'rate(shop_orders_total[5m])']] },
  'GET /api/v1/format_query': {
    parameters: [['query', 'sum(rate(shop_orders_total[5m]))by(country)']],
  },
  'GET /api/v1/parse_query': { parameters: [['query', 'shop_orders_total{country!="de"}']] },
  'GET /api/v1/query_range': {
    parameters: [
      ['query', 'sum by (country) (shop_orders_total)'],
      ['start', '1767323045'],
      ['end', '1767323075'],
      ['step', '15s'],
    ],
  },
  'GET /api/v1/series': { parameters: [['match[]', 'shop_orders_total{country="de"}']] },
  'GET /api/v1/labels': { parameters: [['match[]', 'shop_orders_total']] },
  'GET /api/v1/label/{name}/values': {
    path: { name: 'country' },
    parameters: [['match[]', 'shop_orders_total']],
  },
  'GET /api/v1/metadata': { parameters: [['metric', 'shop_queue_length']] },
  'GET /api/v1/status/buildinfo': {},
  'GET /api/v1/status/config': {},
  'GET /api/v1/status/flags': {},
  'GET /api/v1/status/runtimeinfo': {},
  'GET /api/v1/status/walreplay': {},
  'GET /api/v1/targets': { parameters: [['state', 'active']] },
  'GET /api/v1/targets/metadata': { parameters: [['metric', 'shop_queue_length']] },
  'GET /api/v1/alertmanagers': {},
  'GET /api/v1/rules': { parameters: [['rule_name[]', 'QueueTooLong']] },
  'GET /api/v1/alerts': {},
  'GET /api/v1/notifications': { parameters: [['outcome', 'delivered']] },
  'GET /api/v2/status': {},
  'GET /api/v2/receivers': {},
  'POST /api/v2/alerts': {
    contentType: 'application/json',
    body: `[{"labels": {"alertname": "BackupFailed", "instance": "db-1"},\n    "annotations": {"summary": "The backup of db-1 failed"}}]`,
  },
  'POST /api/v2/silences': {
    contentType: 'application/json',
    body: `{"matchers": [{"name": "instance", "value": "db-1", "isRegex": false}],\n    "startsAt": "2026-01-02T03:00:00Z", "endsAt": "2026-01-02T05:00:00Z",\n    "createdBy": "ann", "comment": "the disk is being replaced"}`,
  },
  'GET /api/v2/alerts': { parameters: [['filter', 'alertname="BackupFailed"']] },
  'GET /api/v2/alerts/groups': { parameters: [['filter', 'alertname="BackupFailed"']] },
  'POST /api/v1/alerts/trigger': {
    contentType: 'application/json',
    body: `{"labels": {"alertname": "Drill", "severity": "warning"},\n    "annotations": {"summary": "Only a drill"}, "by": "ann"}`,
  },
  'GET /api/v1/alerts/level': {},
  'GET /api/v1/alerts/by-name': {},
  'GET /api/v1/incidents': { parameters: [['q', 'drill']] },
  'POST /api/v1/alerts/{fingerprint}/ack': {
    path: { fingerprint: 'cb9d5302df96b122' },
    contentType: 'application/json',
    body: '{"by": "ann", "comment": "I look at it", "timeout": "30m"}',
  },
  'POST /api/v1/alerts/{fingerprint}/resolve': {
    path: { fingerprint: 'cb9d5302df96b122' },
    contentType: 'application/json',
    body: '{"by": "ann", "comment": "the drill is over"}',
  },
  'POST /api/v1/receivers/{name}/test': {
    path: { name: 'on-call' },
    contentType: 'application/json',
    body: '{"by": "ann"}',
  },
  'GET /api/v2/silences': { parameters: [['active', 'true']] },
  'GET /api/v1/logs': {
    parameters: [
      ['text', 'stock'],
      ['minLevel', 'warn'],
      ['limit', '1'],
    ],
  },
  'GET /api/v1/logs/tail': {
    parameters: [
      ['service', 'shop'],
      ['minLevel', 'error'],
    ],
    stream: ({ runtime }) => {
      runtime.logs.logger('orders').error('card refused', { orderId: 17 });
      return runtime.logs.flush();
    },
  },
  'GET /api/v1/traces': {
    parameters: [
      ['service', 'shop'],
      ['operation', 'place order'],
      ['minDurationMs', '10'],
    ],
  },
  'GET /api/v1/traces/{traceId}': { path: { traceId: TRACE_ID } },
  'GET /api/v1/services': {},
  'GET /runbooks/{alert}': { path: { alert: 'TargetDown' }, grep: '^## ' },
  'GET /health': {},
  'GET /ready': {},
  'GET /-/healthy': { grep: '.' },
  'GET /-/ready': { grep: '.' },
  'GET /api/v1/status': {},
  'GET /metrics': { grep: 'dwcp_record_errors_total' },
  'GET /metrics/host': { grep: '# .*node_load1 ' },
  'POST /api/v1/rule-groups/check': {
    contentType: 'application/json',
    body: `{"name": "queues", "group": {"rules": [\n    {"alert": "QueueFull", "expr": "shop_queue_length > 6", "for": "5m"}]}}`,
  },
  'PUT /api/v1/rule-groups/{name}': {
    path: { name: 'queues' },
    contentType: 'application/json',
    body: `{"by": "ann", "comment": "mail is late", "group": {"rules": [\n    {"alert": "QueueFull", "expr": "shop_queue_length > 6", "for": "5m"}]}}`,
  },
  'PATCH /api/v1/rule-groups/{name}': {
    path: { name: 'queues' },
    contentType: 'application/json',
    body: '{"enabled": false, "rule": "QueueFull", "by": "bob", "comment": "a drill"}',
  },
  'GET /api/v1/rule-groups': {},
  'GET /api/v1/rule-groups/{name}': { path: { name: 'queues' } },
  'DELETE /api/v1/rule-groups/{name}': {
    path: { name: 'queues' },
    contentType: 'application/json',
    body: '{"by": "ann", "comment": "the drill is over"}',
  },
  'GET /api/v1/rule-groups/{name}/history': {
    path: { name: 'queues' },
    parameters: [['limit', '2']],
  },
};

/** What cannot be shown in a line of shell and its answer. */
export const WITHOUT_EXAMPLE: ReadonlySet<string> = new Set([
  // Bytes that a sender makes.
  '/api/v1/write',
  // Bytes both ways, made and read by a server.
  '/api/v1/read',
  // Its id differs from run to run; what it gives is an entry of those that are listed.
  '/api/v2/silence/{silenceID}',
  '/api/v1/incidents/{id}',
  '/api/v1/incidents/{id}/ack',
  // Long, and made for `dwcp alert explain`, which docs/guides/terminal.md shows.
  '/api/v1/alerts/explain',
  '/api/v1/alerts/decisions',
  // Off unless they are configured.
  '/api/v1/admin/tsdb/snapshot',
  '/api/v1/admin/tsdb/delete_series',
  '/api/v1/admin/tsdb/clean_tombstones',
  // What instances of a cluster ask each other.
  '/api/v1/alerts/cluster',
  // Answers nothing, and the example server has no file to read again.
  '/-/reload',
  // As those that are shown, with another way to write the job or another base.
  '/metrics/job@base64/{*}',
  '/pushgateway/metrics/job/{*}',
  '/pushgateway/metrics/job@base64/{*}',
  // As long as all of the original's flags.
  '/pushgateway/api/v1/status',
  '/pushgateway/api/v1/metrics',
]);
