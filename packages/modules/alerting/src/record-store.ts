/** Where a part of alerting keeps the changes of its state: records that JSON can hold. */
export interface RecordStore<T> {
  /** Every record since the last `replace`, that one's included, in order. */
  load(): Promise<readonly T[]>;
  /** Resolves once all are durable. After a crash on the way, or a failure, the first few may be there. */
  append(records: readonly T[]): Promise<void>;
  /**
   * Puts these in the place of all records; after a crash on the way either the old or the new are there.
   * @param records stay as they are until it resolves: they are encoded in slices
   */
  replace(records: readonly T[]): Promise<void>;
}

/** Parts of a list for a record each: what a store takes as one has a greatest size. */
export function slicesOf<T>(items: readonly T[], size = 1_000): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Keeps records as long as the process lives. For tests, and where nothing need survive. */
export class MemoryRecordStore<T> implements RecordStore<T> {
  #records: string[] = [];

  async load(): Promise<readonly T[]> {
    return this.#records.map((record) => JSON.parse(record) as T);
  }

  async append(records: readonly T[]): Promise<void> {
    for (const record of records) this.#records.push(JSON.stringify(record));
  }

  async replace(records: readonly T[]): Promise<void> {
    this.#records = records.map((record) => JSON.stringify(record));
  }
}
