import { type Rule, type RuleGroup } from '@dwcp/alerting';

import { RuleGroupError } from './errors.ts';
import { type RuleGroupAction } from './rule-group-file.ts';
import { type RuleGroupChange } from './rule-group-history.ts';

/** @throws RuleGroupError when the group has no such rule */
export function selectRules(
  group: RuleGroup,
  name: string,
  labels: Readonly<Record<string, string>>,
): readonly Rule[] {
  const wanted = Object.entries(labels);
  const found = group.rules.filter(
    (rule) => rule.name === name && wanted.every(([key, value]) => rule.labels[key] === value),
  );
  if (found.length > 0) return found;
  const shown = wanted.length === 0 ? '' : ` with the labels ${JSON.stringify(labels)}`;
  const names = [...new Set(group.rules.map((rule) => rule.name))].slice(0, 20).join(', ');
  const message = `the rule group ${JSON.stringify(group.name)} has no rule ${JSON.stringify(name)}${shown}; there are ${names}`;
  throw new RuleGroupError('rule-not-found', message);
}

export function noSuchGroup(name: string): RuleGroupError {
  const message = `there is no rule group ${JSON.stringify(name)}; list them with GET /api/v1/rule-groups`;
  return new RuleGroupError('not-found', message);
}

export function readOnly({ name, file }: RuleGroup): RuleGroupError {
  const message = `the rule group ${JSON.stringify(name)} is in the file ${file} of alerting.ruleFiles; change it there, or take another name`;
  return new RuleGroupError('read-only', message);
}

const DONE: Readonly<Record<RuleGroupAction, string>> = {
  create: 'made it',
  edit: 'changed it',
  enable: 'switched it on',
  disable: 'switched it off',
  delete: 'deleted it',
  undone: 'changed it, which was undone,',
};

/** Another version is there than the change was decided on; says who made it. */
export function conflict(about: {
  readonly name: string;
  /** What was asked for. */
  readonly version: number | undefined;
  readonly present: number | undefined;
  readonly latest: RuleGroupChange | undefined;
}): RuleGroupError {
  const { name, version, present, latest } = about;
  const why = latest === undefined || latest.comment === '' ? '' : ` (${latest.comment})`;
  const who =
    latest === undefined ? '' : `; ${latest.by} ${DONE[latest.action]} at ${latest.at}${why}`;
  const group = `the rule group ${JSON.stringify(name)}`;
  if (present === undefined) {
    const message = `${group} is not there, nor its version ${version}${who}; leave the version out to make it`;
    return new RuleGroupError('conflict', message);
  }
  const asked = version === undefined ? 'and no version was given' : `not at version ${version}`;
  const message = `${group} is at version ${present}, ${asked}${who}; read it again and decide anew`;
  return new RuleGroupError('conflict', message);
}
