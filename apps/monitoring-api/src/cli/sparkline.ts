const BARS = '▁▂▃▄▅▆▇█';

/**
 * Values as a line of bars, from the lowest to the highest of them; a gap where there is no number.
 * @param width most characters; more values than that are averaged
 */
export function sparkline(values: readonly (number | undefined)[], width: number): string {
  const cells = averaged(values, width);
  const finite = cells.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  return cells
    .map((value) => {
      if (value === undefined || Number.isNaN(value)) return ' ';
      if (value === Number.POSITIVE_INFINITY) return BARS.at(-1);
      if (value === Number.NEGATIVE_INFINITY) return BARS[0];
      // A line that does not move is drawn in the middle.
      const share = high === low ? 0.5 : (value - low) / (high - low);
      return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))];
    })
    .join('');
}

function averaged(
  values: readonly (number | undefined)[],
  width: number,
): readonly (number | undefined)[] {
  if (values.length <= width) return values;
  return Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * values.length) / width);
    const to = Math.floor(((i + 1) * values.length) / width);
    const known = values.slice(from, to).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length;
  });
}
