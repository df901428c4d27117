import { type Labels } from '@dwcp/core';
import { crc32c } from '@dwcp/segments';

import { type ChunkRow } from './block-format.ts';
import { type BlockWriter } from './block-writer.ts';
import { type Block } from './block.ts';
import { Columns } from './columns.ts';
import { coarseWithout, downsample, type Run } from './downsample.ts';
import { GroupCache } from './group-cache.ts';
import { encodedHistogram } from './histogram-codec.ts';
import { sortSamples } from './late-samples.ts';
import { type NewestSample } from './series-index.ts';
import { COMPARISONS_PER_TURN } from './series-order.ts';
import { type SeriesEntry } from './series-table.ts';
import { without } from './tombstones.ts';
import { Turns } from './turns.ts';

export interface Downsampling {
  readonly resolutionMs: number;
  readonly isCounter: (labels: Labels) => boolean;
}

/** Decompressed groups of the sources: series stand in about the same order in all of them. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** What it takes to find a chunk, in samples that are decoded in that time. */
const SAMPLES_LIKE_A_CHUNK = 32;

/**
 * Whether the groups of the blocks may stand one behind the other as they are: nothing was deleted,
 * and each series goes on where it ended.
 */
export async function canCopyGroups(run: readonly Block[], turns: Turns): Promise<boolean> {
  if (run.some((block) => block.hasDeletions)) return false;
  for (const entry of await inOrder(run, turns)) {
    let end = Number.NEGATIVE_INFINITY;
    for (const block of run) {
      for (const { minUnixMs, maxUnixMs } of block.seriesOf(entry).chunks) {
        if (minUnixMs <= end) return false;
        end = maxUnixMs;
      }
    }
    await turns.spend(1);
  }
  return true;
}

/**
 * Copies the groups of the blocks without reading what is in them. Needs `canCopyGroups`.
 * @throws CorruptionError for a damaged group
 */
export async function copyGroups(
  writer: BlockWriter,
  run: readonly Block[],
  signal: AbortSignal,
  turns: Turns,
): Promise<void> {
  const firstGroups = new Map<Block, number>();
  let groups = 0;
  for (const block of run) {
    firstGroups.set(block, groups);
    for (let group = 0; group < block.groupCount; group++) {
      signal.throwIfAborted();
      await writer.addGroup(await block.readGroup(group));
    }
    groups += block.groupCount;
  }
  for (const entry of await inOrder(run, turns)) {
    let newest: NewestSample | undefined;
    const chunks: ChunkRow[] = [];
    for (const [block, firstGroup] of firstGroups) {
      const part = block.seriesOf(entry);
      if (part.chunks.length > 0) newest = part;
      for (const row of part.chunks) chunks.push({ ...row, group: row.group + firstGroup });
    }
    if (newest === undefined) continue;
    const { lastLow, lastHigh, lastIsHistogram } = newest;
    await writer.addSeries({ labels: entry.labels, lastLow, lastHigh, lastIsHistogram, chunks });
    await turns.spend(run.length);
  }
}

/**
 * Writes the samples of the blocks anew, in long chunks.
 * @throws CorruptionError for a damaged group
 */
export async function rewrite(
  writer: BlockWriter,
  run: readonly Block[],
  turns: Turns,
): Promise<void> {
  for await (const { entry, columns, count } of contentOf(run, turns)) {
    const chunks = await writer.addSamples(columns, count);
    await writer.addSeries({ labels: entry.labels, ...newestOf(columns, count), chunks });
  }
}

interface SeriesContent extends Run {
  readonly entry: SeriesEntry;
}

/**
 * The samples of the blocks, one series at a time: in the order of time, of two at the same moment
 * the one of the later block, without what was deleted. The columns are used again for the next.
 */
