import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type MetricMetadata, systemClock } from '@dwcp/core';
import { InstrumentRegistry } from '@dwcp/metrics-collector';

export const ROOT = join(import.meta.dirname, '../../../../..');

export interface CatalogueEntry extends MetricMetadata {
  /** Without `le` and `quantile`. */
  readonly labels: readonly string[];
}

/** The sources that may make instruments. */
export function sourceTexts(): readonly { readonly file: string; readonly text: string }[] {
  return globSync(['packages/**/src/**/*.ts', 'apps/monitoring-api/src/**/*.ts'], {
    cwd: ROOT,
    exclude: (path) => path.includes('node_modules'),
  })
    .sort()
    .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));
}

const INSTRUMENT =
  /\b(counter|gauge|histogram|summary)\(\s*\{\s*name: '([^']+)',\s*help:\s*(?:'([^']*)'|"([^"]*)"),?(?:\s*labelNames: \[([^\]]*)\])?/g;

/**
 * Instruments as the sources make them. Many are made only when something happens, such as a webhook
 * that fails; reading the calls finds them all. That none is written in another way is for a test.
 */
export function instrumentsOfSources(): readonly CatalogueEntry[] {
  const registry = new InstrumentRegistry({ clock: systemClock });
  const labelsOf = new Map<string, readonly string[]>();
  for (const { text } of sourceTexts()) {
    for (const [, kind, name = '', single, double, labels = ''] of text.matchAll(INSTRUMENT)) {
      const labelNames = [...labels.matchAll(/'([^']+)'/g)].map(([, label = '']) => label);
      labelsOf.set(name, labelNames);
      const make = registry[kind as 'counter' | 'gauge' | 'histogram' | 'summary'].bind(registry);
      make({ name, help: single ?? double ?? '', labelNames });
    }
  }
  return registry.metadata().flatMap((metadata) => {
    const labels = labelsOf.get(metadata.name);
    return labels === undefined ? [] : [{ ...metadata, labels }];
  });
}
