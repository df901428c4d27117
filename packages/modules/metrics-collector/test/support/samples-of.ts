import { type MetricCollector } from '@dwcp/metrics-collector';

/** One collection as an object: `name{label="value"}` to value. */
export async function samplesOf(collector: MetricCollector): Promise<Record<string, number>> {
  const samples: Record<string, number> = {};
  await collector.collect(
    {
      add(name, labels, value) {
        const text = Object.entries(labels ?? {}).map(([label, v]) => `${label}=${v}`);
        samples[text.length === 0 ? name : `${name}{${text.join(',')}}`] = value;
      },
    },
    0,
  );
  return samples;
}
