import { Labels, type NativeHistogram } from '@dwcp/core';

// The load of the long run: pure functions of slot and round, so that the oracle needs no memory.

export const INTERVAL_MS = 15_000;
export const ROUNDS_PER_HOUR = 3_600_000 / INTERVAL_MS;
export const START_UNIX_MS = Date.parse('2026-01-02T00:00:00Z');
/** A late sample comes so many rounds after its time. */
export const LATE_ROUNDS = 5;

/** Places for a series each; one in twenty gets a new series every hour, one after the other. */
export const SLOTS = 3_000;
const REPLACED_PER_ROUND = (SLOTS * 0.05) / ROUNDS_PER_HOUR;

export function unixMsOf(round: number): number {
  return START_UNIX_MS + round * INTERVAL_MS;
}

/** How many series there were in a slot before the one that is there in a round. */
export function generationOf(slot: number, round: number): number {
  return Math.ceil((replacedBefore(round) - slot) / SLOTS);
}

/** Slots that have another series in this round than in the one before, counted on beyond `SLOTS`. */
export function replacedIn(round: number): readonly number[] {
  const slots: number[] = [];
  for (let i = replacedBefore(round - 1); i < replacedBefore(round); i++) slots.push(i % SLOTS);
  return slots;
}

function replacedBefore(round: number): number {
  return Math.floor(Math.max(0, round) * REPLACED_PER_ROUND);
}

/** Values change with every generation, of some series also metric name and a label's name. */
export function labelsOf(slot: number, generation: number): Labels {
  const isOdd = slot % 10 === 1;
  return Labels.from({
    __name__: isOdd ? `odd_${slot}_${generation}` : `metric_${slot % 50}_total`,
    instance: `host-${slot % 30}:9100`,
    job: 'long-run',
    pod: podOf(slot, generation),
    region: slot % 2 === 0 ? 'eu-west-1' : 'us-east-1',
    ...(isOdd ? { [`label_${slot}_${generation}`]: `only here ${generation}` } : {}),
  });
}

export function podOf(slot: number, generation: number): string {
  return `pod-${slot}-${generation.toString(16).padStart(4, '0')}`;
}

export const isHistogram = (slot: number): boolean => slot % 100 === 50;
export const hasExemplars = (slot: number): boolean => slot % 200 === 3;
export const isLate = (slot: number, round: number): boolean => slot % 50 === 7 && round % 20 === 0;

/** Counters, gauges with two decimals, and what stays the same. */
export function valueOf(slot: number, round: number): number {
  if (slot % 3 === 0) return slot * 1_000 + round * (1 + (slot % 7));
  if (slot % 3 === 1) return ((slot * 31 + round * 17) % 1_000) / 100;
  return slot;
}

export function histogramOf(slot: number, round: number): NativeHistogram {
  const counts = [round + 1, slot + 2 * round, round % 9];
  return {
    schema: 3,
    count: counts.reduce((sum, count) => sum + count, 0),
    sum: round * 1.5,
    zeroThreshold: 0.001,
    zeroCount: 0,
    positiveSpans: [{ offset: slot % 5, length: 3 }],
    positiveBuckets: counts,
    negativeSpans: [],
    negativeBuckets: [],
    counterResetHint: 'unknown',
  };
}
