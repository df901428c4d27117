import { type Clock } from '@dwcp/core';

import { type ExpositionFormat, ExpositionWriter } from '../exposition/exposition-writer.ts';
import { type MetricCollector } from './metric-collector.ts';

/**
 * Collects and writes the answer as exposition text.
 * @throws what a collector throws
 */
export async function renderCollectors(
  collectors: readonly MetricCollector[],
  format: ExpositionFormat,
  options: { readonly clock: Clock },
): Promise<string> {
  const unixMs = options.clock.nowUnixMs();
  const writer = new ExpositionWriter(format);
  for (const collector of collectors) {
    // What a collector means is complete only after a collection, but lines need their type.
    const samples: Parameters<ExpositionWriter['add']>[] = [];
    await collector.collect({ add: (...sample) => samples.push(sample) }, unixMs);
    for (const metadata of collector.describe()) writer.describe(metadata);
    for (const sample of samples) writer.add(...sample);
  }
  return writer.finish();
}
