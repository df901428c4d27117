import { type Clock, isStale, type Labels, type NativeHistogram } from '@dwcp/core';
import {
  InstrumentRegistry,
  OtlpMetricsTranslator,
  type OtlpMetricsTranslatorOptions,
  type OtlpTranslation,
} from '@dwcp/metrics-collector';
import { decodeMetricsJson } from '@dwcp/protocol-otlp';
import { ManualClock } from '@dwcp/testing';

/** Milliseconds as OTLP's JSON writes a moment. */
export const nano = (unixMs: number): string => String(BigInt(Math.round(unixMs * 1_000)) * 1_000n);

/** Attributes as OTLP's JSON writes them; strings, or values that are written already. */
export function attributes(record: Readonly<Record<string, unknown>>): readonly object[] {
  return Object.entries(record).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : value,
  }));
}

export const DELTA = 1;
export const CUMULATIVE = 2;

export function sum(
  name: string,
  dataPoints: readonly object[],
  change: Readonly<Record<string, unknown>> = {},
): object {
  return {
    name,
    sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints, ...change },
  };
}

export function gauge(name: string, dataPoints: readonly object[], unit = ''): object {
  return { name, unit, gauge: { dataPoints } };
}

/** A request of one resource. */
export function request(
  metrics: readonly object[],
  resource: Readonly<Record<string, unknown>> = {},
  scope: object = {},
): object {
  return {
    resourceMetrics: [
      { resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope, metrics }] },
    ],
  };
}

export function translator(
  options: Partial<OtlpMetricsTranslatorOptions> = {},
): OtlpMetricsTranslator & { readonly told: () => Promise<string> } {
  const clock: Clock = options.clock ?? new ManualClock();
  const instruments = new InstrumentRegistry({ clock });
  const made = new OtlpMetricsTranslator({ clock, instruments, ...options });
  return Object.assign(made, { told: () => instruments.expose('text') });
}

export function translate(
  body: object,
  options: Partial<OtlpMetricsTranslatorOptions> = {},
): OtlpTranslation {
  return translator(options).translate(decodeMetricsJson(body));
}

export interface Row {
  readonly labels: Labels;
  readonly unixMs: number;
  readonly value: number | 'stale' | NativeHistogram;
}

export function rowsOf({ batch }: OtlpTranslation): readonly Row[] {
  return batch.labels.map((labels, i) => ({
    labels,
    unixMs: batch.timestamps[i] ?? 0,
    value: isStale(batch.values, i) ? 'stale' : (batch.histograms?.[i] ?? batch.values[i] ?? 0),
  }));
}

/** Rows as text, in order: `name{labels} value @unixMs`. */
export function linesOf(translation: OtlpTranslation): readonly string[] {
  return rowsOf(translation).map(
    ({ labels, unixMs, value }) =>
      `${labels.toString()} ${typeof value === 'object' ? 'histogram' : value} @${unixMs}`,
  );
}
