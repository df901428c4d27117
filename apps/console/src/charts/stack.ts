type Values = readonly (number | null)[];

/**
 * Running sums from the first series up, for a stacked chart. A point where every series is
 * unknown stays unknown; where only some are, they count as zero.
 */
export function stackValues(series: readonly Values[]): (number | null)[][] {
  const length = series[0]?.length ?? 0;
  const sums: number[] = Array.from({ length }, () => 0);
  const known: boolean[] = Array.from({ length }, (_, i) =>
    series.some((values) => (values[i] ?? null) !== null),
  );
  return series.map((values) =>
    sums.map((_, i) => {
      if (known[i] !== true) return null;
      const sum = (sums[i] ?? 0) + (values[i] ?? 0);
      sums[i] = sum;
      return sum;
    }),
  );
}
