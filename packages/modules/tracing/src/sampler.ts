/**
 * Whether a new trace is kept: by its id, so that every service with the same ratio decides alike.
 * The last 56 bits of the id are taken as random, as W3C Trace Context level 2 asks of them.
 * @param ratio the share of traces to keep, in [0, 1]
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function isTraceSampled(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  // 52 of the 56 bits: a double holds them exactly.
  const random = Number.parseInt(traceId.slice(-13), 16) / 2 ** 52;
  return random >= 1 - ratio;
}
