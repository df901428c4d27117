import { InvalidInputError, type Labels } from '@dwcp/core';
import { type OtlpScopeMetrics } from '@dwcp/protocol-otlp';

import { TARGET_INFO } from './metadata.ts';
import { type ResourceLabels } from './point-labels.ts';
import { type Translation } from './translation.ts';

/** Half of the time that a query looks back, so that it finds a sample at any moment between. */
const INTERVAL_MS = 150_000;
/** A request that spans more time gets a sample at its end only. */
const MAX_SAMPLES = 100;

/** Adds a `target_info` of 1 for the time that the points of a resource span. */
export class TargetInfo {
  /** The last sample of each series, since several parts of a request may be of one resource. */
  readonly #last = new Map<string, number>();

  add(
    translation: Translation,
    labels: ResourceLabels,
    scopeMetrics: readonly OtlpScopeMetrics[],
    path: string,
  ): void {
    let series: Labels;
    try {
      series = labels.targetInfo;
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      translation.warn({ field: path, problem: `no target_info: ${error.message}` });
      return;
    }
    if (series.size === 0) return;
    const [earliest, latest] = timesOf(scopeMetrics);
    if (latest === 0) return;
    translation.describe(TARGET_INFO);
    const last = this.#last.get(series.key) ?? 0;
    const steps = Math.floor((latest - earliest) / INTERVAL_MS);
    if (steps < MAX_SAMPLES) {
      for (let at = earliest; at < latest; at += INTERVAL_MS) {
        if (at > last) translation.batch.add(series, at, 1);
      }
    }
    if (latest <= last) return;
    translation.batch.add(series, latest, 1);
    this.#last.set(series.key, latest);
  }
}

/** Earliest and latest point in whole milliseconds, 0 when there is none. */
function timesOf(scopeMetrics: readonly OtlpScopeMetrics[]): readonly [number, number] {
  let earliest = Number.POSITIVE_INFINITY;
  let latest = 0;
  for (const { metrics } of scopeMetrics) {
    for (const { points } of metrics) {
      for (const { timeUnixMs } of points) {
        if (timeUnixMs < earliest) earliest = timeUnixMs;
        if (timeUnixMs > latest) latest = timeUnixMs;
      }
    }
  }
  return latest === 0 ? [0, 0] : [Math.floor(earliest), Math.floor(latest)];
}
