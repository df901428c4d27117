import { type Explain, type QueryNode } from '../../api/types.ts';
import { formatCount, formatSeconds } from '../../format/units.ts';

/** One part of an expression in the order of a table, parents before their parts. */
export interface PlanRow {
  /** Where it stands in the tree: `0`, `0.1`, `0.1.0`. */
  readonly id: string;
  readonly depth: number;
  readonly expression: string;
  readonly kind: string;
  readonly childCount: number;
  /** Its own, that of the parts below it left out. */
  readonly ownMs: number;
  /** With all parts below it. */
  readonly totalMs: number;
  /** Own time of the time of all parts, in [0, 1]. */
  readonly ownRatio: number;
  readonly seriesCount: number;
  readonly samplesRead: number;
  /** Position among its siblings, from 1, and how many they are. */
  readonly position: number;
  readonly siblingCount: number;
}

/** Lays the tree of a query out as rows. */
export function layOutPlan(root: QueryNode): readonly PlanRow[] {
  const rows: PlanRow[] = [];
  const place = (
    node: QueryNode,
    at: {
      readonly id: string;
      readonly depth: number;
      readonly position: number;
      siblings: number;
    },
  ): number => {
    const index = rows.length;
    const row = {
      id: at.id,
      depth: at.depth,
      expression: node.expression.replaceAll(/\s+/g, ' ').trim(),
      kind: node.kind,
      childCount: node.children.length,
      ownMs: node.durationMs,
      totalMs: node.durationMs,
      ownRatio: 0,
      seriesCount: node.seriesCount,
      samplesRead: node.samplesRead,
      position: at.position,
      siblingCount: at.siblings,
    };
    rows.push(row);
    let totalMs = node.durationMs;
    for (const [i, child] of node.children.entries()) {
      totalMs += place(child, {
        id: `${at.id}.${i}`,
        depth: at.depth + 1,
        position: i + 1,
        siblings: node.children.length,
      });
    }
    rows[index] = { ...row, totalMs };
    return totalMs;
  };
  const wholeMs = place(root, { id: '0', depth: 0, position: 1, siblings: 1 });
  return rows.map((row) => ({ ...row, ownRatio: wholeMs > 0 ? row.ownMs / wholeMs : 0 }));
}

/** The rows left when those in `folded` hide what is below them. */
export function unfoldedPlan(
  rows: readonly PlanRow[],
  folded: ReadonlySet<string>,
): readonly PlanRow[] {
  return rows.filter(
    ({ id }) => ![...folded].some((other) => id !== other && id.startsWith(`${other}.`)),
  );
}

/** What a key does to a table of rows that fold: where the focus goes, or what folds. */
export type PlanMove =
  | { readonly kind: 'focus'; readonly id: string }
  | { readonly kind: 'fold' | 'unfold'; readonly id: string };

/**
 * What a key asks for, as in a tree: up and down go along, left folds or goes to the parent, right
 * unfolds or goes to the first part, Enter and Space do the one or the other.
 * @param shown the rows on screen
 */
export function moveInPlan(
  key: string,
  id: string,
  shown: readonly PlanRow[],
  folded: ReadonlySet<string>,
): PlanMove | undefined {
  const index = shown.findIndex((row) => row.id === id);
  const row = shown[index];
  if (row === undefined) return undefined;
  const to = (target: PlanRow | undefined): PlanMove | undefined =>
    target === undefined ? undefined : { kind: 'focus', id: target.id };
  const canFold = row.childCount > 0;
  const isFolded = folded.has(id);
  switch (key) {
    case 'ArrowDown':
      return to(shown[index + 1]);
    case 'ArrowUp':
      return to(shown[index - 1]);
    case 'Home':
      return to(shown[0]);
    case 'End':
      return to(shown.at(-1));
    case 'ArrowRight':
      if (!canFold) return undefined;
      return isFolded ? { kind: 'unfold', id } : to(shown[index + 1]);
    case 'ArrowLeft':
      if (canFold && !isFolded) return { kind: 'fold', id };
      return to(shown.find((other) => other.id === id.slice(0, id.lastIndexOf('.'))));
    case 'Enter':
    case ' ':
      return canFold ? { kind: isFolded ? 'unfold' : 'fold', id } : undefined;
    default:
      return undefined;
  }
}

/** The cost of a query as a whole, as names and values. */
export function planFacts({ result, stats }: Explain): readonly (readonly [string, string])[] {
  const series =
    result.seriesCount === 1 ? '1 series' : `${formatCount(result.seriesCount)} series`;
  const samples = `${formatCount(result.sampleCount)} ${result.sampleCount === 1 ? 'sample' : 'samples'}`;
  const answer = ['Answer', `${result.type}, ${series}, ${samples}`] as const;
  if (stats === null) return [answer];
  return [
    ['Time', formatSeconds(stats.durationMs / 1_000)],
    ['Samples read', formatCount(stats.samplesRead)],
    ['Series read', formatCount(stats.seriesRead)],
    ['Samples held at most', formatCount(stats.peakSamples)],
    ['Steps from the cache', `${formatCount(stats.cachedSteps)} of ${formatCount(stats.steps)}`],
    ['Ran on', stats.onWorker ? 'a worker thread' : 'the main thread'],
    answer,
  ];
}
