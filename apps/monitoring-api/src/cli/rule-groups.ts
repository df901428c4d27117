import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { loadRuleFiles, problemText, RuleFileError } from '@dwcp/alerting';
import {
  type ChangedRuleGroupView,
  type RuleGroupCheckView,
  type RuleGroupDetailView,
  type RuleGroupHistoryView,
  type RuleGroupsView,
} from '@dwcp/api-schema';

import { type Client } from './client.ts';
import { type ExitCode, type Io, styleFor, UsageError } from './io.ts';
import {
  checkText,
  detailText,
  historyText,
  listText,
  type RuleGroupText,
} from './rule-group-text.ts';
import { limitOf } from './run.ts';
import { printable } from './text.ts';

export interface RuleGroupOptions {
  readonly json?: boolean;
  readonly by?: string;
  readonly comment?: string;
  readonly limit?: string;
  readonly label?: readonly string[];
  readonly 'dry-run'?: boolean;
  readonly version?: string;
}

type Action = (
  io: Io,
  client: Client,
  words: readonly string[],
  options: RuleGroupOptions,
) => Promise<ExitCode>;

/** Actions on the rule groups of a running server, each with the options that it takes. */
export const RULE_GROUP_ACTIONS: ReadonlyMap<
  string,
  { readonly run: Action; readonly options: readonly string[] }
> = new Map(
  Object.entries({
    list: { run: list, options: [] },
    show: { run: show, options: [] },
    set: { run: set, options: ['by', 'comment', 'dry-run', 'version'] },
    enable: { run: enable, options: ['by', 'comment', 'label'] },
    disable: { run: disable, options: ['by', 'comment', 'label'] },
    delete: { run: remove, options: ['by', 'comment'] },
    history: { run: history, options: ['limit'] },
  }),
);

async function list(
  io: Io,
  client: Client,
  words: readonly string[],
  { json }: RuleGroupOptions,
): Promise<ExitCode> {
  if (words.length > 0) throw new UsageError('rules list takes no names');
  const answer = (await client.get('/api/v1/rule-groups')) as RuleGroupsView;
  tell(io, json, answer, (text) => listText(text, answer));
  return 0;
}

async function show(
  io: Io,
  client: Client,
  words: readonly string[],
  { json }: RuleGroupOptions,
): Promise<ExitCode> {
  const answer = (await client.get(pathOf(oneName('show', words)))) as RuleGroupDetailView;
  tell(io, json, answer, (text) => detailText(text, answer));
  return 0;
}

/** Shows what would change and what the rules give now, and then saves them. */
async function set(
  io: Io,
  client: Client,
  words: readonly string[],
  options: RuleGroupOptions,
): Promise<ExitCode> {
  const [file, ...rest] = words;
  if (file === undefined || rest.length > 0) throw new UsageError('rules set wants one file');
  const { version, json } = options;
  if (version !== undefined && !/^\d{1,15}$/.test(version)) {
    throw new UsageError(`--version wants a whole number, got ${JSON.stringify(version)}`);
  }
  const yaml = await readRules(io, file);
  if (yaml === undefined) return 1;
  const check = (await client.send('POST', '/api/v1/rule-groups/check', {
    yaml,
  })) as RuleGroupCheckView;
  if (json !== true) io.out.write(checkText({ io, style: styleFor(io.out, io.env) }, check));
  if (!check.ok || check.name === null) {
    if (json === true) tellJson(io, { check });
    return 1;
  }
  if (options['dry-run'] === true) {
    if (json === true) tellJson(io, { check });
    return 0;
  }
  // What was shown is what it was compared with: a change in between refuses this one.
  const decidedOn = version === undefined ? check.version : Number(version);
  const saved = (await client.send('PUT', pathOf(check.name), {
    yaml,
    ...whoAndWhy(io, options),
    ...(decidedOn === null ? {} : { version: decidedOn }),
  })) as ChangedRuleGroupView;
  if (json === true) tellJson(io, { check, saved });
  else io.out.write(`${outcome(saved, 'saved')}\n`);
  return 0;
}

