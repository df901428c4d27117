import { type LabelMatcher, type Series } from '@dwcp/core';
import { type EmbeddedMetricStore } from '@dwcp/metric-store';

import {
  generationOf,
  hasExemplars,
  histogramOf,
  INTERVAL_MS,
  isHistogram,
  isLate,
  labelsOf,
  LATE_ROUNDS,
  podOf,
  ROUNDS_PER_HOUR,
  SLOTS,
  START_UNIX_MS,
  unixMsOf,
  valueOf,
} from './long-run-load.ts';

/** Every so many slots are looked at, sample by sample. */
const STRIDE = 13;
const RAW_ROUNDS = 4 * ROUNDS_PER_HOUR - 1;

/** What is wrong with the answers of a store after its last round; nothing, if all goes well. */
export async function problemsOf(
  store: EmbeddedMetricStore,
  lastRound: number,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (let slot = 0; slot < SLOTS; slot += STRIDE) {
    problems.push(...(await problemsOfSlot(store, slot, lastRound)));
  }
  problems.push(...(await problemsOfPods(store, lastRound)), ...(await problemsOfExemplars(store)));
  const { corruptionCount, failedSeals, failedWalWrites } = store.stats();
  if (corruptionCount + failedSeals + failedWalWrites > 0) problems.push('there were failures');
  return problems;
}

async function problemsOfSlot(
  store: EmbeddedMetricStore,
  slot: number,
  lastRound: number,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const instance = `host-${slot % 30}:9100`;
  const matchers: LabelMatcher[] = [
    { name: 'instance', operator: '=', value: instance },
    { name: 'pod', operator: '=~', value: `pod-${slot}-.*` },
  ];
  const found = await store.select({
    matchers,
    startUnixMs: START_UNIX_MS,
    endUnixMs: unixMsOf(lastRound),
  });
  const seen = new Map<number, number>();
  for (const series of found) {
    for (const [i, unixMs] of series.timestamps.entries()) {
      const round = (unixMs - START_UNIX_MS) / INTERVAL_MS;
      const wanted = labelsOf(slot, generationOf(slot, round));
      seen.set(round, (seen.get(round) ?? 0) + 1);
      if (!series.labels.equals(wanted)) problems.push(`${series.labels.toString()} in ${round}`);
      if (!isRight(series, i, slot, round)) problems.push(`slot ${slot}: value in ${round}`);
    }
  }
  for (let round = Math.max(0, lastRound - RAW_ROUNDS); round <= lastRound; round++) {
    const isOnItsWay = isLate(slot, round) && round + LATE_ROUNDS > lastRound;
    const times = seen.get(round) ?? 0;
    if (times !== (isOnItsWay ? 0 : 1)) problems.push(`slot ${slot}: ${times} times in ${round}`);
  }
  return problems;
}

function isRight(series: Series, i: number, slot: number, round: number): boolean {
  if (!isHistogram(slot)) return series.values[i] === valueOf(slot, round);
  const found = series.histograms?.[i];
  const { count, sum, positiveBuckets } = histogramOf(slot, round);
  return (
    found?.count === count &&
    found.sum === sum &&
    JSON.stringify(found.positiveBuckets) === JSON.stringify(positiveBuckets)
  );
}

/** The pods of the last hour are those that were there. */
async function problemsOfPods(
  store: EmbeddedMetricStore,
  lastRound: number,
): Promise<readonly string[]> {
  const firstRound = lastRound - ROUNDS_PER_HOUR;
  const wanted = new Set<string>();
  for (let slot = 0; slot < SLOTS; slot++) {
    const last = generationOf(slot, lastRound);
    for (let one = generationOf(slot, firstRound); one <= last; one++) wanted.add(podOf(slot, one));
  }
  const range = { startUnixMs: unixMsOf(firstRound), endUnixMs: unixMsOf(lastRound) };
  const found = await store.labelValues('pod', { matchers: [], ...range });
  const missing = [...wanted].filter((pod) => !found.includes(pod));
  return missing.length > 0 || found.length !== wanted.size
    ? [`${found.length} pods instead of ${wanted.size}, missing ${missing.join()}`]
    : [];
}

/** Those that are left are told with the series and the value they came with. */
async function problemsOfExemplars(store: EmbeddedMetricStore): Promise<readonly string[]> {
  const everything = { matchers: [], startUnixMs: 0, endUnixMs: Number.POSITIVE_INFINITY };
  const found = await store.exemplars(everything);
  const problems: string[] = [];
  let count = 0;
  for (const { labels, exemplars } of found) {
    for (const { labels: own, value } of exemplars) {
      count++;
      const [slot = Number.NaN, round = Number.NaN] = own.get('trace_id').split('-').map(Number);
      const wanted = labelsOf(slot, generationOf(slot, round));
      if (!hasExemplars(slot) || value !== round || !labels.equals(wanted)) {
        problems.push(`exemplar ${own.toString()} at ${labels.toString()}`);
      }
    }
  }
  return count === 1_000 ? problems : [...problems, `${count} exemplars instead of 1,000`];
}
