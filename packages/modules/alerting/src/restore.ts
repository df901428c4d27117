import { isStale, type Labels, METRIC_NAME, type Series } from '@dwcp/core';

import { type AlertInstance } from './alert-instance.ts';
import { type AlertingRule } from './rule.ts';

export interface RestoreOptions {
  /** How long ago the last word of an alert may be. */
  readonly outageToleranceMs: number;
  /** An alert that was pending is not fired sooner than this after a start. */
  readonly forGracePeriodMs: number;
}

/** As Prometheus' `rules.alert.for-outage-tolerance` and `for-grace-period`. */
export const DEFAULT_RESTORE: RestoreOptions = {
  outageToleranceMs: 60 * 60_000,
  forGracePeriodMs: 10 * 60_000,
};

/**
 * Since when an alert counts as active, given what an earlier process wrote of it.
 *
 * @param series its ALERTS_FOR_STATE samples within the outage tolerance
 * @returns undefined when nothing is to be changed
 * @see https://prometheus.io/blog/2018/08/04/prometheus-2-4-is-out, persistent "for" state
 */
export function restoredActiveAt(
  series: Series,
  rule: Pick<AlertingRule, 'forMs'>,
  options: Pick<RestoreOptions, 'forGracePeriodMs'>,
  nowUnixMs: number,
): number | undefined {
  const last = series.timestamps.length - 1;
  const downAtUnixMs = series.timestamps[last];
  const activeAtSeconds = series.values[last];
  if (downAtUnixMs === undefined || activeAtSeconds === undefined) return undefined;
  if (isStale(series.values, last) || !Number.isFinite(activeAtSeconds)) return undefined;
  const activeAtUnixMs = activeAtSeconds * 1_000;
  const remainingMs = rule.forMs - (downAtUnixMs - activeAtUnixMs);
  // It fired before: the next evaluation fires it again, if the condition still holds.
  if (remainingMs <= 0) return activeAtUnixMs;
  if (remainingMs < options.forGracePeriodMs) {
    return nowUnixMs + options.forGracePeriodMs - rule.forMs;
  }
  // The time that nobody watched does not count.
  return activeAtUnixMs + (nowUnixMs - downAtUnixMs);
}

/** Matchers of the series that alerts of a rule have; labels with templates are left open. */
export function seriesOf(
  metricName: 'ALERTS' | 'ALERTS_FOR_STATE',
  rule: AlertingRule,
): readonly { readonly name: string; readonly operator: '='; readonly value: string }[] {
  const fixed = Object.entries(rule.labels).filter(
    ([name, value]) => name !== 'alertname' && !value.includes('{{'),
  );
  return [[METRIC_NAME, metricName], ['alertname', rule.name], ...fixed].map(([name, value]) => ({
    name: name ?? '',
    operator: '=',
    value: value ?? '',
  }));
}

/** An alert that fired when an earlier process went down. */
export interface LostAlert {
  readonly labels: Labels;
  readonly activeAtUnixMs: number;
  /** The series as they are stored, to be marked stale. */
  readonly series: readonly Labels[];
}

/**
 * Alerts that an earlier process left firing and that are active no more: their end is still to be
 * told.
 * @param fired ALERTS series of the rule
 * @param states ALERTS_FOR_STATE series of the rule
 * @param startUnixMs when this process began; what was written since is not lost
 */
export function lostAlerts(
  fired: readonly Series[],
  states: readonly Series[],
  startUnixMs: number,
): readonly LostAlert[] {
  const stateByKey = new Map(
    states.map((series) => [series.labels.withoutName().key, series] as const),
  );
  return fired.flatMap((series) => {
    const last = series.timestamps.length - 1;
    const lastUnixMs = series.timestamps[last] ?? Infinity;
    if (series.labels.get('alertstate') !== 'firing') return [];
    if (lastUnixMs >= startUnixMs || isStale(series.values, last)) return [];
    const labels = series.labels.without([METRIC_NAME, 'alertstate']);
    const state = stateByKey.get(labels.key);
    const stateLast = (state?.timestamps.length ?? 0) - 1;
    // Written since: it is active again, pending perhaps.
    if ((state?.timestamps[stateLast] ?? 0) >= startUnixMs) return [];
    const seconds = state?.values[stateLast];
    const activeAtUnixMs =
      seconds !== undefined && Number.isFinite(seconds) ? seconds * 1_000 : lastUnixMs;
    const all = state === undefined ? [series.labels] : [series.labels, state.labels];
    return [{ labels, activeAtUnixMs, series: all }];
  });
}

export function isActive({ state }: AlertInstance): boolean {
  return state.kind === 'pending' || state.kind === 'firing';
}
