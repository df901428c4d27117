import { setImmediate as nextTurn } from 'node:timers/promises';

import { type InstantQuery, type RangeQuery, type SeriesQuery } from '@dwcp/core';
import { type SelectionEstimate } from '@dwcp/metric-store';
import { type Grid, parseExpression, type PlannedRead, planWork } from '@dwcp/promql';

/** How long weighing may hold the event loop at a stretch: to find series takes time too. */
const STRETCH_MS = 15;
/** To find, open and answer with a series, in samples that could be read meanwhile. */
const SERIES_COST = 32;
/** What a series that is held takes beside its samples, in samples. */
const HELD_SERIES_COST = 25;
/** Of a point that a window or a subquery takes in once more. */
const REPEATED_COST = 1 / 8;

export type AnyQuery =
  | ({ readonly kind: 'instant' } & InstantQuery)
  | ({ readonly kind: 'range' } & RangeQuery);

export interface Weight {
  /** In samples read: a million take a processor some 50 ms. */
  readonly work: number;
  /** Samples that are held in memory at the same time, or what takes as much; at least about. */
  readonly held: number;
}

/**
 * About how much a query needs, known without reading any sample. The store is asked for estimates
 * only, and no further once there is more work than `enough`.
 * @throws QueryError for an expression that is none; RangeError for a duration that is none
 */
export async function weigh(
  query: AnyQuery,
  options: {
    readonly lookbackMs: number;
    readonly estimate: (query: SeriesQuery) => SelectionEstimate;
    readonly enough: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Weight> {
  const expression = parseExpression(query.expression);
  const { reads, subqueryPoints } = planWork(expression, gridOf(query), options.lookbackMs);
  let work = subqueryPoints * REPEATED_COST;
  let held = 0;
  let sinceMs = performance.now();
  for (const read of reads) {
    if (work > options.enough) break;
    if (performance.now() - sinceMs > STRETCH_MS) {
      await nextTurn();
      options.signal?.throwIfAborted();
      sinceMs = performance.now();
    }
    const estimate = options.estimate(read);
    if (read.isHeld) held += estimate.seriesCount * (read.steps + HELD_SERIES_COST);
    work += workOf(read, estimate) + estimate.seriesCount * subqueryPoints * REPEATED_COST;
  }
  return { work, held };
}

function workOf(read: PlannedRead, { seriesCount, sampleCount }: SelectionEstimate): number {
  const { startUnixMs, endUnixMs, steps, windowMs } = read;
  const spanMs = endUnixMs - startUnixMs;
  // What all windows hold together.
  const inWindows = spanMs > 0 ? (sampleCount * Math.min(windowMs, spanMs) * steps) / spanMs : 0;
  return sampleCount + seriesCount * (SERIES_COST + steps) + inWindows * REPEATED_COST;
}

function gridOf(query: AnyQuery): Grid {
  if (query.kind === 'instant') return { startMs: query.unixMs, stepMs: 1, count: 1 };
  const { startUnixMs, endUnixMs, stepMs } = query;
  return {
    startMs: startUnixMs,
    stepMs,
    count: Math.floor((endUnixMs - startUnixMs) / stepMs) + 1,
  };
}
