/**
 * A number as Go's `strconv.FormatFloat(x, 'g', -1, 64)` writes it, which is how Prometheus' own
 * libraries write the `le` and `quantile` labels: `0.005`, `1`, `1e-05`, `1e+06`, `+Inf`.
 */
export function formatGoFloat(value: number): string {
  if (!Number.isFinite(value)) return formatValue(value);
  if (value === 0) return '0';
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return String(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** As `formatGoFloat`, in OpenMetrics' canonical form, where a whole number has a `.0`. */
export function formatCanonicalFloat(value: number): string {
  const text = formatGoFloat(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** The value of a sample in the text formats. */
export function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}
