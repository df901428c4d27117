import { type StoredAlert } from './alerts.ts';
import { DueQueue } from './due-queue.ts';
import { type AlertGroup } from './pipeline-state.ts';

/** A flush that leaves other instances time to tell, with the alerts as they were at its moment. */
export interface HeldFlush {
  readonly group: AlertGroup;
  readonly alerts: readonly StoredAlert[];
  readonly tickUnixMs: number;
  readonly nowUnixMs: number;
}

/** Flushes that wait for other instances; each group has one at most. In memory: after a stop it is made anew. */
export class HeldFlushes {
  readonly #byGroup = new Map<string, HeldFlush>();
  readonly #due = new DueQueue();

  get size(): number {
    return this.#byGroup.size;
  }

  /** On the monotonic clock; undefined when nothing waits. */
  get nextMs(): number | undefined {
    return this.#due.peek()?.unixMs;
  }

  has(groupId: string): boolean {
    return this.#byGroup.has(groupId);
  }

  put(flush: HeldFlush, untilMs: number): void {
    this.#byGroup.set(flush.group.id, flush);
    this.#due.push({ unixMs: untilMs, id: flush.group.id });
  }

  /** Those whose wait is over. */
  take(monotonicMs: number): readonly HeldFlush[] {
    const found: HeldFlush[] = [];
    for (;;) {
      const next = this.#due.peek();
      if (next === undefined || next.unixMs > monotonicMs) return found;
      this.#due.pop();
      const flush = this.#byGroup.get(next.id);
      this.#byGroup.delete(next.id);
      if (flush !== undefined) found.push(flush);
    }
  }

  clear(): void {
    this.#byGroup.clear();
    this.#due.clear();
  }
}
