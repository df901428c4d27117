import { type Metadata } from '../../api/types.ts';

export interface CatalogueEntry {
  readonly name: string;
  readonly type: string;
  readonly help: string;
}

const histogramParts = /_(bucket|sum|count)$/;

/**
 * The metrics by name with what is known of them. The parts of a histogram or summary are described
 * under the name of the whole, and `_total` may be left out of a counter's description.
 */
export function buildCatalogue(names: readonly string[], metadata: Metadata): CatalogueEntry[] {
  return names.toSorted().map((name) => {
    const found =
      metadata[name]?.[0] ??
      metadata[name.replace(histogramParts, '')]?.[0] ??
      metadata[name.replace(/_total$/, '')]?.[0];
    return { name, type: found?.type ?? 'unknown', help: found?.help ?? '' };
  });
}

/** Entries in which every word occurs, those that match by name before those by help. */
export function filterCatalogue(
  entries: readonly CatalogueEntry[],
  text: string,
): CatalogueEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...entries];
  const byName = entries.filter(({ name }) =>
    words.every((word) => name.toLowerCase().includes(word)),
  );
  const byHelp = entries.filter(
    (entry) =>
      !byName.includes(entry) &&
      words.every((word) => `${entry.name} ${entry.help}`.toLowerCase().includes(word)),
  );
  return [...byName, ...byHelp];
}

/** A sensible first expression for a metric: what one nearly always wants of its type. */
export function suggestExpression(
  { name, type }: Pick<CatalogueEntry, 'name' | 'type'>,
  window: string,
): string {
  if (name.endsWith('_bucket')) {
    return `histogram_quantile(0.95, sum by (le) (rate(${name}[${window}])))`;
  }
  const counts = type === 'counter' || name.endsWith('_total');
  const part = (type === 'histogram' || type === 'summary') && /_(sum|count)$/.test(name);
  return counts || part ? `rate(${name}[${window}])` : name;
}
