import { type MetricQuery, type QueryValue } from '@dwcp/core';

import { formatFloat } from '../template/format-float.ts';

/** A question about an expression at a moment. */
export interface Ask {
  readonly query: MetricQuery;
  readonly unixMs: number;
  /** Labels that series must not contradict. */
  readonly labels: Readonly<Record<string, string>>;
}

export async function valueOf({ query, unixMs }: Ask, expression: string): Promise<QueryValue> {
  const { value } = await query.instant({ expression, unixMs });
  return value;
}

/** Whether a series may belong to an alert with these labels: it contradicts none. */
export function isCompatible(
  series: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(labels).every(
    ([name, value]) => !Object.hasOwn(series, name) || series[name] === value,
  );
}

/** As Prometheus writes it. */
export function numberText(value: number): string {
  return formatFloat(value, 'g', -1);
}
