import { findProgram, startNodeExporter, startPrometheus, wants } from '@dwcp/testing';
import { expect, test } from 'vitest';

import { DwcpServer } from './dwcp-server.ts';
import { differences, promQuery } from './prometheus-answers.ts';

const prometheus = findProgram('prometheus');
const nodeExporter = findProgram('prometheus-node-exporter');
const missing = prometheus === undefined || nodeExporter === undefined;

const WINDOW_SECONDS = 180;

// Both servers scrape on their own second, so what moves is averaged over most of the window.
const instantQueries = [
  'up{job="node"}',
  'count by (__name__) ({__name__=~"node_.+"})',
  'node_memory_MemTotal_bytes',
  'node_boot_time_seconds',
  'sum by (mode) (rate(node_cpu_seconds_total[150s]))',
  '1 - avg(rate(node_cpu_seconds_total{mode="idle"}[150s]))',
  'avg_over_time(node_memory_MemAvailable_bytes[150s])',
  'max_over_time(node_filesystem_size_bytes[2m])',
  'count_over_time(node_load1[150s])',
  'quantile_over_time(0.5, node_memory_MemAvailable_bytes[150s])',
  'sum without (code) (rate(promhttp_metric_handler_requests_total[2m]))',
  'increase(node_context_switches_total[150s])',
  'topk(3, node_filesystem_size_bytes)',
  '(node_memory_MemTotal_bytes - avg_over_time(node_memory_MemAvailable_bytes[150s])) / node_memory_MemTotal_bytes * 100',
  'node_memory_MemTotal_bytes * on (instance) group_left (nodename) node_uname_info',
  'label_replace(up{job="node"}, "host", "$1", "instance", "(.*):.*")',
  'changes(node_boot_time_seconds[2m])',
  'absent(node_no_such_metric{job="node"})',
  'count by (fstype) (node_filesystem_size_bytes > 0) or vector(0)',
  'min_over_time(scrape_samples_scraped{job="node"}[2m])',
];
const rangeQueries = [
  'avg_over_time(node_memory_MemAvailable_bytes[1m])',
  'sum(rate(node_cpu_seconds_total[1m]))',
];

test.skipIf(missing)(
  `three minutes of a node_exporter at 1 s are there whole and answer as Prometheus does (${wants('prometheus', 'prometheus-node-exporter')})`,
  { timeout: 300_000 },
  async () => {
    await using exporter = await startNodeExporter(nodeExporter ?? '');
    const target = new URL(exporter.url).host;
    const job = [
      '  - job_name: node',
      '    scrape_interval: 1s',
      '    scrape_timeout: 1s',
      '    static_configs:',
      `      - targets: ['${target}']`,
      '        labels: { region: eu-test-1 }',
      '',
    ].join('\n');
    await using peer = await startPrometheus(prometheus ?? '', `scrape_configs:\n${job}`);
    await using ours = await DwcpServer.start(
      `region: eu-test-1\ncollection: { host: false }\nscrapeConfigs:\n${job}`,
    );

    await new Promise((resolve) => {
      setTimeout(resolve, (WINDOW_SECONDS + 8) * 1_000);
    });
    const time = Math.floor(Date.now() / 1_000) - 2;
    const series = await promQuery(ours.url, 'query', {
      query: `{job="node"}[${WINDOW_SECONDS}s]`,
      time: String(time),
    });
    if (series.resultType !== 'matrix') throw new Error(`got a ${series.resultType}`);
    const counts = series.result.map(({ values }) => values.length);
    process.stdout.write(
      `${counts.length} series with ${Math.min(...counts)} to ${Math.max(...counts)} points\n`,
    );
    expect(counts.length).toBeGreaterThan(200);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(WINDOW_SECONDS - 1);
    expect(Math.max(...counts)).toBeLessThanOrEqual(WINDOW_SECONDS + 1);

    const tolerance = { relative: 0.01, absolute: 0.005 };
    const failures: Record<string, readonly string[]> = {};
    for (const query of instantQueries) {
      const parameters = { query, time: String(time) };
      const found = differences(
        await promQuery(ours.url, 'query', parameters),
        await promQuery(peer.url, 'query', parameters),
        tolerance,
      );
      if (found.length > 0) failures[query] = found;
    }
    for (const query of rangeQueries) {
      const parameters = { query, start: String(time - 90), end: String(time), step: '15' };
      const found = differences(
        await promQuery(ours.url, 'query_range', parameters),
        await promQuery(peer.url, 'query_range', parameters),
        tolerance,
      );
      if (found.length > 0) failures[query] = found;
    }
    process.stdout.write(
      `${instantQueries.length + rangeQueries.length} queries compared, ` +
        `${Object.keys(failures).length} differ\n`,
    );
    expect(failures).toEqual({});
  },
);
