import { type RecordStore, RuleFileError, type RuleGroup } from '@dwcp/alerting';
import { BackendError, type Clock, type Instruments, type Log } from '@dwcp/core';
import { type FileSystem } from '@dwcp/segments';

import {
  commitRuleGroup,
  type RuleGroupCommit,
  type WantedRuleGroup,
} from './commit-rule-group.ts';
import { RuleGroupError } from './errors.ts';
import {
  activeGroup,
  diffOf,
  disabledAfter,
  loadRuleGroup,
  lostRuleGroup,
  type ManagedRuleGroup,
  recordUnrecorded,
} from './load-rule-groups.ts';
import { conflict, noSuchGroup, readOnly, selectRules } from './refusals.ts';
import { parseRuleGroup, type RuleGroupAction, ruleKeyOf } from './rule-group-file.ts';
import { RuleGroupFiles } from './rule-group-files.ts';
import { type RuleGroupChange, RuleGroupHistory } from './rule-group-history.ts';
import { RuleGroupMetrics } from './rule-group-metrics.ts';

/** Rules are written by people: more is a mistake, or an attack. */
export const RULE_GROUP_LIMITS = {
  groups: 500,
  rulesPerGroup: 1_000,
  characters: 262_144,
} as const;

export interface ManagedRuleGroupsOptions {
  /** One file for each group; nobody else writes there. */
  readonly dir: string;
  readonly history: RecordStore<RuleGroupChange>;
  /** Groups of the configuration's rule files, which are not changed here. */
  readonly configured: () => readonly RuleGroup[];
  /** Puts rules into use: those of the configuration, and `active()`. */
  readonly apply: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly instruments: Instruments;
  readonly fileSystem?: FileSystem;
}

/** Who asks for a change. */
export interface RuleGroupRequest {
  readonly name: string;
  readonly by: string;
  readonly comment?: string | undefined;
  /** The version that it was decided on; another one in its place refuses the change. */
  readonly version?: number | undefined;
}

/** What a change came to. */
export interface ChangedRuleGroup {
  readonly group: ManagedRuleGroup;
  /** Undefined: it was so before. */
  readonly action: RuleGroupAction | undefined;
  readonly diff: string;
}

/**
 * Rule groups that people make, change and delete while the server runs, beside those of the
 * configuration's files. A change is on disk and on record before it takes effect; when any of it
 * fails, the rules before it go on.
 */
export class ManagedRuleGroups implements AsyncDisposable {
  readonly #options: ManagedRuleGroupsOptions;
  readonly #files: RuleGroupFiles;
  readonly #history: RuleGroupHistory;
  readonly #metrics: RuleGroupMetrics;
  #groups = new Map<string, ManagedRuleGroup>();
  /** Changes and reloads run one after the other. */
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(options: ManagedRuleGroupsOptions, history: RuleGroupHistory) {
    const { instruments } = options;
    this.#options = options;
    this.#history = history;
    this.#files = new RuleGroupFiles(options);
    this.#metrics = new RuleGroupMetrics(instruments);
  }

