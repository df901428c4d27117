import { type LabelValues, SampleBatchBuilder } from '@dwcp/core';
import { type InstrumentRegistry } from '@dwcp/metrics-collector';

/** What a registry puts into the store, as an object: series as PromQL writes it, to value. */
export function collected(
  registry: InstrumentRegistry,
  extra: LabelValues = {},
): Record<string, number> {
  const builder = new SampleBatchBuilder();
  registry.collect(builder, 1_000, extra);
  const { labels, values, histograms } = builder.build();
  return Object.fromEntries(
    labels.flatMap((series, i) =>
      histograms?.[i] === undefined ? [[series.toString(), values[i] ?? Number.NaN]] : [],
    ),
  );
}
