import { type RemoteWriteSeries } from './types.ts';
import { type WireWriter } from './wire-writer.ts';

/** Writes the Samples of a series, 1.0 and 2.0 alike, those with a histogram aside. */
export function writeSamples(writer: WireWriter, tag: number, series: RemoteWriteSeries): void {
  const { timestamps, values, histograms } = series;
  if (timestamps.length !== values.length) {
    throw new Error(
      `${series.labels.toString()}: ${timestamps.length} timestamps, but ${values.length} values`,
    );
  }
  // Words, because a stale marker would lose its bits as a number. Little-endian, as all of Node's platforms.
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = 0; i < timestamps.length; i++) {
    if (histograms?.[i] !== undefined) continue;
    const opened = writer.open(tag);
    writer.bits(0x09, words[2 * i] ?? 0, words[2 * i + 1] ?? 0);
    writer.int64(0x10, timestamps[i] ?? 0);
    writer.close(opened);
  }
}
