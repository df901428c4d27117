/**
 * Where the outbox keeps what it has taken over: records in the order of the calls. A call may be
 * made before the one before it resolved.
 */
export interface OutboxJournal {
  /** What is stored, oldest first. Called once, before anything else. */
  load(): Promise<readonly Uint8Array[]>;
  /** Resolves once the record survives the end of the process. */
  append(record: Uint8Array): Promise<void>;
  /**
   * Puts these records in the place of all that were appended by earlier calls. Until it resolves, a
   * crash may leave the old ones, or both: reading some twice is harmless.
   */
  replace(records: readonly Uint8Array[]): Promise<void>;
}

/** Keeps nothing over the end of the process. */
export class MemoryOutboxJournal implements OutboxJournal {
  #records: readonly Uint8Array[] = [];

  get records(): readonly Uint8Array[] {
    return this.#records;
  }

  async load(): Promise<readonly Uint8Array[]> {
    return this.#records;
  }

  async append(record: Uint8Array): Promise<void> {
    this.#records = [...this.#records, record];
  }

  async replace(records: readonly Uint8Array[]): Promise<void> {
    this.#records = records;
  }
}