  /**
   * Reads what is stored. A damaged file is left out and told.
   * @throws BackendError when the folder or the history cannot be read or written
   */
  static async open(options: ManagedRuleGroupsOptions): Promise<ManagedRuleGroups> {
    const history = await RuleGroupHistory.open(options.history, { log: options.log });
    const managed = new ManagedRuleGroups(options, history);
    try {
      await managed.#load();
    } catch (cause) {
      if (cause instanceof BackendError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BackendError('alerting', `cannot read ${options.dir}: ${reason}`, {
        retryable: false,
        cause,
      });
    }
    await managed.#files.sweep();
    return managed;
  }

  /** Reads the files again. One that is broken meanwhile is told; its rules go on as they were. */
  reload(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#load().catch((err: unknown) => {
        this.#options.log.error({ err }, 'rule groups not read again, the old ones go on');
      });
    });
  }

  async #load(): Promise<void> {
    const history = this.#history;
    const groups = new Map<string, ManagedRuleGroup>();
    const found = await this.#files.readAll();
    for (const file of found) {
      await recordUnrecorded(file, history);
      const previous = this.#groups.get(file.name);
      const group = loadRuleGroup(file, { history, previous });
      if (group === 'deleted') await this.#files.remove(file.name);
      else groups.set(file.name, group);
    }
    for (const name of history.present()) {
      if (groups.has(name)) continue;
      const previous = this.#groups.get(name);
      groups.set(name, lostRuleGroup(name, this.#files.pathOf(name), { history, previous }));
    }
    for (const { name, problems } of groups.values()) {
      if (problems.length === 0) continue;
      const err = new RuleFileError(problems);
      this.#options.log.error({ err, group: name }, 'a stored rule group is broken');
    }
    this.#groups = groups;
    this.#measure();
  }

  /** All of them by name, also those that are switched off or broken. */
  list(): readonly ManagedRuleGroup[] {
    return [...this.#groups.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): ManagedRuleGroup | undefined {
    return this.#groups.get(name);
  }

  /** The groups whose rules are evaluated, without rules that are switched off. */
  active(): readonly RuleGroup[] {
    return this.list().flatMap((group) => activeGroup(group) ?? []);
  }

  /** Changes of a group, the newest first; also of one that is gone. */
  history(name: string): readonly RuleGroupChange[] {
    return this.#history.of(name);
  }

  /**
   * What saving a text would do, and nothing else.
   * @throws RuleFileError, RuleGroupError as `put`
   */
  preview(
    yaml: string,
    name?: string,
  ): { readonly group: RuleGroup; readonly diff: string; readonly present?: ManagedRuleGroup } {
    const group = this.#parse(yaml, name);
    const present = this.#groups.get(group.name);
    const diff = diffOf(group.name, present ?? { yaml: '' }, { yaml });
    return { group, diff, ...(present === undefined ? {} : { present }) };
  }

  /**
   * Makes a group, or puts other rules in the place of those that it has. Rules that were switched
   * off stay so.
   * @param input.enabled default: as it was, or true
   * @throws RuleFileError for a text that is wrong, RuleGroupError for what stands against it,
   * BackendError when it could not be stored or applied
   */
  put(
    input: RuleGroupRequest & { readonly yaml: string; readonly enabled?: boolean | undefined },
  ): Promise<ChangedRuleGroup> {
    return this.#change(async () => {
      const { name, yaml } = input;
      const group = this.#parse(yaml, name);
      const before = this.#groups.get(name);
      this.#checkPlace(input, before);
      const file = this.#files.pathOf(name);
      const enabled = input.enabled ?? before?.enabled ?? true;
      const disabled = before === undefined ? [] : disabledAfter(before, group);
      const isSame =
        before?.problems.length === 0 && before.yaml === yaml && before.enabled === enabled;
      if (isSame) return { group: before, action: undefined, diff: '' };
      const version = this.#nextVersion(name);
      const diff = diffOf(name, before ?? { yaml: '' }, { yaml, version });
      const action = before === undefined ? 'create' : 'edit';
      const next = { name, file, yaml, version, group: { ...group, file }, enabled };
      return await this.#commit(
        input,
        { ...next, disabled: new Set(disabled) },
        { action, diff, by: input.by, comment: input.comment ?? '' },
      );
    });
  }

  /**
   * Switches a group, or rules of it, on or off.
   * @param input.rule a name; all rules of the name, or with `labels` those that have them
   * @throws as `put`
   */
  switch(
    input: RuleGroupRequest & {
      readonly enabled: boolean;
      readonly rule?: string | undefined;
      readonly labels?: Readonly<Record<string, string>> | undefined;
    },
  ): Promise<ChangedRuleGroup> {
    return this.#change(async () => {
      const { name, by, comment = '', enabled, rule, labels = {} } = input;
      const before = this.#existing(input);
      if (before.problems.length > 0 || before.group === undefined) {
        const message = `the rule group ${JSON.stringify(name)} is broken; save it again first`;
        throw new RuleGroupError('broken', message);
      }
      const action = enabled ? 'enable' : 'disable';
      const version = this.#nextVersion(name);
      if (rule === undefined) {
        if (before.enabled === enabled) return { group: before, action: undefined, diff: '' };
        const change: RuleGroupCommit = { action, by, comment, diff: '' };
        return await this.#commit(input, { ...before, enabled, version }, change);
      }
      const keys = selectRules(before.group, rule, labels).map(ruleKeyOf);
      const disabled = new Set(before.disabled);
      for (const key of keys) {
        if (enabled) disabled.delete(key);
        else disabled.add(key);
      }
      if (disabled.size === before.disabled.size) {
        return { group: before, action: undefined, diff: '' };
      }
      const rules = [rule];
      const change: RuleGroupCommit = { action, by, comment, rules, diff: '' };
      return await this.#commit(input, { ...before, disabled, version }, change);
    });
  }

  /** Ends a group; its history stays. @throws as `put` */
  async delete(input: RuleGroupRequest): Promise<void> {
    await this.#change(async () => {
      const { name, by, comment = '' } = input;
      const before = this.#existing(input);
      const diff = diffOf(name, before, { yaml: '' });
      const next = { ...before, version: this.#nextVersion(name), yaml: '' };
      const deleted = await this.#commit(input, next, { action: 'delete', by, comment, diff });
      await this.#files.remove(name);
      return deleted;
    });
  }

  /** @throws RuleFileError, RuleGroupError */
  #parse(yaml: string, name?: string): RuleGroup {
    const { characters, rulesPerGroup } = RULE_GROUP_LIMITS;
    if (yaml.length > characters) {
      const message = `the text has ${yaml.length} characters, more than ${characters}; make two groups of it`;
      throw new RuleGroupError('too-large', message);
    }
    const group = parseRuleGroup(yaml, { path: `${name ?? 'group'}.yml`, name });
    if (group.rules.length > rulesPerGroup) {
      const message = `the group has ${group.rules.length} rules, more than ${rulesPerGroup}; make two groups of it`;
      throw new RuleGroupError('too-large', message);
    }
    return group;
  }

  #checkPlace({ name, version }: RuleGroupRequest, present: ManagedRuleGroup | undefined): void {
    if (present !== undefined) {
      if (version !== present.version) throw this.#conflict(name, version);
      return;
    }
    const configured = this.#options.configured().find((group) => group.name === name);
    if (configured !== undefined) throw readOnly(configured);
    if ((version ?? 0) !== 0) throw this.#conflict(name, version);
    if (this.#groups.size >= RULE_GROUP_LIMITS.groups) {
      const message = `there are ${RULE_GROUP_LIMITS.groups} rule groups, which is the most; delete one first`;
      throw new RuleGroupError('full', message);
    }
  }

  #existing({ name, version }: RuleGroupRequest): ManagedRuleGroup {
    const present = this.#groups.get(name);
    if (present === undefined) {
      const configured = this.#options.configured().find((group) => group.name === name);
      throw configured === undefined ? noSuchGroup(name) : readOnly(configured);
    }
    if (version !== undefined && version !== present.version) throw this.#conflict(name, version);
    return present;
  }

  #conflict(name: string, version: number | undefined): RuleGroupError {
    const present = this.#groups.get(name)?.version;
    return conflict({ name, version, present, latest: this.#history.latest(name) });
  }

  #nextVersion(name: string): number {
    const present = this.#groups.get(name)?.version ?? 0;
    return Math.max(present, this.#history.highestVersion(name)) + 1;
  }

  async #commit(
    { name }: RuleGroupRequest,
    wanted: WantedRuleGroup,
    change: RuleGroupCommit,
  ): Promise<ChangedRuleGroup> {
    const { clock, log, apply } = this.#options;
    const group = await commitRuleGroup(name, wanted, change, {
      groups: this.#groups,
      files: this.#files,
      history: this.#history,
      clock,
      log,
      apply,
    });
    this.#metrics.changed(change.action);
    this.#measure();
    return { group, action: change.action, diff: change.diff };
  }

  #change(work: () => Promise<ChangedRuleGroup>): Promise<ChangedRuleGroup> {
    return this.#inTurn(work).catch((error: unknown) => {
      this.#metrics.refused();
      throw error;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#changing.then(work);
    this.#changing = turn.catch(() => undefined);
    return turn;
  }

  /** Waits for changes that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changing;
  }

  #measure(): void {
    const groups = [...this.#groups.values()];
    const broken = groups.filter(({ problems }) => problems.length > 0).length;
    this.#metrics.counted({ groups: groups.length, broken });
  }
}
