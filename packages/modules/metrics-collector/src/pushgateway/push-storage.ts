import { type PushGroup, type LabelPair } from './push-group.ts';

/** Where a gateway keeps its groups, one by one. */
export interface PushStorage {
  /**
   * All groups that are kept. What is damaged is left out, told loudly and not deleted.
   * @throws BackendError when they cannot be read
   */
  load(): Promise<readonly PushGroup[]>;
  /**
   * Replaces the group of these labels, wholly or not at all; resolves once that is durable. Never
   * called again for a group before it has ended.
   * @throws BackendError
   */
  save(group: PushGroup): Promise<void>;
  /** Forgets a group; resolves once that is durable. Nothing happens when there is none. */
  remove(labels: readonly LabelPair[]): Promise<void>;
}

/** Keeps nothing: a gateway whose groups end with the process, as Pushgateway's without a file. */
export const noPushStorage: PushStorage = {
  load: async () => [],
  save: async () => undefined,
  remove: async () => undefined,
};
