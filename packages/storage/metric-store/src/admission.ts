import {
  type Clock,
  InvalidInputError,
  type Labels,
  type NativeHistogram,
  type RejectReason,
  type SampleBatch,
} from '@dwcp/core';
import { crc32c } from '@dwcp/segments';

import { ByteWriter } from './bytes.ts';
import { ORDINARY_NAN_HIGH } from './columns.ts';
import { checkHistogram, encodeHistogram } from './histogram-codec.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';
import { type SampleRecord } from './wal-record.ts';

export interface AdmissionLimits {
  /** A sample may lie this far in the future. */
  readonly maxAheadMs: number;
  readonly retentionMs: number;
  readonly maxSeries: number;
}

/** Characters of all names and values of a label set together, at most. */
const MAX_LABELS_LENGTH = 16_384;
const MAX_RECORD_BYTES = 8 * 1024 * 1024;
const MAX_RECORD_SAMPLES = 65_536;
/** About 35,000 years around 1970: differences of differences stay exact in the chunk encoding. */
const MAX_UNIX_MS = 2 ** 50;

export interface AdmissionContext {
  readonly table: SeriesTable;
  readonly clock: Clock;
  readonly limits: AdmissionLimits;
  readonly newRecord: () => SampleRecord;
  /** Takes the rows gathered so far, each time they make a full record. */
  readonly flush: (record: SampleRecord) => void;
}

export interface Admission {
  readonly rejected: Partial<Record<RejectReason, number>>;
  readonly accepted: number;
  /** A row repeats a sample that is still on its way to the log. */
  readonly repeatsPending: boolean;
}

/**
 * Sorts the rows of a batch into those to store and those to refuse. A row that is taken claims its
 * place in the series at once, so that appends may overlap; SeriesEntry.forgetClaims undoes that.
 * @throws InvalidInputError for a batch that is none; then nothing was claimed
 */
export function admit(batch: SampleBatch, context: AdmissionContext): Admission {
  const { table, clock, limits, newRecord, flush } = context;
  const histograms = checkBatch(batch);
  const { labels, timestamps, values } = batch;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const nowUnixMs = clock.nowUnixMs();
  const newestUnixMs = Math.min(nowUnixMs + limits.maxAheadMs, MAX_UNIX_MS);
  const oldestUnixMs = Math.max(nowUnixMs - limits.retentionMs, -MAX_UNIX_MS);
  const rejected: Partial<Record<RejectReason, number>> = {};
  const reject = (reason: RejectReason): void => {
    rejected[reason] = (rejected[reason] ?? 0) + 1;
  };
  let accepted = 0;
  let repeatsPending = false;
  let record = newRecord();
  for (let i = 0; i < labels.length; i++) {
    const unixMs = timestamps[i] ?? 0;
    if (unixMs > newestUnixMs) {
      reject('too-far-ahead');
      continue;
    }
    if (unixMs < oldestUnixMs) {
      reject('too-old');
      continue;
    }
    const entry = entryFor(labels[i], table, limits.maxSeries);
    if (typeof entry === 'string') {
      reject(entry);
      continue;
    }
    const histogram = histograms?.[i];
    const low = histogram === undefined ? (words[i * 2] ?? 0) : crc32c(histogram);
    const high = histogram === undefined ? (words[i * 2 + 1] ?? 0) : histogram.length;
    if (unixMs < entry.claimedUnixMs) {
      reject('out-of-order');
    } else if (unixMs > entry.claimedUnixMs) {
      entry.claim(unixMs, low, high, histogram !== undefined);
      if (histogram === undefined) record.add(entry, unixMs, low, high, undefined);
      else record.add(entry, unixMs, 0, ORDINARY_NAN_HIGH, histogram);
      accepted++;
      if (record.sizeBytes >= MAX_RECORD_BYTES || record.entries.length >= MAX_RECORD_SAMPLES) {
        flush(record);
        record = newRecord();
      }
    } else if (isClaimed(entry, low, high, histogram !== undefined)) {
      accepted++;
      repeatsPending ||= entry.pending > 0;
    } else {
      reject('duplicate');
    }
  }
  if (record.entries.length > 0) flush(record);
  return { rejected, accepted, repeatsPending };
}

function isClaimed(entry: SeriesEntry, low: number, high: number, isHistogram: boolean): boolean {
  return (
    entry.claimedLow === low &&
    entry.claimedHigh === high &&
    entry.claimedIsHistogram === isHistogram
  );
}

/** The series of the labels, or why there is none. */
function entryFor(
  labels: Labels | undefined,
  table: SeriesTable,
  maxSeries: number,
): SeriesEntry | RejectReason {
  if (labels === undefined) return 'invalid';
  const found = table.find(labels);
  if (found !== undefined) return found;
  if (labels.key.length > MAX_LABELS_LENGTH) return 'label-limit';
  if (table.size >= maxSeries) return 'series-limit';
  return table.ensure(labels);
}

const scratch = new ByteWriter();

/** Checks all rows before the first has an effect; returns the encoded histograms by position. */
function checkBatch(batch: SampleBatch): (Uint8Array | undefined)[] | undefined {
  const { labels, timestamps, values, histograms } = batch;
  for (const [field, { length }] of Object.entries({ timestamps, values })) {
    if (length !== labels.length) {
      throw new InvalidInputError(field, `one for each of ${labels.length} rows, got ${length}`);
    }
  }
  for (let i = 0; i < timestamps.length; i++) {
    if (!Number.isInteger(timestamps[i])) {
      throw new InvalidInputError(
        `timestamps[${i}]`,
        `whole Unix milliseconds are wanted, got ${timestamps[i]}`,
      );
    }
  }
  return histograms?.map((histogram) =>
    histogram === undefined ? undefined : encodedHistogram(histogram),
  );
}

export function encodedHistogram(histogram: NativeHistogram): Uint8Array {
  checkHistogram(histogram);
  scratch.clear();
  encodeHistogram(scratch, histogram);
  return scratch.copy();
}
