import { type CatalogueEntry } from './instruments-of-sources.ts';
import { code, page, plain, table } from './markdown.ts';
import { metricCatalogue, OPEN_FAMILIES } from './metric-catalogue.ts';

/** Series that scrapes and rules write; a test compares them with those of a running platform. */
export const WRITTEN_SERIES: readonly CatalogueEntry[] = [
  written(
    'ALERTS',
    '',
    ['alertname', 'alertstate', '…'],
    '1 while the alert is pending or firing; stale when it is over. The labels of the alert, and `alertstate`.',
  ),
  written(
    'ALERTS_FOR_STATE',
    'seconds',
    ['alertname', '…'],
    'Since when the alert is active, in Unix seconds. Read after a restart, so that `for` goes on.',
  ),
  written(
    'scrape_body_size_bytes',
    'bytes',
    ['job', 'instance'],
    'Size of the answer, unpacked. With `extra_scrape_metrics: true`.',
  ),
  written('scrape_duration_seconds', 'seconds', ['job', 'instance'], 'How long the scrape took.'),
  written(
    'scrape_sample_limit',
    '',
    ['job', 'instance'],
    '`sample_limit` of the job; 0 for none. With `extra_scrape_metrics: true`.',
  ),
  written(
    'scrape_samples_post_metric_relabeling',
    '',
    ['job', 'instance'],
    'Samples left after `metric_relabel_configs`.',
  ),
  written('scrape_samples_scraped', '', ['job', 'instance'], 'Samples the target exposed.'),
  written(
    'scrape_series_added',
    '',
    ['job', 'instance'],
    'Series that the scrape before did not have.',
  ),
  written(
    'scrape_timeout_seconds',
    'seconds',
    ['job', 'instance'],
    '`scrape_timeout` of the job. With `extra_scrape_metrics: true`.',
  ),
  written('up', '', ['job', 'instance'], '1 when the scrape succeeded, 0 when it failed.'),
];

function written(
  name: string,
  unit: string,
  labels: readonly string[],
  help: string,
): CatalogueEntry {
  return { name, type: 'gauge', unit, labels, help };
}

/** docs/reference/metrics.md */
export async function metricsPage(): Promise<string> {
  const { platform, host } = await metricCatalogue();
  const isOf = (prefix: RegExp) => platform.filter(({ name }) => prefix.test(name));
  const ours = /^dwcp_/;
  const requests = /^http_/;
  const runtime = /^(process|nodejs)_/;
  const other = platform.filter(
    ({ name }) => ![ours, requests, runtime].some((prefix) => prefix.test(name)),
  );
  if (other.length > 0) {
    throw new Error(`no section for ${other.map(({ name }) => name).join(', ')}`);
  }
  return page([
    '# Metrics',
    '<!-- Written by `npm run docs -w @dwcp/monitoring`; change the code or the generator instead. -->',
    `What the platform tells of itself and its machine: ${platform.length} metrics at \`/metrics\`, ${host.length} at \`/metrics/host\`. All of them are also in its own store, once per \`collection.intervalMs\`, with the labels \`region\`, \`instance\` and \`job\`: the service's name, or \`host\` for those of the host. A histogram \`x\` has the series \`x_bucket\` with the label \`le\`, \`x_sum\` and \`x_count\`. A counter with labels begins with the first event it counts.`,
    'What a platform or kernel does not tell is absent rather than 0. Off Linux the host has CPU, memory and load only.',
    '## The platform',
    catalogueTable(isOf(ours)),
    '## Requests',
    'Made by the server of `dwcp start` and by `dwcpFastify`. `route` is the pattern of the route, never the URL.',
    catalogueTable(isOf(requests)),
    '## The process',
    "Under prom-client's names. `collection.process: false` turns them off.",
    catalogueTable(isOf(runtime)),
    '## The host',
    "Under node_exporter's names. `collection.host: false` turns collecting off; `/metrics/host` answers nevertheless. Types are those of node_exporter: `unknown` where it says untyped.",
    'The fields of some files of the kernel become metrics as they are; a kernel may have more or fewer of them than this table:',
    OPEN_FAMILIES.map(([, text]) => `- ${text}`).join('\n'),
    catalogueTable(host),
    '## What scrapes and rules write',
    'These are in the store only. `job` and `instance` are those of the target; target labels and `region` are added. Recording rules write series under the names they are given.',
    catalogueTable(WRITTEN_SERIES),
  ]);
}

function catalogueTable(entries: readonly CatalogueEntry[]): string {
  return table(
    ['Metric', 'Type', 'Labels', 'Unit', 'Help'],
    entries.map(({ name, type, labels, unit, help }) => [
      code(name),
      type,
      labels.map((label) => (label === '…' ? label : code(label))).join(', '),
      unit,
      plain(help),
    ]),
  );
}