/** The text of a rule file; undefined after telling what is wrong with it. */
async function readRules(io: Io, file: string): Promise<string | undefined> {
  const path = resolve(io.cwd, file);
  try {
    await loadRuleFiles([path]);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    for (const problem of error.problems) {
      io.err.write(`${problemText({ ...problem, path: file })}\n`);
    }
    return undefined;
  }
}

function enable(...args: Parameters<Action>): Promise<ExitCode> {
  return switchRules(true, ...args);
}

function disable(...args: Parameters<Action>): Promise<ExitCode> {
  return switchRules(false, ...args);
}

async function switchRules(
  enabled: boolean,
  io: Io,
  client: Client,
  words: readonly string[],
  options: RuleGroupOptions,
): Promise<ExitCode> {
  const action = enabled ? 'enable' : 'disable';
  const [name, rule, ...rest] = words;
  if (name === undefined || rest.length > 0) {
    throw new UsageError(`rules ${action} wants a group, and one of its rules or none`);
  }
  const labels = labelsOf(options.label ?? []);
  if (labels !== undefined && rule === undefined) {
    throw new UsageError('--label goes with the name of a rule');
  }
  const answer = (await client.send('PATCH', pathOf(name), {
    enabled,
    ...(rule === undefined ? {} : { rule }),
    ...(labels === undefined ? {} : { labels }),
    ...whoAndWhy(io, options),
  })) as ChangedRuleGroupView;
  const done = `${rule === undefined ? '' : `${printable(rule)} `}${enabled ? 'switched on' : 'switched off'}`;
  tell(io, options.json, answer, () => `${outcome(answer, done)}\n`);
  return 0;
}

async function remove(
  io: Io,
  client: Client,
  words: readonly string[],
  options: RuleGroupOptions,
): Promise<ExitCode> {
  const name = oneName('delete', words);
  await client.send('DELETE', pathOf(name), whoAndWhy(io, options));
  tell(io, options.json, { name, deleted: true }, () => `${printable(name)} is deleted\n`);
  return 0;
}

async function history(
  io: Io,
  client: Client,
  words: readonly string[],
  { json, limit }: RuleGroupOptions,
): Promise<ExitCode> {
  const path = `${pathOf(oneName('history', words))}/history`;
  const answer = (await client.get(path, { limit: limitOf(limit) })) as RuleGroupHistoryView;
  tell(io, json, answer, (text) => historyText(text, answer));
  return 0;
}

function outcome({ group, changed }: ChangedRuleGroupView, done: string): string {
  const name = printable(group.name);
  return changed ? `${name} ${done}, version ${group.version}` : `${name} was so before`;
}

function whoAndWhy(
  io: Io,
  { by, comment }: RuleGroupOptions,
): { readonly by: string; readonly comment?: string } {
  const who = by ?? io.env['USER'] ?? 'dwcp';
  return { by: who, ...(comment === undefined ? {} : { comment }) };
}

function labelsOf(words: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (words.length === 0) return undefined;
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
      throw new UsageError(
        `--label wants NAME=VALUE such as severity=warning, got ${JSON.stringify(word)}`,
      );
    }),
  );
}

function oneName(action: string, words: readonly string[]): string {
  const [name, ...rest] = words;
  if (name !== undefined && rest.length === 0) return name;
  throw new UsageError(`rules ${action} wants the name of one group`);
}

function pathOf(name: string): string {
  return `/api/v1/rule-groups/${encodeURIComponent(name)}`;
}

function tell(
  io: Io,
  json: boolean | undefined,
  answer: unknown,
  text: (about: RuleGroupText) => string,
): void {
  if (json === true) tellJson(io, answer);
  else io.out.write(text({ io, style: styleFor(io.out, io.env) }));
}

function tellJson(io: Io, answer: unknown): void {
  io.out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
}
