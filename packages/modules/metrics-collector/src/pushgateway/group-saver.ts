import { type GroupingKey } from './grouping-key.ts';
import { type PushGroup } from './push-group.ts';
import { type PushStorage } from './push-storage.ts';

interface Saving {
  readonly now: Promise<void>;
  /** What comes after it, for everything that changed while it ran. */
  next: Promise<void> | undefined;
}

/**
 * Brings groups to the storage: different groups side by side, one group in order. Pushes to a group
 * that is being written share the next write, as in a group commit.
 */
export class GroupSaver {
  readonly #storage: PushStorage;
  readonly #current: (key: string) => PushGroup | undefined;
  readonly #saving = new Map<string, Saving>();

  /** @param current what a group is now; undefined when it is gone */
  constructor(storage: PushStorage, current: (key: string) => PushGroup | undefined) {
    this.#storage = storage;
    this.#current = current;
  }

  /**
   * Resolves when what the group is at the moment of the call is durable.
   * @throws BackendError when it could not be stored
   */
  save(grouping: GroupingKey): Promise<void> {
    const saving = this.#saving.get(grouping.key);
    if (saving === undefined) return this.#start(grouping);
    saving.next ??= saving.now.then(
      () => this.#start(grouping),
      () => this.#start(grouping),
    );
    return saving.next;
  }

  /** Resolves when nothing is being written any more, whatever came of it. */
  async idle(): Promise<void> {
    while (this.#saving.size > 0) {
      await Promise.allSettled([...this.#saving.values()].map(({ now, next }) => next ?? now));
    }
  }

  #start(grouping: GroupingKey): Promise<void> {
    const { key, labels } = grouping;
    const group = this.#current(key);
    const written = group === undefined ? this.#storage.remove(labels) : this.#storage.save(group);
    const now = written.finally(() => {
      // A next one takes this one's place by itself; until then calls must find it here.
      if (saving.next === undefined) this.#saving.delete(key);
    });
    const saving: Saving = { now, next: undefined };
    this.#saving.set(key, saving);
    return now;
  }
}
