import { type SeriesQuery } from '@dwcp/core';

import { type Block } from './block.ts';
import { type Head } from './head.ts';
import { type SeriesEntry } from './series-table.ts';

/** Series that are looked at; of more, these stand for all. */
const LOOKED_AT = 64;

/** About how much a selection would read. */
export interface SelectionEstimate {
  readonly seriesCount: number;
  readonly sampleCount: number;
}

/**
 * Estimates a selection from what indexes know of some of its series, in well under a millisecond
 * besides finding them.
 */
export function estimateSelection(
  entries: readonly SeriesEntry[],
  { blocks, heads }: { readonly blocks: readonly Block[]; readonly heads: readonly Head[] },
  { startUnixMs, endUnixMs }: Pick<SeriesQuery, 'startUnixMs' | 'endUnixMs'>,
): SelectionEstimate {
  const stride = Math.max(1, Math.ceil(entries.length / LOOKED_AT));
  const inRange = blocks.filter((block) => block.overlaps(startUnixMs, endUnixMs));
  let looked = 0;
  let found = 0;
  let samples = 0;
  const add = (count: number, minUnixMs: number, maxUnixMs: number): void => {
    const from = Math.max(minUnixMs, startUnixMs);
    const to = Math.min(maxUnixMs, endUnixMs);
    const spanMs = maxUnixMs - minUnixMs;
    samples += spanMs > 0 ? count * Math.min(1, Math.max(0, (to - from) / spanMs)) : count;
  };
  const counting = {
    chunk: (_chunks: unknown, _chunk: number, count: number) => {
      samples += count;
    },
    open: (_columns: unknown, _start: number, count: number) => {
      samples += count;
    },
  };
  for (let i = 0; i < entries.length; i += stride) {
    const entry = entries[i];
    if (entry === undefined) continue;
    looked++;
    const before = samples;
    for (const block of inRange) {
      block.eachChunk(entry, startUnixMs, endUnixMs, ({ count, minUnixMs, maxUnixMs }) => {
        add(count, minUnixMs, maxUnixMs);
      });
    }
    for (const head of heads) {
      if (head.minUnixMs > endUnixMs || head.maxUnixMs < startUnixMs) continue;
      head.eachPlace(entry.id, { startUnixMs, endUnixMs }, counting);
    }
    if (samples > before) found++;
  }
  const share = looked === 0 ? 0 : entries.length / looked;
  return { seriesCount: Math.round(found * share), sampleCount: Math.round(samples * share) };
}
