import { type RecordStore } from '@dwcp/alerting';
import { type Log } from '@dwcp/core';

import { type RuleGroupAction } from './rule-group-file.ts';

/** One change of a rule group: who did what, when, and what became of it. */
export interface RuleGroupChange {
  /** Counts all changes of all groups, from 1. */
  readonly sequence: number;
  readonly name: string;
  /** RFC 3339. */
  readonly at: string;
  readonly action: RuleGroupAction;
  readonly by: string;
  readonly comment: string;
  /** Undefined for one that was not there. */
  readonly fromVersion?: number;
  /** Of a change that was undone, the version that goes on; 0 for none. */
  readonly toVersion: number;
  /** The rules that were switched; without it, the whole group. */
  readonly rules?: readonly string[];
  /** A unified diff of the rule file; '' where only a switch was turned. */
  readonly diff: string;
}

/** Beyond either, the oldest quarter goes. */
export interface RuleGroupHistoryLimits {
  readonly maxChanges: number;
  readonly maxCharacters: number;
}

const LIMITS: RuleGroupHistoryLimits = { maxChanges: 2_000, maxCharacters: 8_000_000 };

/** Every change of rule groups, durable, the oldest forgotten when there are too many. */
export class RuleGroupHistory {
  readonly #store: RecordStore<RuleGroupChange>;
  readonly #limits: RuleGroupHistoryLimits;
  readonly #log: Log;
  #changes: RuleGroupChange[];
  #characters: number;

  private constructor(
    store: RecordStore<RuleGroupChange>,
    changes: readonly RuleGroupChange[],
    options: { readonly limits: RuleGroupHistoryLimits; readonly log: Log },
  ) {
    this.#store = store;
    this.#changes = [...changes];
    this.#characters = changes.reduce((sum, change) => sum + sizeOf(change), 0);
    this.#limits = options.limits;
    this.#log = options.log;
  }

  /** @throws what the store throws */
  static async open(
    store: RecordStore<RuleGroupChange>,
    { limits = LIMITS, log }: { readonly limits?: RuleGroupHistoryLimits; readonly log: Log },
  ): Promise<RuleGroupHistory> {
    return new RuleGroupHistory(store, await store.load(), { limits, log });
  }

  /** Resolves once it is durable. @throws BackendError when it could not be stored */
  async append(change: Omit<RuleGroupChange, 'sequence'>): Promise<void> {
    const sequence = (this.#changes.at(-1)?.sequence ?? 0) + 1;
    const numbered = { sequence, ...change };
    await this.#store.append([numbered]);
    this.#changes.push(numbered);
    this.#characters += sizeOf(numbered);
    await this.#forget();
  }

  async #forget(): Promise<void> {
    const { maxChanges, maxCharacters } = this.#limits;
    if (this.#changes.length <= maxChanges && this.#characters <= maxCharacters) return;
    let kept = this.#changes.slice(-Math.ceil(maxChanges * 0.75));
    let characters = kept.reduce((sum, change) => sum + sizeOf(change), 0);
    // The newest stays, however long it is.
    while (kept.length > 1 && characters > maxCharacters * 0.75) {
      const [oldest, ...rest] = kept;
      characters -= oldest === undefined ? 0 : sizeOf(oldest);
      kept = rest;
    }
    this.#changes = kept;
    this.#characters = characters;
    // Where that fails they are on disk still, and are forgotten with a later change.
    await this.#store.replace(kept).catch((err: unknown) => {
      this.#log.warn({ err }, 'old changes of rule groups could not be forgotten');
    });
  }

  /** Changes of a group, the newest first. */
  of(name: string): readonly RuleGroupChange[] {
    return this.#changes.filter((change) => change.name === name).toReversed();
  }

  latest(name: string): RuleGroupChange | undefined {
    return this.#changes.findLast((change) => change.name === name);
  }

  /** The greatest version that a group ever had; 0 for none. */
  highestVersion(name: string): number {
    return this.of(name).reduce((most, { toVersion }) => Math.max(most, toVersion), 0);
  }

  /** Groups whose last change left them there. */
  present(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const { name, action, toVersion } of this.#changes) {
      // What was undone goes on at the version before, and 0 is none.
      if (action === 'delete' || toVersion === 0) names.delete(name);
      else names.add(name);
    }
    return names;
  }
}

function sizeOf({ diff, comment, by }: RuleGroupChange): number {
  return diff.length + comment.length + by.length + 200;
}
