import { type BlockFooter } from './block-format.ts';

const HOUR_MS = 3_600_000;
/** Blocks that end within this much time become one when the time is over. */
const FIRST_WINDOW_MS = 2 * HOUR_MS;
/** Within the first window this many neighbours of one level become one at once. */
const MERGE_COUNT = 8;

/** What a plan wants to know of a block. */
export interface MergeCandidate {
  readonly footer: Pick<BlockFooter, 'minUnixMs' | 'maxUnixMs' | 'level'>;
  readonly sizeBytes: number;
  readonly isDamaged: boolean;
}

export interface MergeLimits {
  /** Blocks are not merged beyond this much time, so that retention can remove them in parts. */
  readonly maxMergedMs: number;
  /** Nor beyond this size. */
  readonly maxMergedBytes: number;
}

export interface MergePlan<B> {
  readonly run: readonly B[];
  /** Whether nothing will be merged with it any more, so that it is worth an effort. */
  readonly isLast: boolean;
}

/**
 * The next run of neighbours to become one block, the oldest first; undefined when there is none.
 *
 * Time is cut into windows, of two hours and of `maxMergedMs`, and a block belongs to the one in
 * which it ends: late samples make blocks long, but what they hold goes with their end. A block
 * that ends earlier and lies between two of a window (an import) goes with them. The blocks of a
 * window become one once a later block ends behind it. Where blocks are written so fast that many
 * fall into two hours, eight of one level are merged before.
 *
 * @param blocks in the order of their sequence numbers
 */
export function planMerge<B extends MergeCandidate>(
  blocks: readonly B[],
  { maxMergedMs, maxMergedBytes }: MergeLimits,
): MergePlan<B> | undefined {
  const firstWindowMs = Math.min(FIRST_WINDOW_MS, maxMergedMs);
  const early = earlyRun(blocks, firstWindowMs, maxMergedBytes);
  if (early !== undefined) return { run: early, isLast: false };
  for (const windowMs of new Set([firstWindowMs, maxMergedMs])) {
    const run = windowRun(blocks, windowMs, maxMergedBytes);
    if (run !== undefined) return { run, isLast: windowMs === maxMergedMs };
  }
  return undefined;
}

function earlyRun<B extends MergeCandidate>(
  blocks: readonly B[],
  windowMs: number,
  maxBytes: number,
): readonly B[] | undefined {
  for (let start = 0; start + MERGE_COUNT <= blocks.length; start++) {
    const run = blocks.slice(start, start + MERGE_COUNT);
    const level = run[0]?.footer.level;
    if (run.some((block) => block.isDamaged || block.footer.level !== level)) continue;
    const ends = run.map(({ footer }) => footer.maxUnixMs);
    if (Math.max(...ends) - Math.min(...ends) > windowMs) continue;
    if (sizeOf(run) <= maxBytes) return run;
  }
  return undefined;
}

function windowRun<B extends MergeCandidate>(
  blocks: readonly B[],
  windowMs: number,
  maxBytes: number,
): readonly B[] | undefined {
  for (let start = 0; start + 1 < blocks.length; start++) {
    const first = blocks[start];
    if (first === undefined || first.isDamaged) continue;
    const windowEnd = (Math.floor(first.footer.maxUnixMs / windowMs) + 1) * windowMs;
    let end = start + 1;
    let size = first.sizeBytes;
    for (let at = end; at < blocks.length; at++) {
      const block = blocks[at];
      if (block === undefined || block.isDamaged || block.footer.maxUnixMs >= windowEnd) break;
      size += block.sizeBytes;
      if (size > maxBytes) break;
      // One from before the window comes along only when one of the window follows.
      if (block.footer.maxUnixMs >= windowEnd - windowMs) end = at + 1;
    }
    if (end - start < 2) continue;
    const isOver = blocks.slice(end).some(({ footer }) => footer.maxUnixMs >= windowEnd);
    if (isOver) return blocks.slice(start, end);
  }
  return undefined;
}

function sizeOf(blocks: readonly MergeCandidate[]): number {
  return blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
