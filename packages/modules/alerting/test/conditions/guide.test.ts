import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseRuleFile } from '@dwcp/alerting';
import { ruleTestFailures, runRuleTestFile } from '@dwcp/alerting/rule-tests';
import { afterAll, expect, test } from 'vitest';

import { guideFiles, guideTests } from './guide.ts';

const dir = mkdtempSync(join(tmpdir(), 'dwcp-guide-'));
afterAll(() => rmSync(dir, { recursive: true }));

const files = guideFiles();
const rules = files
  .map(([, text]) => text.replace('groups:\n', ''))
  .join('')
  .replace(/^/, 'groups:\n');
writeFileSync(join(dir, 'conditions.yml'), rules);

/** Series that make each example fire after 20 minutes, and the labels it then has. */
const FIRES: Readonly<
  Record<string, readonly [series: Readonly<Record<string, string>>, labels: string]>
> = {
  DiskNearlyFull: [{ 'disk_used_ratio{mount="/"}': '0.9x20' }, '{mount: /}'],
  CpuBusy: [{ 'cpu_ratio{host="a"}': '0.81x20' }, '{host: a}'],
  FewReplicas: [{ 'up{service="shop"}': '1x20' }, '{service: shop}'],
  QueueGrows: [{ 'queue_length{queue="q"}': '0+6x20' }, '{queue: q}'],
  ErrorsRise: [{ 'errors_total{job="j"}': '0+36x20' }, '{job: j}'],
  TrafficHalved: [{ 'request_rate{job="j"}': '100x18 50 50' }, '{job: j}'],
  LatencyUnusual: [
    { 'dwcp_anomaly_score{metric="checkout_latency_seconds"}': '0.9x20' },
    '{metric: checkout_latency_seconds}',
  ],
  TrafficUnusual: [{ 'request_rate{job="j"}': '10 11x18 10 30' }, '{job: j}'],
  BackupMissing: [{}, '{job: nightly}'],
  PaymentsRefused: [
    { 'dwcp:log_matches:count{alertname="PaymentsRefused", service="shop"}': '0x18 3 3' },
    '{service: shop}',
  ],
  BusyAndSlow: [
    {
      'cpu_ratio{host="a", core="1"}': '0.95x20',
      'cpu_ratio{host="b", core="1"}': '0.95x20',
      'disk_wait_ratio{host="a"}': '0.3x20',
      'disk_wait_ratio{host="b"}': '0.3x20',
      'maintenance{host="b"}': '1x20',
    },
    '{host: a, core: "1"}',
  ],
  MemoryHigh: [{ 'memory_ratio{host="a"}': '0.95x10 0.85x10' }, '{host: a}'],
  QueueLong: [{ 'queue_length{queue="q"}': '2000x10 90x10' }, ''],
  TemperatureHigh: [{ 'temperature_celsius{room="r"}': '20x10 stale' }, '{reason: no_data}'],
  TunnelLossy: [{ 'tunnel_loss_ratio{tunnel="t"}': '0.1x10 stale' }, '{tunnel: t}'],
  PodRestarted: [
    { 'pod_start_time_seconds{deployment="d", pod="p"}': '1x18 2 2' },
    '{deployment: d, pod: p}',
  ],
};

test('every example is tried', () => {
  const names = parseRuleFile(rules, 'conditions.yml').flatMap((group) =>
    group.rules.map(({ name }) => name),
  );
  expect(names).toEqual(Object.keys(FIRES));
  expect(files).toHaveLength(9);
});

test.each(Object.entries(FIRES))('%s does what the guide says', async (name, [series, labels]) => {
  const inputs = Object.entries(series).map(([text, values]) => {
    return `{ series: '${text}', values: '${values}' }`;
  });
  const expected = labels === '' ? '[]' : `[{ exp_labels: ${labels} }]`;
  const path = join(dir, `${name}.test.yml`);
  writeFileSync(
    path,
    `rule_files: [conditions.yml]\ntests:\n- interval: 1m\n  input_series: [${inputs.join(', ')}]\n  alert_rule_test: [{ eval_time: 20m, alertname: ${name}, exp_alerts: ${expected} }]\n`,
  );
  expect(ruleTestFailures(await runRuleTestFile(path))).toBe('');
});

test.each(guideTests())('the unit test under %s passes', async (_title, text) => {
  const path = join(dir, 'guide.test.yml');
  writeFileSync(path, text);
  const report = await runRuleTestFile(path);
  expect(ruleTestFailures(report)).toBe('');
  expect(report).toMatchObject({ passed: true, warnings: [] });
  expect(report.tests).toHaveLength(1);
});
