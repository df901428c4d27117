import { compareUtf8, type MetricMetadata } from '@dwcp/core';

/** What metrics mean: as the server says, and over that what was put here. Bounded. */
export class MetadataTable {
  readonly #maxSize: number;
  #fetched: readonly MetricMetadata[] = [];
  readonly #put = new Map<string, MetricMetadata>();
  readonly #unsent = new Set<string>();
  #droppedCount = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Words about further metrics when the table was full. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  put(metadata: readonly MetricMetadata[]): void {
    for (const each of metadata) {
      if (!this.#put.has(each.name) && this.#put.size >= this.#maxSize) {
        this.#droppedCount++;
        continue;
      }
      this.#put.set(each.name, each);
      this.#unsent.add(each.name);
    }
  }

  /** Replaces what the server said before. */
  setFetched(metadata: readonly MetricMetadata[]): void {
    this.#fetched = metadata.slice(0, this.#maxSize);
  }

  all(): readonly MetricMetadata[] {
    const known = new Map(this.#fetched.map((each) => [each.name, each]));
    for (const [name, each] of this.#put) known.set(name, each);
    return [...known.values()].sort((a, b) => compareUtf8(a.name, b.name));
  }

  /** What no write carried yet. */
  unsent(): readonly MetricMetadata[] {
    return [...this.#unsent].flatMap((name) => this.#put.get(name) ?? []);
  }

  /** A write carried these; what was put anew meanwhile still waits. */
  markSent(metadata: readonly MetricMetadata[]): void {
    for (const each of metadata) {
      if (this.#put.get(each.name) === each) this.#unsent.delete(each.name);
    }
  }
}
