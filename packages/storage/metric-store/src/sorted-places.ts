import { type Turns } from './turns.ts';

/**
 * Positions of different numbers in the order of the numbers. Ascending runs are merged, two by two:
 * series stand in a file in few runs of ascending ids.
 * @param turns counted in numbers
 */
export async function sortedPlaces(numbers: Int32Array, turns: Turns): Promise<Int32Array> {
  let from = new Int32Array(numbers.length);
  let bounds = [0];
  for (let i = 0; i < numbers.length; i++) {
    from[i] = i;
    if (i > 0 && (numbers[i - 1] ?? 0) > (numbers[i] ?? 0)) bounds.push(i);
  }
  bounds.push(numbers.length);
  await turns.spend(numbers.length);
  let into = new Int32Array(numbers.length);
  while (bounds.length > 2) {
    const merged = [0];
    for (let run = 0; run + 1 < bounds.length; run += 2) {
      const [start = 0, middle = 0, end = middle] = bounds.slice(run, run + 3);
      mergeRuns(numbers, { from, into }, start, middle, end);
      merged.push(end);
      await turns.spend(end - start);
    }
    [from, into] = [into, from];
    bounds = merged;
  }
  return from;
}

function mergeRuns(
  numbers: Int32Array,
  { from, into }: { readonly from: Int32Array; readonly into: Int32Array },
  start: number,
  middle: number,
  end: number,
): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const isLeft =
      right >= end ||
      (left < middle && (numbers[from[left] ?? 0] ?? 0) < (numbers[from[right] ?? 0] ?? 0));
    into[at] = (isLeft ? from[left++] : from[right++]) ?? 0;
  }
}
