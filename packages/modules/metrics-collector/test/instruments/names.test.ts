import { metricNameAdvice } from '@dwcp/metrics-collector';
import { expect, test } from 'vitest';

test.each([
  ['dwcp_wal_appended_bytes_total', 'counter'],
  ['dwcp_scrape_duration_seconds', 'histogram'],
  ['node_load1', 'gauge'],
] as const)('%s needs no advice', (name, type) => {
  expect(metricNameAdvice(name, type)).toEqual([]);
});

test.each([
  ['dwcp_latency_ms', 'gauge', 'use the base unit: seconds instead of ms'],
  ['dwcp_cpu_percent', 'gauge', 'use the base unit: ratio instead of percent'],
  ['dwcp_requestCount_total', 'counter', 'use snake_case: "dwcp_request_count_total"'],
  ['dwcp_requests', 'counter', 'end a counter in _total'],
  ['dwcp_size_total', 'gauge', 'a gauge must not end in _total'],
  ['requests', 'gauge', 'start with the component, as in dwcp_<component>_<metric>'],
  ['dwcp:rate5m', 'gauge', 'leave colons to recording rules'],
] as const)('%s as a %s gets the advice "%s"', (name, type, advice) => {
  expect(metricNameAdvice(name, type)).toContain(advice);
});
