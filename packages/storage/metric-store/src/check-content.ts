import { type BlockSeries, type ChunkRow } from './block-format.ts';
import { newestOf } from './block-merge.ts';
import { decodeChunk } from './chunk.ts';
import { Columns } from './columns.ts';
import { decodeAggregates } from './downsample.ts';
import { GroupCache } from './group-cache.ts';
import { type Finding, type SalvagedBlock } from './salvage.ts';
import { type Turns } from './turns.ts';

/** Samples that are not to be had any more. */
export interface Loss {
  /** As `name{label="value"}`; undefined when it cannot be told any more. */
  readonly series: string | undefined;
  readonly fromUnixMs: number | undefined;
  readonly toUnixMs: number | undefined;
  readonly sampleCount: number | undefined;
}

export interface ContentReport {
  readonly damages: readonly (Finding & { readonly lost: readonly Loss[] })[];
  /** Samples that could be read. */
  readonly sampleCount: number;
  /** What the index adds up to, to compare with the footer. */
  readonly indexed: Readonly<Record<'sampleCount' | 'minUnixMs' | 'maxUnixMs', number>>;
}

const CACHE_BYTES = 32 * 1024 * 1024;

/** Decodes every chunk of a block and compares it with the index; one group in memory at a time. */
export async function checkContent(block: SalvagedBlock, turns: Turns): Promise<ContentReport> {
  const byGroup = new Map<number, Part[]>();
  const damages: (Finding & { lost: Loss[] })[] = [];
  const indexed = { sampleCount: 0, minUnixMs: Infinity, maxUnixMs: -Infinity };
  const { indexOffset } = block.footer;
  const seen = new Set<string>();
  for (const series of block.series ?? []) {
    const title = String(series.labels);
    if (seen.has(series.labels.key)) {
      damages.push({ offset: indexOffset, problem: `${title} is in the index twice`, lost: [] });
    }
    seen.add(series.labels.key);
    let end = Number.NEGATIVE_INFINITY;
    for (const row of series.chunks) {
      indexed.sampleCount += row.count;
      indexed.minUnixMs = Math.min(indexed.minUnixMs, row.minUnixMs);
      indexed.maxUnixMs = Math.max(indexed.maxUnixMs, row.maxUnixMs);
      if (row.minUnixMs <= end) {
        const problem = `chunks of ${title} are not in the order of time`;
        damages.push({ offset: indexOffset, problem, lost: [] });
      }
      end = row.maxUnixMs;
      const rows = byGroup.get(row.group) ?? [];
      rows.push({ series, row, isLast: row === series.chunks.at(-1) });
      byGroup.set(row.group, rows);
    }
    await turns.spend(series.chunks.length);
  }
  for (const group of byGroup.keys()) {
    if (group < block.groups.length) continue;
    const problem = `the index speaks of a group ${group}, of ${block.groups.length}`;
    const lost = (byGroup.get(group) ?? []).map(lossOf);
    damages.push({ offset: indexOffset, problem, lost });
  }
  let sampleCount = 0;
  for (const [group, { position }] of block.groups.entries()) {
    const raw = await block.readGroup(group);
    const rows = byGroup.get(group) ?? [];
    if (!(raw instanceof Uint8Array)) {
      damages.push({ ...raw, lost: rows.map(lossOf) });
      continue;
    }
    for (const part of rows) {
      const problem =
        chunkProblem(raw, part) ??
        (block.footer.resolutionMs === 0 ? undefined : aggregateProblem(raw, part));
      if (problem === undefined) sampleCount += part.row.count;
      else damages.push({ offset: position, problem, lost: [lossOf(part)] });
      if (problem === undefined && part.isLast && !isNewestRight(raw, part)) {
        const title = String(part.series.labels);
        damages.push({
          offset: indexOffset,
          problem: `${title} has another newest value`,
          lost: [],
        });
      }
      await turns.spend(part.row.count);
    }
  }
  return { damages, sampleCount, indexed };
}

/** The samples of a series that can be read; positions of the columns from 0 on. */
export class IntactSamples {
  readonly #block: SalvagedBlock;
  readonly #cache = new GroupCache(CACHE_BYTES);
  columns = new Columns(8_192);

  constructor(block: SalvagedBlock) {
    this.#block = block;
  }

  /** @returns how many there are */
  async read(series: BlockSeries): Promise<number> {
    const capacity = series.chunks.reduce((sum, { count }) => sum + count, 0);
    if (capacity > this.columns.capacity) this.columns = new Columns(capacity * 2);
    this.columns.histograms = undefined;
    let at = 0;
    for (const row of series.chunks) {
      const raw = await this.#group(row.group);
      if (raw === undefined) continue;
      if (chunkProblem(raw, { series, row, isLast: false }) !== undefined) continue;
      at += decodeChunk(raw, row.offset, this.columns, at);
    }
    return at;
  }

  async #group(group: number): Promise<Uint8Array | undefined> {
    const cached = this.#cache.get(group);
    if (cached !== undefined) return cached;
    if (group >= this.#block.groups.length) return undefined;
    const raw = await this.#block.readGroup(group);
    if (!(raw instanceof Uint8Array)) return undefined;
    this.#cache.put(group, raw);
    return raw;
  }
}

interface Part {
  readonly series: BlockSeries;
  readonly row: ChunkRow;
  readonly isLast: boolean;
}

/** How a chunk contradicts the index, or itself. */
function chunkProblem(raw: Uint8Array, { series, row }: Part): string | undefined {
  const columns = new Columns(row.count);
  const where = `the chunk of ${String(series.labels)} at ${row.offset} of the group`;
  let count: number;
  try {
    count = decodeChunk(raw, row.offset, columns, 0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `${where} cannot be decoded: ${error.message}`;
  }
  const { timestamps } = columns;
  if (count !== row.count) return `${where} has ${count} samples, of ${row.count} in the index`;
  if (timestamps[0] !== row.minUnixMs || timestamps[count - 1] !== row.maxUnixMs) {
    return `${where} has other times than the index says`;
  }
  for (let i = 1; i < count; i++) {
    if (!((timestamps[i] ?? 0) > (timestamps[i - 1] ?? 0))) {
      return `${where} is not in the order of time`;
    }
  }
  return undefined;
}

/** How the aggregates of a downsampled chunk contradict each other. */
function aggregateProblem(raw: Uint8Array, { series, row }: Part): string | undefined {
  const where = `the downsampled chunk of ${String(series.labels)} at ${row.offset} of the group`;
  try {
    const { min, max, sum, count } = decodeAggregates(raw, row.offset);
    const isEven = [max, sum, count].every((run) => run.count === min.count);
    return isEven ? undefined : `${where} has aggregates of unequal length`;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `${where} has no aggregates: ${error.message}`;
  }
}

/** Whether the index has the value that the last chunk of a series ends with. */
function isNewestRight(raw: Uint8Array, { series, row }: Part): boolean {
  const columns = new Columns(row.count);
  const newest = newestOf(columns, decodeChunk(raw, row.offset, columns, 0));
  return (
    newest.lastLow === series.lastLow &&
    newest.lastHigh === series.lastHigh &&
    newest.lastIsHistogram === series.lastIsHistogram
  );
}

function lossOf({ series, row }: Part): Loss {
  return {
    series: String(series.labels),
    fromUnixMs: row.minUnixMs,
    toUnixMs: row.maxUnixMs,
    sampleCount: row.count,
  };
}
