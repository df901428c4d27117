import { crc32c } from '@dwcp/segments';

import { type BlockWriter } from './block-writer.ts';
import { Columns } from './columns.ts';
import { type Head } from './head.ts';
import { encodedHistogram } from './histogram-codec.ts';
import { sortSamples } from './late-samples.ts';
import { COMPARISONS_PER_TURN } from './series-order.ts';
import { type SeriesEntry, type SeriesTable } from './series-table.ts';
import { Turns } from './turns.ts';

/** Writes all series of a head that nothing is appended to any more. */
export async function writeHead(
  writer: BlockWriter,
  { head, table }: { readonly head: Head; readonly table: SeriesTable },
  signal: AbortSignal,
): Promise<void> {
  let columns = new Columns(8_192);
  for (const { id, labels } of await inOrder(head, table, signal)) {
    signal.throwIfAborted();
    const pieces = head.pieces(id);
    const capacity = pieces.reduce((sum, piece) => sum + piece.count, 0);
    if (capacity > columns.capacity) columns = new Columns(capacity * 2);
    columns.histograms = undefined;
    let at = 0;
    for (const piece of pieces) at += piece.copyTo(columns, at);
    const count = sortSamples(columns, at);
    const chunks = await writer.addSamples(columns, count);
    const last = columns.histograms?.[count - 1];
    const bytes = last === undefined ? undefined : encodedHistogram(last);
    await writer.addSeries({
      labels,
      lastLow: bytes === undefined ? (columns.words[count * 2 - 2] ?? 0) : crc32c(bytes),
      lastHigh: bytes === undefined ? (columns.words[count * 2 - 1] ?? 0) : bytes.length,
      lastIsHistogram: bytes !== undefined,
      chunks,
    });
  }
}

/** The series of a head by labels: whoever reads a block in that order goes through it once. */
async function inOrder(
  head: Head,
  table: SeriesTable,
  signal: AbortSignal,
): Promise<readonly SeriesEntry[]> {
  await table.order.update(new Turns(COMPARISONS_PER_TURN, signal));
  const entries: SeriesEntry[] = [];
  for (const id of head.ids()) {
    const entry = table.entryOf(id);
    if (entry === undefined) throw new Error(`series ${id} has samples and no labels`);
    entries.push(entry);
  }
  return table.order.sort(entries);
}
