import { join } from 'node:path';

import { type RuleGroup } from '@dwcp/alerting';
import { silentLog } from '@dwcp/core';
import { InstrumentRegistry } from '@dwcp/metrics-collector';
import { type FileSystem, nodeFileSystem } from '@dwcp/segments';
import { ManualClock } from '@dwcp/testing';

import { FileRecordStore } from '#src/runtime/alerting/record-log.ts';
import { ManagedRuleGroups } from '#src/runtime/alerting/rule-groups/managed-rule-groups.ts';
import { type RuleGroupChange } from '#src/runtime/alerting/rule-groups/rule-group-history.ts';

const log = silentLog;

/** A rule file with one rule. */
export const yaml = (threshold: number, name = 'disks'): string => `groups:
  - name: ${name}
    rules:
      - { alert: Full, expr: disk_used > ${threshold} }
`;

/** A process over the folder: what is kept there, and the rules that are in use. */
export class Process implements AsyncDisposable {
  readonly managed: ManagedRuleGroups;
  readonly #store: FileRecordStore<RuleGroupChange>;
  readonly #state: { inUse: readonly RuleGroup[] };

  private constructor(
    managed: ManagedRuleGroups,
    store: FileRecordStore<RuleGroupChange>,
    state: { inUse: readonly RuleGroup[] },
  ) {
    this.managed = managed;
    this.#store = store;
    this.#state = state;
  }

  static async start(
    path: string,
    options: { readonly fileSystem?: FileSystem; readonly apply?: () => void } = {},
  ): Promise<Process> {
    const { fileSystem = nodeFileSystem, apply } = options;
    const dir = join(path, 'history');
    const store = await FileRecordStore.open<RuleGroupChange>({ dir, log, fileSystem });
    const clock = new ManualClock();
    const state: { inUse: readonly RuleGroup[] } = { inUse: [] };
    const managed: ManagedRuleGroups = await ManagedRuleGroups.open({
      dir: join(path, 'rules'),
      history: store,
      configured: () => [],
      apply: async () => {
        apply?.();
        state.inUse = managed.active();
      },
      clock,
      log,
      instruments: new InstrumentRegistry({ clock }),
      fileSystem,
    });
    state.inUse = managed.active();
    return new Process(managed, store, state);
  }

  /** The expressions of the rules in use. */
  get inUse(): readonly string[] {
    return this.#state.inUse.flatMap(({ rules }) => rules.map((rule) => rule.expression));
  }

  actions(name = 'disks'): readonly string[] {
    return this.managed
      .history(name)
      .toReversed()
      .map(({ action, toVersion }) => `${action} ${toVersion}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]().catch(() => undefined);
  }
}

/** One change of each kind, to the group `disks`. */
export const changes = {
  create: (managed: ManagedRuleGroups): Promise<unknown> =>
    managed.put({ name: 'disks', yaml: yaml(0.9), by: 'ann' }),
  edit: (managed: ManagedRuleGroups): Promise<unknown> =>
    managed.put({ name: 'disks', yaml: yaml(0.8), by: 'bob', version: 1 }),
  disable: (managed: ManagedRuleGroups): Promise<unknown> =>
    managed.switch({ name: 'disks', enabled: false, by: 'bob' }),
  mute: (managed: ManagedRuleGroups): Promise<unknown> =>
    managed.switch({ name: 'disks', rule: 'Full', enabled: false, by: 'bob' }),
  delete: (managed: ManagedRuleGroups): Promise<unknown> =>
    managed.delete({ name: 'disks', by: 'bob' }),
} as const;
export type ChangeName = keyof typeof changes;

/** Rules in use after each. */
export const AFTER: Readonly<Record<ChangeName, readonly string[]>> = {
  create: ['disk_used > 0.9'],
  edit: ['disk_used > 0.8'],
  disable: [],
  mute: [],
  delete: [],
};
