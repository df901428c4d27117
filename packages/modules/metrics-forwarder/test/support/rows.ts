import { Labels, type SampleBatch, SampleBatchBuilder } from '@dwcp/core';

export type Row = readonly [series: string, unixMs: number, value: number];

/** Labels from `name` or `name{a="b"}`, the short form of tests. */
export function labelsOf(text: string): Labels {
  const [, name = '', rest = ''] = /^([^{]*)(?:\{(.*)\})?$/.exec(text) ?? [];
  const pairs = [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(
    ([, label = '', value = '']): [string, string] => [label, value],
  );
  return Labels.fromPairs([['__name__', name], ...pairs]);
}

export function batchOf(...rows: readonly Row[]): SampleBatch {
  const builder = new SampleBatchBuilder();
  for (const [series, unixMs, value] of rows) builder.add(labelsOf(series), unixMs, value);
  return builder.build();
}
