import { type BackendError, type Clock, type Log } from '@dwcp/core';

import { type ManagedRuleGroup } from './load-rule-groups.ts';
import { encodeRuleGroupFile } from './rule-group-file.ts';
import { notSaved, type RuleGroupFiles, type WrittenRuleGroupFile } from './rule-group-files.ts';
import { type RuleGroupChange, type RuleGroupHistory } from './rule-group-history.ts';

/** What was done, and by whom. */
export type RuleGroupCommit = Pick<RuleGroupChange, 'action' | 'by' | 'comment' | 'diff' | 'rules'>;

/** A group as it is to be. */
export type WantedRuleGroup = Omit<ManagedRuleGroup, 'by' | 'changedAt' | 'comment' | 'problems'>;

export interface CommitParts {
  /** Where the change shows once it is on record, and `apply` reads it. */
  readonly groups: Map<string, ManagedRuleGroup>;
  readonly files: RuleGroupFiles;
  readonly history: RuleGroupHistory;
  readonly apply: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Carries a change through: disk, record, effect, in this order, and back from each.
 * @throws BackendError when one of them failed, and what was before goes on
 */
export async function commitRuleGroup(
  name: string,
  wanted: WantedRuleGroup,
  change: RuleGroupCommit,
  { groups, files, history, apply, clock, log }: CommitParts,
): Promise<ManagedRuleGroup> {
  const { action, by, comment, rules } = change;
  const at = new Date(clock.nowUnixMs()).toISOString();
  const next = { ...wanted, by, comment, changedAt: at, problems: [] };
  const { version, enabled, disabled, yaml } = next;
  const switched = rules === undefined ? {} : { rules };
  const fields = { version, action, by, at, comment, enabled, disabled: [...disabled] };
  const header = { ...fields, ...switched };
  const before = groups.get(name);
  const from = before === undefined ? {} : { fromVersion: before.version };

  const written = await files.write(name, encodeRuleGroupFile(header, yaml));
  try {
    await history.append({ name, at, ...change, ...from, toVersion: version });
  } catch (error) {
    throw await undone(name, written, error, log);
  }
  if (action === 'delete') groups.delete(name);
  else groups.set(name, next);
  try {
    await apply();
  } catch (error) {
    if (before === undefined) groups.delete(name);
    else groups.set(name, before);
    const refused = await undone(name, written, error, log);
    const versions = { fromVersion: version, toVersion: before?.version ?? 0 };
    const record = { name, at, by, comment: refused.message, ...versions, diff: '' };
    await history.append({ ...record, action: 'undone' }).catch((err: unknown) => {
      log.error({ err, group: name }, 'that a rule group was not changed is not on record');
    });
    await apply().catch((err: unknown) => {
      log.error({ err }, 'the rules before the change could not be put back');
    });
    throw refused;
  }
  await written.keep();
  log.info({ group: name, action, by, comment, ...from, version }, 'rule group changed');
  return next;
}

async function undone(
  name: string,
  written: WrittenRuleGroupFile,
  cause: unknown,
  log: Log,
): Promise<BackendError> {
  try {
    await written.undo();
    return notSaved(name, cause);
  } catch (err) {
    const reason = err instanceof Error ? err.message : String(err);
    log.error({ err, group: name }, 'a rule group was not put back on disk');
    const why = cause instanceof Error ? cause.message : String(cause);
    const fate = `${why}; nor could the file be put back (${reason}): the next start may find the change there`;
    return notSaved(name, new Error(fate, { cause }));
  }
}
