import { type BlockFooter } from './block-format.ts';

interface Covering {
  readonly footer: Pick<BlockFooter, 'firstSequence' | 'lastSequence' | 'resolutionMs'>;
}

/**
 * What to read: all blocks with samples as they came, and of the downsampled ones those of whose
 * sealed heads nothing finer is left. In the order of their sealed heads.
 */
export function readableBlocks<B extends Covering>(
  blocks: readonly B[],
  coarse: readonly B[],
): readonly B[] {
  if (coarse.length === 0) return blocks;
  const finestFirst = coarse.toSorted((a, b) => a.footer.resolutionMs - b.footer.resolutionMs);
  const readable: B[] = [...blocks];
  for (const block of finestFirst) {
    const isCovered = readable.some(
      (finer) => finer.footer.resolutionMs < block.footer.resolutionMs && shareHeads(finer, block),
    );
    if (!isCovered) readable.push(block);
  }
  return readable.toSorted((a, b) => a.footer.firstSequence - b.footer.firstSequence);
}

/**
 * The first block that is not downsampled to one of the resolutions yet, of those that end before a
 * moment; undefined when all are.
 */
export function notDownsampled<B extends Covering & { readonly isDamaged: boolean }>(
  blocks: readonly (B & { readonly footer: Pick<BlockFooter, 'maxUnixMs'> })[],
  coarse: readonly B[],
  resolutionsMs: readonly number[],
  beforeUnixMs: number,
): { readonly block: B; readonly resolutionMs: number } | undefined {
  for (const block of blocks) {
    if (block.isDamaged || block.footer.maxUnixMs >= beforeUnixMs) continue;
    const { firstSequence, lastSequence } = block.footer;
    for (const resolutionMs of resolutionsMs) {
      const made = coarse.filter(({ footer }) => footer.resolutionMs === resolutionMs);
      const has = (sequence: number): boolean =>
        made.some(
          ({ footer }) => footer.firstSequence <= sequence && footer.lastSequence >= sequence,
        );
      if (!has(firstSequence) || !has(lastSequence)) return { block, resolutionMs };
    }
  }
  return undefined;
}

function shareHeads({ footer: a }: Covering, { footer: b }: Covering): boolean {
  return a.firstSequence <= b.lastSequence && a.lastSequence >= b.firstSequence;
}
