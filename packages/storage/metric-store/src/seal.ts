import { crc32c } from '@dwcp/segments';

import { encodedHistogram } from './admission.ts';
import { type BlockWriter } from './block-writer.ts';
import { Columns } from './columns.ts';
import { type Head } from './head.ts';

/** Writes all series of a head that nothing is appended to any more. */
export async function writeHead(
  writer: BlockWriter,
  head: Head,
  signal: AbortSignal,
): Promise<void> {
  let columns = new Columns(8_192);
  for (const [{ labels }, series] of head.series) {
    signal.throwIfAborted();
    const pieces = series.pieces();
    const count = pieces.reduce((sum, piece) => sum + piece.count, 0);
    if (count > columns.capacity) columns = new Columns(count * 2);
    columns.histograms = undefined;
    let at = 0;
    for (const piece of pieces) at += await piece.copyTo(columns, at);
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
