import { exponentialBound, sameBounds, sharedBounds } from './bounds.ts';
import { type FloatHistogram, onBounds } from './float-histogram.ts';
import { reduceSide, type Side } from './side.ts';
import { absorbIntoZero } from './zero-bucket.ts';

/**
 * Whether a counter was reset between two histograms of a series: the later one says so, or it lost
 * observations anywhere, or its layout changed in a way that only comes with a reset.
 */
export function detectReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.hint === 'reset') return true;
  if (current.hint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (current.isCustom) {
    if (!previous.isCustom) return true;
    if (!sameBounds(current.customValues, previous.customValues)) {
      const shared = sharedBounds(current.customValues, previous.customValues);
      return hasLost(onBounds(current, shared), onBounds(previous, shared));
    }
  }
  // A finer resolution or a narrower zero bucket only comes with a new start.
  if (current.schema > previous.schema) return true;
  if (current.isCustom) return hasLost(current.positive, previous.positive);
  if (current.zeroThreshold < previous.zeroThreshold) return true;
  const zero = absorbIntoZero(previous, current.zeroThreshold);
  if (zero.threshold !== current.zeroThreshold) return true;
  if (current.zeroCount < zero.count) return true;
  return (['positive', 'negative'] as const).some((side) => {
    const before = reduceSide(previous[side], previous.schema, current.schema, false);
    return hasLost(current[side], outsideZero(before, current));
  });
}

function outsideZero(side: Side, { zeroThreshold, schema }: FloatHistogram): Side {
  if (zeroThreshold === 0) return side;
  const from = side.indices.findIndex((index) => exponentialBound(index, schema) > zeroThreshold);
  if (from === 0) return side;
  const start = from === -1 ? side.indices.length : from;
  return { ...side, indices: side.indices.slice(start), counts: side.counts.slice(start) };
}

/** Whether a bucket has less than it had, or is gone though it had something. */
function hasLost(current: Side, previous: Side): boolean {
  let at = 0;
  for (const [i, index] of previous.indices.entries()) {
    const before = previous.counts[i] ?? 0;
    while (at < current.indices.length && (current.indices[at] ?? 0) < index) at++;
    const isThere = current.indices[at] === index;
    if (isThere ? (current.counts[at] ?? 0) < before : before !== 0) return true;
  }
  return false;
}
