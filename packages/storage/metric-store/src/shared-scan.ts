import { Labels, QueryError, type Series } from '@dwcp/core';

import { Columns } from './columns.ts';
import { giveBackScanColumns, takeScanColumns } from './scan-columns.ts';
import { type SharedSamples } from './shared-samples.ts';
import { TimedTurns } from './turns.ts';

/** A stretch between two turns of the event loop, in which a cancellation is heard. */
const TURN_MS = 20;
/** Samples decoded ahead where labels and files have different orders: 16 MiB. */
const SAMPLES_AHEAD = 1_048_576;
/** Groups so close together are cached. */
const NEAR_GROUPS = 64;

type Visit = (series: Series) => void | Promise<void>;

/**
 * All series with samples in the range, sorted by labels.
 * @throws QueryError when they hold more samples than the limit
 */
export async function selectShared(
  samples: SharedSamples,
  labels: readonly Labels[],
  maxSamples: number,
  signal: AbortSignal | undefined,
): Promise<readonly Series[]> {
  if (samples.selection.sampleCount > maxSamples) {
    throw new QueryError(
      'execution',
      `the selection holds more than ${maxSamples} samples; narrow it by labels or time`,
    );
  }
  const turns = new TimedTurns(TURN_MS, signal);
  const found: Series[] = [];
  for (const place of inFileOrder(samples, places(labels))) {
    const columns = new Columns(samples.countOf(place));
    const count = await samples.read(place, columns);
    const series = samples.seriesOf(labels[place] ?? Labels.empty, columns, count);
    if (series !== undefined) found.push(series);
    if (turns.isDue) await turns.take();
  }
  return found.sort((a, b) => a.labels.compare(b.labels));
}

/**
 * Visits the series with samples in the range in the order of their labels, in columns that are used
 * again. Where files have another order, some at a time are decoded in that one, so that no group is
 * decompressed for each series anew.
 */
export async function scanShared(
  samples: SharedSamples,
  labels: readonly Labels[],
  visit: Visit,
  signal: AbortSignal | undefined,
): Promise<void> {
  const turns = new TimedTurns(TURN_MS, signal);
  const labelsAt = (place: number): Labels => labels[place] ?? Labels.empty;
  const order = places(labels).sort((a, b) => labelsAt(a).compare(labelsAt(b)));
  const give = async (place: number, columns: Columns, count: number): Promise<void> => {
    const series = samples.seriesOf(labelsAt(place), columns, count);
    const visited = series === undefined ? undefined : visit(series);
    if (visited !== undefined) await visited;
    if (turns.isDue) await turns.take();
  };
  if (isNearlyFileOrder(samples, order)) {
    let columns = takeScanColumns();
    try {
      for (const place of order) {
        const count = samples.countOf(place);
        if (count > columns.capacity) columns = new Columns(Math.ceil(count * 1.25));
        columns.histograms = undefined;
        await give(place, columns, await samples.read(place, columns));
      }
    } finally {
      giveBackScanColumns(columns);
    }
    return;
  }
  for (const part of parts(samples, order)) {
    const decoded = new Map<number, readonly [columns: Columns, count: number]>();
    for (const place of inFileOrder(samples, part)) {
      const columns = new Columns(samples.countOf(place));
      decoded.set(place, [columns, await samples.read(place, columns)]);
      if (turns.isDue) await turns.take();
    }
    for (const place of part) {
      const [columns, count] = decoded.get(place) ?? [new Columns(0), 0];
      await give(place, columns, count);
    }
  }
}

function places(labels: readonly Labels[]): Uint32Array {
  return Uint32Array.from(labels, (_, place) => place);
}

function inFileOrder(samples: SharedSamples, some: Uint32Array): Uint32Array {
  const keys = Float64Array.from(some, (place) => samples.fileOrder(place));
  const order = Uint32Array.from(some, (_, i) => i);
  order.sort((a, b) => {
    const [first, second] = [keys[a] ?? 0, keys[b] ?? 0];
    return first === second ? 0 : first - second;
  });
  return order.map((i) => some[i] ?? 0);
}

/** Whether reading in this order goes through files about as they are. */
function isNearlyFileOrder(samples: SharedSamples, order: Uint32Array): boolean {
  let highest = 0;
  for (const place of order) {
    const at = samples.fileOrder(place);
    // What is in no file is in memory.
    if (at === Number.POSITIVE_INFINITY) continue;
    if (at < highest - NEAR_GROUPS) return false;
    highest = Math.max(highest, at);
  }
  return true;
}

/** Cuts an order into parts that are decoded together. */
function* parts(samples: SharedSamples, order: Uint32Array): Iterable<Uint32Array> {
  let start = 0;
  let sum = 0;
  for (const [i, place] of order.entries()) {
    const count = samples.countOf(place);
    if (sum + count > SAMPLES_AHEAD && i > start) {
      yield order.subarray(start, i);
      start = i;
      sum = 0;
    }
    sum += count;
  }
  if (start < order.length) yield order.subarray(start);
}