async function* contentOf(run: readonly Block[], turns: Turns): AsyncIterable<SeriesContent> {
  const cache = new GroupCache(CACHE_BYTES);
  let columns = new Columns(8_192);
  for (const entry of await inOrder(run, turns)) {
    const parts = run.map((block) => ({ block, rows: block.seriesOf(entry).chunks }));
    const capacity = parts.reduce((sum, { rows }) => sum + countOf(rows), 0);
    if (capacity > columns.capacity) columns = new Columns(capacity * 2);
    columns.histograms = undefined;
    let at = 0;
    for (const { block, rows } of parts) {
      const ranges = block.deletedRanges(entry);
      for (const row of rows) {
        const count = await block.decode(row, columns, at, cache);
        at += ranges.length === 0 ? count : without(columns, at, count, ranges);
        await turns.spend(row.count + SAMPLES_LIKE_A_CHUNK);
      }
    }
    const count = sortSamples(columns, at);
    if (count > 0) yield { entry, columns, count };
  }
}

/**
 * Writes a downsampled block of blocks with all samples.
 * @param isCounter of a series
 * @throws CorruptionError for a damaged group
 */
export async function writeCoarse(
  writer: BlockWriter,
  run: readonly Block[],
  { resolutionMs, isCounter }: Downsampling,
  turns: Turns,
): Promise<void> {
  for await (const { entry, columns, count } of contentOf(run, turns)) {
    const chunks: ChunkRow[] = [];
    let newest = newestOf(columns, count);
    for (const chunk of downsample({ columns, count }, resolutionMs, isCounter(entry.labels))) {
      chunks.push(await writer.addCoarse(chunk));
      newest = newestOf(chunk.samples.columns, chunk.samples.count);
    }
    await writer.addSeries({ labels: entry.labels, ...newest, chunks });
  }
}

/**
 * Writes a downsampled block anew without what was deleted.
 * @throws CorruptionError for a damaged group
 */
export async function rewriteCoarse(
  writer: BlockWriter,
  block: Block,
  turns: Turns,
): Promise<void> {
  for (const entry of block.entries) {
    const ranges = block.deletedRanges(entry);
    const chunks: ChunkRow[] = [];
    let newest: NewestSample | undefined;
    for (const row of block.seriesOf(entry).chunks) {
      const whole = await block.decodeCoarse(row);
      const { samples, aggregates } = coarseWithout(whole, ranges, block.footer.resolutionMs);
      await turns.spend(row.count);
      if (samples.count === 0) continue;
      newest = newestOf(samples.columns, samples.count);
      chunks.push(await writer.addCoarse({ samples, aggregates }));
    }
    if (newest !== undefined) await writer.addSeries({ labels: entry.labels, ...newest, chunks });
  }
}

/** How the newest sample stands in the index: its value's bits, or a digest of its histogram. */
export function newestOf(columns: Columns, count: number): NewestSample {
  const last = columns.histograms?.[count - 1];
  if (last === undefined) {
    const lastLow = columns.words[count * 2 - 2] ?? 0;
    return { lastLow, lastHigh: columns.words[count * 2 - 1] ?? 0, lastIsHistogram: false };
  }
  const bytes = encodedHistogram(last);
  return { lastLow: crc32c(bytes), lastHigh: bytes.length, lastIsHistogram: true };
}

/** The series of all the blocks, by labels as in each of them, so that its groups are read once. */
async function inOrder(run: readonly Block[], turns: Turns): Promise<readonly SeriesEntry[]> {
  const [first] = run;
  if (first === undefined) return [];
  await first.order.update(new Turns(COMPARISONS_PER_TURN));
  const found: SeriesEntry[] = [];
  const seen: boolean[] = [];
  for (const block of run) {
    for (const [place, entry] of block.entries.entries()) {
      if (place % 256 === 0) await turns.spend(256);
      if (seen[entry.id] === true) continue;
      seen[entry.id] = true;
      found.push(entry);
    }
  }
  return first.order.sort(found);
}

function countOf(rows: readonly ChunkRow[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}
