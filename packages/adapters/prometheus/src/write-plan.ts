import {
  InvalidInputError,
  type Labels,
  type RejectReason,
  type SampleBatch,
  type SeriesExemplar,
} from '@dwcp/core';

import { type NewestSamples, type SampleBits, sameSample } from './newest-samples.ts';
import { type Product } from './options.ts';

/** A sample to send, and how many rows of the batch it stands for: itself and its repeats. */
export interface PlannedSample extends SampleBits {
  rows: number;
}

/** One series of a write, samples oldest first. */
export interface PlannedSeries {
  readonly labels: Labels;
  readonly samples: PlannedSample[];
  readonly exemplars: SeriesExemplar['exemplar'][];
}

/** Rows counted by why they were refused. */
export type Refusals = Partial<Record<RejectReason, number>>;

export interface WritePlan {
  readonly series: readonly PlannedSeries[];
  readonly rejected: Refusals;
  /** Rows equal to the newest sample that was written before: there already. */
  readonly repeats: number;
  /** Of these the native histograms. */
  readonly repeatedHistograms: number;
}

export interface PlanLimits {
  readonly product: Product;
  readonly nowUnixMs: number;
  readonly maxAheadMs: number;
  readonly outOfOrderWindowMs: number;
  readonly maxLabels: number;
}

/** VictoriaMetrics cuts longer names and values off (1.79: 256 bytes and 16 KiB). */
const MAX_NAME_BYTES = 256;
const MAX_VALUE_BYTES = 16 * 1024;

/**
 * Sorts the rows of a batch into those to send and those to refuse, by what was written before.
 * @throws InvalidInputError for a batch that is none
 */
export function planWrite(
  batch: SampleBatch,
  newest: NewestSamples,
  limits: PlanLimits,
): WritePlan {
  checkBatch(batch);
  const { labels, timestamps, values, histograms } = batch;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const planned = new Map<string, PlannedSeries>();
  const unfit = new Map<string, RejectReason | undefined>();
  const rejected: Refusals = {};
  let [repeats, repeatedHistograms] = [0, 0];
  const seriesOf = (series: Labels): PlannedSeries => {
    const known = planned.get(series.key);
    if (known !== undefined) return known;
    const made = { labels: series, samples: [], exemplars: [] };
    planned.set(series.key, made);
    return made;
  };
  const reasonOf = (series: Labels): RejectReason | undefined => {
    if (!unfit.has(series.key)) unfit.set(series.key, unfitLabels(series, limits));
    return unfit.get(series.key);
  };
  for (const [row, series] of labels.entries()) {
    const histogram = histograms?.[row];
    const sample: PlannedSample = {
      unixMs: timestamps[row] ?? 0,
      low: words[row * 2] ?? 0,
      high: words[row * 2 + 1] ?? 0,
      histogram,
      rows: 1,
    };
    const reason = reasonOf(series) ?? unfitSample(sample, limits);
    if (reason !== undefined) {
      refuse(rejected, reason);
      continue;
    }
    const own = planned.get(series.key)?.samples;
    const last = own?.at(-1);
    const known = last ?? newest.get(series);
    if (known === undefined || sample.unixMs > known.unixMs) {
      seriesOf(series).samples.push(sample);
    } else if (sample.unixMs === known.unixMs) {
      if (!sameSample(sample, known)) refuse(rejected, 'duplicate');
      else if (last !== undefined) last.rows++;
      else {
        repeats++;
        if (histogram !== undefined) repeatedHistograms++;
      }
    } else if (sample.unixMs < known.unixMs - limits.outOfOrderWindowMs) {
      refuse(rejected, 'out-of-order');
    } else {
      insert(seriesOf(series).samples, sample, rejected);
    }
  }
  for (const { series, exemplar } of batch.exemplars ?? []) {
    if (limits.product === 'victoria-metrics' || reasonOf(series) !== undefined) {
      refuse(rejected, 'exemplar');
    } else {
      seriesOf(series).exemplars.push(exemplar);
    }
  }
  return { series: [...planned.values()], rejected, repeats, repeatedHistograms };
}

export function refuse(rejected: Refusals, reason: RejectReason, rows = 1): void {
  rejected[reason] = (rejected[reason] ?? 0) + rows;
}

/** Puts a late sample in its place among those of the same write. */
function insert(samples: PlannedSample[], sample: PlannedSample, rejected: Refusals): void {
  const at = samples.findLastIndex(({ unixMs }) => unixMs <= sample.unixMs);
  const before = samples[at];
  if (before?.unixMs !== sample.unixMs) samples.splice(at + 1, 0, sample);
  else if (sameSample(before, sample)) before.rows++;
  else refuse(rejected, 'duplicate');
}

function unfitLabels(labels: Labels, limits: PlanLimits): RejectReason | undefined {
  if (labels.size === 0) return 'invalid';
  if (labels.size > limits.maxLabels) return 'label-limit';
  if (limits.product === 'prometheus') return undefined;
  for (const [name, value] of labels) {
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return 'label-limit';
    if (Buffer.byteLength(value) > MAX_VALUE_BYTES) return 'label-limit';
  }
  return undefined;
}

function unfitSample(sample: SampleBits, limits: PlanLimits): RejectReason | undefined {
  if (sample.unixMs > limits.nowUnixMs + limits.maxAheadMs) return 'too-far-ahead';
  if (limits.product === 'prometheus') return undefined;
  // VictoriaMetrics 1.79 passes over these without a word.
  if (sample.histogram !== undefined || sample.unixMs < 0) return 'invalid';
  return isOrdinaryNaN(sample) ? 'invalid' : undefined;
}

function isOrdinaryNaN({ low, high }: SampleBits): boolean {
  const exponent = high & 0x7ff00000;
  const isNaN = exponent === 0x7ff00000 && ((high & 0xfffff) !== 0 || low !== 0);
  return isNaN && !(high === 0x7ff00000 && low === 2);
}

function checkBatch({ labels, timestamps, values }: SampleBatch): void {
  for (const [field, { length }] of Object.entries({ timestamps, values })) {
    if (length !== labels.length) {
      throw new InvalidInputError(field, `one for each of ${labels.length} rows, got ${length}`);
    }
  }
  for (const [i, unixMs] of timestamps.entries()) {
    if (Number.isSafeInteger(unixMs)) continue;
    throw new InvalidInputError(
      `timestamps[${i}]`,
      `whole Unix milliseconds are wanted, got ${unixMs}`,
    );
  }
}
