import { type Rule, RuleFileError, type RuleGroup, type RuleProblem } from '@dwcp/alerting';

import {
  type DecodedRuleGroupFile,
  decodeRuleGroupFile,
  parseRuleGroup,
  ruleKeyOf,
} from './rule-group-file.ts';
import { type FoundRuleGroupFile } from './rule-group-files.ts';
import { type RuleGroupHistory } from './rule-group-history.ts';
import { unifiedDiff } from './unified-diff.ts';

/** A group that is kept here, and not in a file of the configuration. */
export interface ManagedRuleGroup {
  readonly name: string;
  readonly file: string;
  /** The rule file as it was saved. */
  readonly yaml: string;
  /** Undefined for one that is broken and was never whole in this process. */
  readonly group: RuleGroup | undefined;
  readonly version: number;
  /** Undefined for a file that was put there by hand. */
  readonly by: string | undefined;
  /** RFC 3339. */
  readonly changedAt: string | undefined;
  readonly comment: string;
  readonly enabled: boolean;
  /** Keys of rules that are switched off; see `ruleKeyOf`. */
  readonly disabled: ReadonlySet<string>;
  /** What is wrong with the file; then the group as it was last read goes on. */
  readonly problems: readonly RuleProblem[];
}

/** What a file says, or what is wrong with it. `previous` goes on for one that is broken. */
export function loadRuleGroup(
  { name, path, text }: FoundRuleGroupFile,
  known: { readonly history: RuleGroupHistory; readonly previous: ManagedRuleGroup | undefined },
): ManagedRuleGroup | 'deleted' {
  const { history, previous } = known;
  let decoded: DecodedRuleGroupFile | undefined;
  try {
    if (text instanceof Error) throw unreadable(path, text);
    decoded = decodeRuleGroupFile(text, path);
    if (decoded.header?.action === 'delete') return 'deleted';
    const group = { ...parseRuleGroup(decoded.yaml, { path, name }), file: path };
    return managedOf(decoded, { name, file: path, group, version: history.highestVersion(name) });
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    return brokenOf({ name, file: path, problems: error.problems }, known, {
      ...(typeof text === 'string' ? { yaml: decoded?.yaml ?? text } : {}),
      ...(previous === undefined && decoded?.header !== undefined
        ? { by: decoded.header.by, changedAt: decoded.header.at }
        : {}),
    });
  }
}

/** A group of which its history knows, and whose file is gone. */
export function lostRuleGroup(
  name: string,
  file: string,
  known: { readonly history: RuleGroupHistory; readonly previous: ManagedRuleGroup | undefined },
): ManagedRuleGroup {
  const problem = 'the file is gone, and nobody deleted the group';
  const fix = 'save the group again, or delete it; its history has what was in it';
  const problems = [{ path: file, line: 1, column: 1, where: '', problem, fix }];
  return brokenOf({ name, file, problems }, known, {});
}

function brokenOf(
  broken: Pick<ManagedRuleGroup, 'name' | 'file' | 'problems'>,
  {
    history,
    previous,
  }: { readonly history: RuleGroupHistory; readonly previous: ManagedRuleGroup | undefined },
  found: Partial<Pick<ManagedRuleGroup, 'yaml' | 'by' | 'changedAt'>>,
): ManagedRuleGroup {
  const latest = history.latest(broken.name);
  return {
    by: latest?.by,
    changedAt: latest?.at,
    yaml: '',
    comment: latest?.comment ?? '',
    group: undefined,
    version: history.highestVersion(broken.name),
    enabled: true,
    disabled: new Set<string>(),
    ...previous,
    ...found,
    ...broken,
  };
}

function managedOf(
  { header, yaml }: DecodedRuleGroupFile,
  known: Pick<ManagedRuleGroup, 'name' | 'file' | 'group' | 'version'>,
): ManagedRuleGroup {
  if (header === undefined) {
    const unknown = { by: undefined, changedAt: undefined, comment: '' };
    return { ...known, ...unknown, yaml, enabled: true, disabled: new Set(), problems: [] };
  }
  const { version, by, at, comment, enabled, disabled } = header;
  return {
    ...known,
    yaml,
    version,
    by,
    changedAt: at,
    comment,
    enabled,
    disabled: new Set(disabled),
    problems: [],
  };
}

/**
 * Records what a process did that ended before it could: its change is on disk, and was not answered.
 * @throws BackendError when it cannot be stored
 */
export async function recordUnrecorded(
  { name, path, text, before }: FoundRuleGroupFile,
  history: RuleGroupHistory,
): Promise<void> {
  const after = typeof text === 'string' ? headerOf(text, path) : undefined;
  if (after?.header === undefined) return;
  const { header } = after;
  const highest = history.highestVersion(name);
  if (header.version <= highest) return;
  const { action, by, at, comment, version, rules } = header;
  const decoded = before === undefined ? undefined : headerOf(before, path);
  const old = decoded && { yaml: decoded.yaml, version: decoded.header?.version ?? highest };
  await history.append({
    name,
    at,
    action,
    by,
    comment,
    ...(old === undefined ? {} : { fromVersion: old.version }),
    toVersion: version,
    ...(rules === undefined ? {} : { rules }),
    diff: diffOf(name, old ?? { yaml: '' }, { yaml: after.yaml, version }),
  });
}

function headerOf(text: string, path: string): DecodedRuleGroupFile | undefined {
  try {
    return decodeRuleGroupFile(text, path);
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    return undefined;
  }
}

/** What changed in a group's file. */
export function diffOf(
  name: string,
  before: { readonly yaml: string; readonly version?: number },
  after: { readonly yaml: string; readonly version?: number },
): string {
  const named = ({ yaml, version }: typeof before): string =>
    yaml === ''
      ? '/dev/null'
      : `${name}.yml${version === undefined ? '' : ` (version ${version})`}`;
  return unifiedDiff(before.yaml, after.yaml, { before: named(before), after: named(after) });
}

/** The rules that are evaluated; undefined when there are none. */
export function activeGroup({ group, enabled, disabled }: ManagedRuleGroup): RuleGroup | undefined {
  if (group === undefined || !enabled) return undefined;
  if (disabled.size === 0) return group;
  const rules = group.rules.filter((rule) => !disabled.has(ruleKeyOf(rule)));
  return rules.length === 0 ? undefined : { ...group, rules };
}

/** Rules that stay switched off when others take their place. */
export function disabledAfter(
  { group, disabled }: Pick<ManagedRuleGroup, 'group' | 'disabled'>,
  next: RuleGroup,
): readonly string[] {
  const rules = group?.rules ?? [];
  const enabledKeys = new Set(rules.map(ruleKeyOf).filter((key) => !disabled.has(key)));
  const names = new Set(rules.filter((rule) => disabled.has(ruleKeyOf(rule))).map(nameOf));
  // One whose labels changed is still the one that somebody switched off.
  return next.rules
    .filter((rule) => {
      const key = ruleKeyOf(rule);
      return disabled.has(key) || (names.has(nameOf(rule)) && !enabledKeys.has(key));
    })
    .map(ruleKeyOf);
}

function nameOf({ kind, name }: Rule): string {
  return `${kind} ${name}`;
}

function unreadable(path: string, cause: Error): RuleFileError {
  const problem = `cannot be read: ${cause.message}`;
  const fix = 'check the file and its permissions, or save the group again';
  return new RuleFileError([{ path, line: 1, column: 1, where: '', problem, fix }], { cause });
}
