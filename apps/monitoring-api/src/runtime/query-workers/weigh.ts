import { type InstantQuery, type Labels, type RangeQuery, type SeriesQuery } from '@dwcp/core';
import { type SelectionEstimate, TimedTurns } from '@dwcp/metric-store';
import {
  type Grid,
  leastNsOfWindows,
  parseExpression,
  type PlannedRead,
  planWork,
} from '@dwcp/promql';

/** How long weighing may hold the event loop at a stretch: to find series takes time too. */
const STRETCH_MS = 15;
/** To find, open and answer with a series, in samples that could be read meanwhile. */
const SERIES_COST = 32;
/** What a series that is held takes beside its samples, in samples. */
const HELD_SERIES_COST = 25;
/** Of a point that a window or a subquery takes in once more. */
const REPEATED_COST = 1 / 8;
/**
 * Faster than any processor reads a sample or goes through a step: what would take longer at this
 * pace does not end in time. Measured were 4.2 ns.
 */
const LEAST_NS_PER_SAMPLE = 2;

export type AnyQuery =
  | ({ readonly kind: 'instant' } & InstantQuery)
  | ({ readonly kind: 'range' } & RangeQuery);

export interface Weight {
  /** In samples read: a million take a processor some 50 ms. */
  readonly work: number;
  /** How long a processor takes at the very least. */
  readonly leastMs: number;
  /** Samples, steps and points that are looked at. */
  readonly looks: number;
  /** Samples that are held in memory at the same time, or what takes as much; at least about. */
  readonly held: number;
}

export interface WeighOptions {
  readonly lookbackMs: number;
  readonly estimate: (query: SeriesQuery) => SelectionEstimate;
  /** The series of a selector. */
  readonly series: (query: SeriesQuery) => Promise<readonly Labels[]>;
  /** The store is asked no further once a query takes so long at least. */
  readonly enoughMs: number;
  /** And groups are counted where so much may be held, and up to that. */
  readonly enoughHeld: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * About how much a query needs, known without reading any sample; the store is asked for estimates,
 * and for labels where their groups may be too many.
 * @throws QueryError for an expression that is none; RangeError for a duration that is none
 */
export async function weigh(query: AnyQuery, options: WeighOptions): Promise<Weight> {
  const { enoughHeld, enoughMs, estimate } = options;
  const expression = parseExpression(query.expression);
  const { reads, subqueries } = planWork(expression, gridOf(query), options.lookbackMs);
  let work = subqueries.points * REPEATED_COST;
  let leastNs = subqueries.leastNs;
  let looks = subqueries.points;
  let held = 0;
  const turns = new TimedTurns(STRETCH_MS, options.signal);
  for (const read of reads) {
    if (leastNs > enoughMs * 1e6 || held > enoughHeld) break;
    if (turns.isDue) await turns.take();
    const estimated = estimate(read);
    const { seriesCount } = estimated;
    const one = weightOf(read, estimated);
    work += one.work;
    leastNs += one.leastNs;
    looks += one.looks;
    const heldEach = read.steps + HELD_SERIES_COST;
    if (read.isHeld) held += seriesCount * heldEach;
    else if (read.groupedBy !== undefined && held + seriesCount * heldEach > enoughHeld) {
      const most = Math.ceil((enoughHeld - held) / heldEach) + 1;
      held += (await countGroups(read, most, options)) * heldEach;
    }
  }
  return { work, leastMs: leastNs / 1e6, looks, held };
}

function weightOf(
  read: PlannedRead,
  { seriesCount, sampleCount }: SelectionEstimate,
): { readonly work: number; readonly leastNs: number; readonly looks: number } {
  const { startUnixMs, endUnixMs, steps, subqueries, windowFunction, windowMs, windows } = read;
  const spanMs = endUnixMs - startUnixMs;
  const shareOfWindow = spanMs > 0 ? Math.min(windowMs, spanMs) / spanMs : 0;
  // What all windows hold together.
  const inWindows = sampleCount * shareOfWindow * steps;
  const repeated = inWindows + seriesCount * subqueries.points;
  const once = sampleCount + seriesCount * (SERIES_COST + steps);
  const samplesEach = seriesCount > 0 ? sampleCount / seriesCount : 0;
  const windowsNs = leastNsOfWindows(windowFunction, {
    steps: windows,
    samplesPerWindow: samplesEach * shareOfWindow,
    samplesPassed: samplesEach * (1 - shareOfWindow),
  });
  return {
    work: once + repeated * REPEATED_COST,
    leastNs: once * LEAST_NS_PER_SAMPLE + seriesCount * (windowsNs + subqueries.leastNs),
    looks: once + repeated,
  };
}

/** Into how many groups an aggregation puts the series of a selector; `most` when they are more. */
async function countGroups(
  { endUnixMs, groupedBy, matchers, startUnixMs }: PlannedRead,
  most: number,
  { series, signal }: WeighOptions,
): Promise<number> {
  if (groupedBy === undefined) return 0;
  const { names, without } = groupedBy;
  if (!without && names.size === 0) return 1;
  const groups = new Set<string>();
  const turns = new TimedTurns(STRETCH_MS, signal);
  for (const labels of await series({ matchers, startUnixMs, endUnixMs })) {
    groups.add((without ? labels.without(names) : labels.keep(names)).key);
    if (groups.size >= most) break;
    if (turns.isDue) await turns.take();
  }
  return groups.size;
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
