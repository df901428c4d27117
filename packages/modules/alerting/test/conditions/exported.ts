const limits = "{threshold: {metric: m, operator: '>', value: 90}}";

/**
 * Rules whose plain PromQL fires and ends as they do. They read the series `m`, with a sample a minute.
 * Windows do not end at a sample: Prometheus 2 counts one at their beginning, Prometheus 3 does not.
 */
export const EXPORTED_EXACTLY: readonly string[] = [
  `- {alert: A, condition: ${limits}, for: 2m}`,
  "- {alert: A, condition: {threshold: {metric: m, aggregate: avg, window: 3m30s, operator: '>=', value: 85}}}",
  "- {alert: A, condition: {rate_of_change: {metric: m, window: 4m30s, per: minute, operator: '>', value: 2}}}",
  "- {alert: A, condition: {rate_of_change: {metric: m, window: 2m, per: percent, operator: '>=', value: 12.5}}}",
  '- {alert: A, condition: {anomaly: {metric: m, method: zscore, window: 10m30s, deviations: 1.5}}}',
  '- {alert: A, condition: {absence: {metric: m, labels: {i: "0"}, for: 3m30s}}}',
  `- {alert: A, condition: {all: [${limits}, {not: {threshold: {expr: sum(m), operator: '>', value: 180}}}], on: []}}`,
  '- {alert: A, expr: m > 90, recover: m < 80}',
  '- {alert: A, expr: m > 90, recover: m < 80, for: 2m, keep_firing_for: 3m, labels: {severity: page}}',
  `- {alert: A, condition: ${limits}, recover: {threshold: {metric: m, operator: '<=', value: 80}}, labels: {team: a}, for: 1m}`,
  '- {alert: A, expr: m > 90, recover: m < 80, no_data: resolve, keep_firing_for: 2m}',
  '- {alert: A, expr: sum(m) > 180, recover: sum(m) < 160, no_data: keep}',
  '- {alert: A, expr: m > 90, no_data: keep, keep_firing_for: 2m, labels: {severity: page}}',
  '- {alert: A, expr: m > 90 and on (i) m < 96, recover: m < 80 and on (i) m < 90}',
];
