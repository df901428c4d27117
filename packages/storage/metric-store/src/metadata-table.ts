import { compareUtf8, type MetricMetadata } from '@dwcp/core';

/** What metrics mean, by name; bounded. */
export class MetadataTable {
  readonly #byName = new Map<string, MetricMetadata>();
  readonly #maxCount: number;
  readonly #maxHelpLength = 16_384;
  #refused = 0;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** Metrics that were not taken: too many, or with too long a text. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes what it is told; returns what of it is news. */
  put(metadata: readonly MetricMetadata[]): readonly MetricMetadata[] {
    const news: MetricMetadata[] = [];
    for (const { name, type, help, unit } of metadata) {
      const known = this.#byName.get(name);
      if (known?.type === type && known.help === help && known.unit === unit) continue;
      const tooLong = name.length + help.length + unit.length > this.#maxHelpLength;
      if (tooLong || (known === undefined && this.#byName.size >= this.#maxCount)) {
        this.#refused++;
        continue;
      }
      const entry = { name, type, help, unit };
      this.#byName.set(name, entry);
      news.push(entry);
    }
    return news;
  }

  get(name: string): MetricMetadata | undefined {
    return this.#byName.get(name);
  }

  all(): readonly MetricMetadata[] {
    return [...this.#byName.values()].sort((a, b) => compareUtf8(a.name, b.name));
  }
}
