import {
  type CardinalityCount,
  type CardinalityReport,
  compareUtf8,
  METRIC_NAME,
} from '@dwcp/core';

import { type LabelIndex } from './label-index.ts';
import { Turns } from './turns.ts';

/** Label values looked at between two turns of the event loop; about 2 ms. */
const VALUES_PER_TURN = 8_000;

/**
 * What makes the series so many, each list the largest first. Series come and go while it is counted:
 * of a hundred thousand that takes some turns of the event loop.
 */
export async function cardinalityOf(
  index: LabelIndex,
  limit: number,
  seriesCount: () => number,
): Promise<CardinalityReport> {
  const turns = new Turns(VALUES_PER_TURN);
  const byMetricName = new Largest(limit);
  const pairs = new Largest(limit);
  const values = new Largest(limit);
  const bytes = new Largest(limit);
  let labelPairCount = 0;
  for (const [name, counts] of index.counts()) {
    let valueCount = 0;
    let valueBytes = 0;
    for (const [value, count] of counts) {
      valueCount++;
      valueBytes += Buffer.byteLength(value) * count;
      pairs.offer(count, () => `${name}=${value}`);
      if (name === METRIC_NAME) byMetricName.offer(count, () => value);
      if (valueCount % 256 === 0) await turns.spend(256);
    }
    labelPairCount += valueCount;
    values.offer(valueCount, () => name);
    bytes.offer(valueBytes, () => name);
    await turns.spend(1);
  }
  return {
    seriesCount: seriesCount(),
    labelPairCount,
    byMetricName: byMetricName.counts,
    valuesByLabelName: values.counts,
    byLabelPair: pairs.counts,
    bytesByLabelName: bytes.counts,
  };
}

/** The largest of very many counts, sorted; those that are equal by name. */
class Largest {
  readonly counts: CardinalityCount[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param nameOf called only where the name counts: most of very many have no place */
  offer(count: number, nameOf: () => string): void {
    const last = this.counts.at(-1);
    const isFull = this.counts.length >= this.#limit;
    if (isFull && (last === undefined || count < last.count)) return;
    const found = { name: nameOf(), count };
    if (isFull && last !== undefined && compare(found, last) > 0) return;
    let [low, high] = [0, this.counts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.counts[middle];
      if (there !== undefined && compare(there, found) < 0) low = middle + 1;
      else high = middle;
    }
    this.counts.splice(low, 0, found);
    if (isFull) this.counts.pop();
  }
}

function compare(a: CardinalityCount, b: CardinalityCount): number {
  return b.count - a.count || compareUtf8(a.name, b.name);
}
