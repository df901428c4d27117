import { pick, type Random } from './random.ts';

export const DATA_START_MS = 1_700_000_000_000;
export const DATA_DURATION_MS = 2 * 3_600_000;
export const INTERVAL_MS = 15_000;
export const SCRAPE_COUNT = DATA_DURATION_MS / INTERVAL_MS;
/** No query of the run has an edge near such a millisecond, so open and closed ranges are equal. */
const ODD_MS = 125;
/** Times stay this far from whole seconds. */
const JITTER_MS = 100;

export interface ScrapeShape {
  /** Scrapes that are missing: one now and then, some in a row, some at either end. */
  readonly hasGaps?: boolean;
  /** Each a few milliseconds early or late. */
  readonly hasJitter?: boolean;
  /** The first and the last scrape, for what comes and goes. */
  readonly from?: number;
  readonly to?: number;
}

/** The indices of the scrapes that took place, and when. */
export interface Scrapes {
  readonly indices: readonly number[];
  readonly timestamps: Float64Array;
}

export function scrapes(random: Random, shape: ScrapeShape): Scrapes {
  const { hasGaps = false, hasJitter = false } = shape;
  const offsetMs = Math.floor(random() * 8) * 250 + ODD_MS;
  const from = shape.from ?? (hasGaps && random() < 0.25 ? Math.floor(random() * 200) : 0);
  const to =
    shape.to ?? (hasGaps && random() < 0.25 ? 300 + Math.floor(random() * 150) : SCRAPE_COUNT);
  const gap = hasGaps && random() < 0.4 ? from + Math.floor(random() * 150) : Infinity;
  const gapEnd = gap + Math.floor(random() * 60);
  const indices: number[] = [];
  const times: number[] = [];
  for (let i = from; i < to; i++) {
    if (i >= gap && i < gapEnd) continue;
    if (hasGaps && random() < 0.03) continue;
    const lateMs = hasJitter ? pick(random, [-1, 1]) * Math.floor(random() * JITTER_MS) : 0;
    indices.push(i);
    times.push(DATA_START_MS + i * INTERVAL_MS + offsetMs + lateMs);
  }
  return { indices, timestamps: Float64Array.from(times) };
}
