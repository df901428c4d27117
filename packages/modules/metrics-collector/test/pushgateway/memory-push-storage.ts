import {
  groupingKeyOf,
  type LabelPair,
  type PushGroup,
  type PushStorage,
} from '@dwcp/metrics-collector';

/** Keeps groups in memory; writes may be made to wait or to fail. */
export class MemoryPushStorage implements PushStorage {
  readonly groups = new Map<string, PushGroup>();
  /** Keys in the order in which writes began. */
  readonly writes: string[] = [];
  gate: Promise<void> | undefined;
  failure: Error | undefined;

  async load(): Promise<readonly PushGroup[]> {
    return [...this.groups.values()];
  }

  async save(group: PushGroup): Promise<void> {
    const { key } = groupingKeyOf(group.labels);
    await this.#write(key);
    this.groups.set(key, group);
  }

  async remove(labels: readonly LabelPair[]): Promise<void> {
    const { key } = groupingKeyOf(labels);
    await this.#write(key);
    this.groups.delete(key);
  }

  async #write(key: string): Promise<void> {
    this.writes.push(key);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
  }
}
