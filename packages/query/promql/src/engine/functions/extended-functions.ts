import { type Extension } from '../histograms/window-functions.ts';
import { type Window, type WindowFunction } from '../window.ts';

/** The values at the window's edges, and the samples strictly inside. */
interface Edges {
  readonly left: number;
  readonly right: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Finds what a series was worth at the edges of the window. Anchored takes the sample at or before
 * each edge, smoothed the point on the line between the samples around it.
 * @returns undefined when the series has nothing in the window
 * @see https://github.com/prometheus/proposals/blob/main/proposals/0052-extended-range-selectors-semantics.md
 */
function edges(window: Window, extension: Extension, isCounter: boolean): Edges | undefined {
  const { timestamps, values, startMs, endMs } = window;
  const isSmoothed = extension === 'smoothed';
  let first = window.from;
  while (first + 1 < window.to && (timestamps[first + 1] ?? 0) <= startMs) first++;
  let last = window.to - 1;
  if (isSmoothed) {
    while (last > window.from && (timestamps[last - 1] ?? 0) >= endMs) last--;
  }
  if ((timestamps[last] ?? 0) <= startMs || (timestamps[first] ?? 0) > endMs) return undefined;
  const cutsLeft = isSmoothed && (timestamps[first] ?? 0) < startMs;
  const cutsRight = isSmoothed && last > 0 && (timestamps[last] ?? 0) > endMs;
  let left = values[first] ?? 0;
  let right = values[last] ?? 0;
  if (cutsLeft) {
    // A counter that was reset on the way came from zero.
    const next = values[first + 1] ?? 0;
    left = between(window, first, isCounter && next < left ? 0 : left, next, startMs);
  }
  if (cutsRight) {
    const before = values[last - 1] ?? 0;
    const isReset = isCounter && right < before;
    // Where both edges lie between the same two samples, the way from zero is all there is.
    const isOneLine = cutsLeft && first === last - 1;
    const from = isReset && isOneLine ? 0 : before;
    right = between(window, last - 1, from, isReset && !isOneLine ? right + before : right, endMs);
  }
  return {
    left,
    right,
    from: (timestamps[first] ?? 0) <= startMs ? first + 1 : first,
    to: (timestamps[last] ?? 0) >= endMs ? last : last + 1,
  };
}

/**
 * The samples of a range that is anchored or smoothed: what the series was at both edges, and the
 * samples between them; undefined when there is nothing in the window.
 */
export function samplesWithEdges(
  window: Window,
  extension: Extension,
): { readonly timestamps: Float64Array; readonly values: Float64Array } | undefined {
  const found = edges(window, extension, false);
  if (found === undefined) return undefined;
  const { from, to, left, right } = found;
  const { timestamps, values, startMs, endMs } = window;
  return {
    timestamps: Float64Array.of(startMs, ...timestamps.subarray(from, to), endMs),
    values: Float64Array.of(left, ...values.subarray(from, to), right),
  };
}

function between(window: Window, index: number, from: number, to: number, atMs: number): number {
  const start = window.timestamps[index] ?? 0;
  const end = window.timestamps[index + 1] ?? 0;
  return from + ((to - from) * (atMs - start)) / (end - start);
}

function difference(extension: Extension, isCounter: boolean, perSecond: boolean): WindowFunction {
  return (window) => {
    const found = edges(window, extension, isCounter);
    if (found === undefined) return false;
    let result = found.right - found.left;
    if (isCounter) {
      let previous = found.left;
      for (let i = found.from; i < found.to; i++) {
        const value = window.values[i] ?? 0;
        if (value < previous) result += previous;
        previous = value;
      }
      if (found.right < previous) result += previous;
    }
    window.result = perSecond ? result / ((window.endMs - window.startMs) / 1000) : result;
    return true;
  };
}

/** Counts the steps along the window, its edges included, that are of a kind. */
function countSteps(isCounted: (value: number, previous: number) => boolean): WindowFunction {
  return (window) => {
    const found = edges(window, 'anchored', false);
    if (found === undefined) return false;
    let count = 0;
    let previous = found.left;
    for (let i = found.from; i <= found.to; i++) {
      const value = i === found.to ? found.right : (window.values[i] ?? 0);
      if (isCounted(value, previous)) count++;
      previous = value;
    }
    window.result = count;
    return true;
  };
}

function family(extension: Extension): Record<string, WindowFunction> {
  return {
    delta: difference(extension, false, false),
    increase: difference(extension, true, false),
    rate: difference(extension, true, true),
  };
}

/** What each function does on a range with a modifier; other functions take none. */
export const extendedFunctions: Readonly<
  Record<Extension, Readonly<Record<string, WindowFunction>>>
> = {
  anchored: {
    ...family('anchored'),
    changes: countSteps(
      (value, previous) => value !== previous && !(Number.isNaN(value) && Number.isNaN(previous)),
    ),
    resets: countSteps((value, previous) => value < previous),
  },
  smoothed: family('smoothed'),
};
