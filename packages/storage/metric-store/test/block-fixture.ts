import { type CorruptionError, Labels, silentLog } from '@dwcp/core';
import { nodeFileSystem } from '@dwcp/segments';

import { BlockList, type BlockListOptions } from '../src/block-list.ts';
import { newestOf } from '../src/block-merge.ts';
import { type BlockWriter } from '../src/block-writer.ts';
import { type Block } from '../src/block.ts';
import { Columns } from '../src/columns.ts';
import { GroupCache } from '../src/group-cache.ts';
import { sortSamples } from '../src/late-samples.ts';
import { type SeriesEntry, SeriesTable } from '../src/series-table.ts';

const HOUR = 3_600_000;

/** A moment at the beginning of a day: 2026-01-02T00:00:00Z. */
export const DAY_START = Date.UTC(2026, 0, 2);

export type Samples = readonly (readonly [unixMs: number, value: number])[];

/** A list of blocks without the store around it. */
export interface ListUnderTest {
  readonly list: BlockList;
  readonly table: SeriesTable;
  readonly damages: CorruptionError[];
  readonly clock: { unixMs: number; nowUnixMs(): number };
}

export async function openList(
  dir: string,
  options: Partial<BlockListOptions> = {},
): Promise<ListUnderTest> {
  const table = new SeriesTable();
  const damages: CorruptionError[] = [];
  const clock = {
    unixMs: DAY_START,
    nowUnixMs: (): number => clock.unixMs,
  };
  const { list } = await BlockList.open({
    dir,
    fileSystem: nodeFileSystem,
    table,
    log: silentLog,
    cache: new GroupCache(1024 * 1024),
    clock,
    maxMergedMs: 24 * HOUR,
    metadata: () => [],
    onCorruption: (error) => void damages.push(error),
    ...options,
  });
  return { list, table, damages, clock };
}

export function labelsOf(name: string): Labels {
  return Labels.from({ __name__: name, job: 'test' });
}

/** Writes a block of the samples. */
export async function seal(
  { list }: Pick<ListUnderTest, 'list'>,
  content: Readonly<Record<string, Samples>>,
): Promise<void> {
  await list.seal(list.walFrom + 1, fillWith(content), () => undefined);
}

export function fillWith(
  content: Readonly<Record<string, Samples>>,
): (writer: BlockWriter) => Promise<void> {
  return async (writer) => {
    for (const [name, samples] of Object.entries(content)) {
      const columns = new Columns(samples.length);
      samples.forEach(([unixMs, value], i) => {
        columns.timestamps[i] = unixMs;
        columns.values[i] = value;
      });
      const count = sortSamples(columns, samples.length);
      const chunks = await writer.addSamples(columns, count);
      await writer.addSeries({ labels: labelsOf(name), ...newestOf(columns, count), chunks });
    }
  };
}

/** The metrics of the series in some blocks. */
export function metricsOf(blocks: readonly Pick<Block, 'entries'>[]): readonly string[] {
  return blocks.flatMap(({ entries }) => entries.map(({ labels }) => labels.metricName));
}

/** What a reader of one series would find: of two samples of a moment, the later block's. */
export async function read(
  { list, table }: Pick<ListUnderTest, 'list' | 'table'>,
  name: string | Labels,
  startUnixMs = Number.NEGATIVE_INFINITY,
  endUnixMs = Number.POSITIVE_INFINITY,
): Promise<(readonly [number, number])[]> {
  const entry: SeriesEntry | undefined = table.find(
    typeof name === 'string' ? labelsOf(name) : name,
  );
  if (entry === undefined) return [];
  const pieces = list.blocks.flatMap((block) => block.pieces(entry, startUnixMs, endUnixMs));
  const columns = new Columns(pieces.reduce((sum, { count }) => sum + count, 0));
  let at = 0;
  for (const piece of pieces) at += await piece.copyTo(columns, at);
  const count = sortSamples(columns, at);
  return Array.from(
    { length: count },
    (_, i) => [columns.timestamps[i] ?? 0, columns.values[i] ?? 0] as const,
  );
}

/** Samples at an even pace, with the values `first`, `first + 1`, ... */
export function steps(startUnixMs: number, stepMs: number, count: number, first = 0): Samples {
  return Array.from({ length: count }, (_, i) => [startUnixMs + i * stepMs, first + i] as const);
}

export async function mergeAll({ list }: Pick<ListUnderTest, 'list'>): Promise<void> {
  while (await list.merge(new AbortController().signal));
}
