import { createHash } from 'node:crypto';

import { parseRuleFile, type Rule, RuleFileError, type RuleGroup } from '@dwcp/alerting';
import { Labels } from '@dwcp/core';

/** What somebody did to a group. `undone`: it was saved and could not be applied. */
export type RuleGroupAction = 'create' | 'edit' | 'enable' | 'disable' | 'delete' | 'undone';

/** What is known of a group beside its rules. */
export interface RuleGroupHeader {
  /** 1 for the first; each change makes the next. */
  readonly version: number;
  readonly action: RuleGroupAction;
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
  readonly comment: string;
  readonly enabled: boolean;
  /** Keys of rules that are not evaluated; see `ruleKeyOf`. */
  readonly disabled: readonly string[];
  /** The rules that the last change switched. */
  readonly rules?: readonly string[];
}

/** Stands before the header: for every other reader of rule files it is a comment. */
const MARK = '# dwcp-rule-group ';

/** Which names a group may have: they are names of files too. */
export const RULE_GROUP_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

/** The same for rules that a reload takes for the same. */
export function ruleKeyOf({ kind, name, labels }: Rule): string {
  return JSON.stringify([kind, name, Labels.from(labels).key]);
}

/** The rule file with a first line that tells of the rest: JSON, with a checksum over both. */
export function encodeRuleGroupFile(header: RuleGroupHeader, yaml: string): string {
  const fields = JSON.stringify(header);
  return `${MARK}${JSON.stringify({ ...header, sum: sumOf(fields, yaml) })}\n${yaml}`;
}

/** A managed file taken apart. The header is missing in one that was put there by hand. */
export interface DecodedRuleGroupFile {
  readonly header: RuleGroupHeader | undefined;
  readonly yaml: string;
}

/** @throws RuleFileError when the first line is damaged, or the text is not the one it was made for */
export function decodeRuleGroupFile(text: string, path: string): DecodedRuleGroupFile {
  if (!text.startsWith(MARK)) return { header: undefined, yaml: text };
  const end = text.includes('\n') ? text.indexOf('\n') : text.length;
  const yaml = text.slice(end + 1);
  const header = readHeader(text.slice(MARK.length, end), yaml);
  if (header !== undefined) return { header, yaml };
  throw new RuleFileError([
    {
      path,
      line: 1,
      column: 1,
      where: '',
      problem: 'the file is damaged or was changed by hand: its checksum differs',
      fix: 'save the group again; or remove the first line, to take the rest up as it is',
    },
  ]);
}

function readHeader(line: string, yaml: string): RuleGroupHeader | undefined {
  try {
    const { sum, ...header } = JSON.parse(line) as RuleGroupHeader & { readonly sum: string };
    return sum === sumOf(JSON.stringify(header), yaml) ? header : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function sumOf(fields: string, yaml: string): string {
  return createHash('sha256').update(`${fields}\n${yaml}`).digest('hex').slice(0, 32);
}

/**
 * Reads a rule file that has to hold one group, of a name that is given.
 * @throws RuleFileError with every problem
 */
export function parseRuleGroup(
  yaml: string,
  options: { readonly path: string; readonly name?: string | undefined },
): RuleGroup {
  const { path, name } = options;
  const groups = parseRuleFile(yaml, path);
  const refuse = (problem: string, fix: string, key: 'groups' | 'name'): RuleFileError =>
    new RuleFileError([{ path, ...placeOf(yaml, key), where: '', problem, fix }]);
  const [group] = groups;
  if (group === undefined || groups.length > 1) {
    const found = groups.map((one) => JSON.stringify(one.name)).join(', ');
    throw refuse(
      group === undefined ? 'there is no group' : `there are ${groups.length} groups: ${found}`,
      'write groups: with one group; each has a file of its own',
      'groups',
    );
  }
  const wanted = JSON.stringify(name);
  if (name !== undefined && group.name !== name) {
    const problem = `the group is called ${JSON.stringify(group.name)}, not ${wanted}`;
    throw refuse(problem, `write name: ${wanted}, or save it under its own name`, 'name');
  }
  if (!RULE_GROUP_NAME.test(group.name)) {
    const problem = `the group is called ${JSON.stringify(group.name.slice(0, 200))}`;
    throw refuse(problem, `use ${NAME_RULE}`, 'name');
  }
  if (group.rules.length === 0) {
    throw refuse('the group has no rules', 'add rules: with one rule or more', 'name');
  }
  return group;
}

export const NAME_RULE =
  'letters, digits, _, - and ., at most 100, the first one a letter, a digit or _';

/** Where a key of the first group stands, or the file's begin. */
function placeOf(
  yaml: string,
  key: 'groups' | 'name',
): { readonly line: number; readonly column: number } {
  const lines = yaml.split('\n');
  const pattern = key === 'groups' ? /^\s*groups\s*:/ : /(?:^|[\s{,-])name\s*:\s*/;
  const index = lines.findIndex((line) => pattern.test(line));
  if (index < 0) return { line: 1, column: 1 };
  const found = pattern.exec(lines[index] ?? '');
  const column = key === 'groups' ? 0 : (found?.index ?? 0) + (found?.[0].length ?? 0);
  return { line: index + 1, column: column + 1 };
}
