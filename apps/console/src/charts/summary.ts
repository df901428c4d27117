import { lastValue } from './frame.ts';

/** One sentence that says to a screen reader what a chart shows. */
export function summarizeChart(
  title: string,
  series: readonly { readonly label: string; readonly values: readonly (number | null)[] }[],
  format: (value: number) => string,
): string {
  if (series.length === 0) return `${title}: no data in this range.`;
  const parts = series.slice(0, 8).map(({ label, values }) => {
    let min = Infinity;
    let max = -Infinity;
    for (const value of values) {
      if (value === null) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    const last = lastValue(values);
    if (last === null) return `${label}: no data`;
    return `${label}: ${format(last)} now, between ${format(min)} and ${format(max)}`;
  });
  const more = series.length > 8 ? ` and ${series.length - 8} more series` : '';
  return `${title}. ${parts.join('; ')}${more}.`;
}
