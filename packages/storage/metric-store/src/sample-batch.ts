import { InvalidInputError, type SampleBatch } from '@dwcp/core';

import { encodedHistogram } from './histogram-codec.ts';
import { type Transaction } from './transaction.ts';

/**
 * Puts the rows of a batch into a transaction.
 * @throws InvalidInputError for a batch that is none; then it has had no effect
 */
export function addBatch(transaction: Transaction, batch: SampleBatch): void {
  const histograms = checkBatch(batch);
  const { labels, timestamps, values, exemplars } = batch;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  for (const [i, each] of labels.entries()) {
    const id = transaction.series(each);
    const unixMs = timestamps[i] ?? 0;
    const histogram = histograms?.[i];
    if (histogram === undefined) {
      transaction.sample(id, unixMs, words[i * 2] ?? 0, words[i * 2 + 1] ?? 0);
    } else {
      transaction.encodedHistogram(id, unixMs, histogram);
    }
  }
  for (const { series, exemplar } of exemplars ?? []) {
    transaction.exemplar(transaction.series(series), exemplar);
  }
}

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
