import { formatGoFloat } from '../exposition/numbers.ts';
import { ownFamilies, type PushFamily, type PushGroup, type PushMetric } from './push-group.ts';

/**
 * A group as Pushgateway's `GET /api/v1/metrics` shows it: its labels, whether the last push was
 * taken, and each metric family under its name.
 * @see https://github.com/prometheus/pushgateway#query-api
 */
export function pushGroupJson(group: PushGroup): Readonly<Record<string, unknown>> {
  const families = [...ownFamilies(group), ...group.families];
  // Entries, as a family may be called anything, `__proto__` included.
  return Object.fromEntries([
    ...families.map((family) => [family.name, familyJson(family)] as const),
    ['labels', Object.fromEntries(group.labels)],
    ['last_push_successful', group.pushedUnixMs > 0 && group.pushedUnixMs >= group.failedUnixMs],
  ]);
}

function familyJson(family: PushFamily): Readonly<Record<string, unknown>> {
  const { type, help, pushedUnixMs, metrics } = family;
  return {
    time_stamp: new Date(pushedUnixMs).toISOString(),
    type: type.toUpperCase(),
    ...(help === '' ? {} : { help }),
    metrics: metrics.map((metric) => metricJson(type, metric)),
  };
}

function metricJson(
  type: PushFamily['type'],
  metric: PushMetric,
): Readonly<Record<string, unknown>> {
  const labels = Object.fromEntries(metric.labels);
  if ('value' in metric) return { labels, value: formatGoFloat(metric.value) };
  const isHistogram = type === 'histogram';
  const format = isHistogram ? formatCount : formatGoFloat;
  const points = metric.points.map(([bound, value]) => [formatGoFloat(bound), format(value)]);
  return {
    labels,
    [isHistogram ? 'buckets' : 'quantiles']: Object.fromEntries(points),
    count: formatCount(metric.count),
    sum: formatGoFloat(metric.sum),
  };
}

/** Counts are integers in Pushgateway, and written without an exponent. */
function formatCount(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : formatGoFloat(value);
}
