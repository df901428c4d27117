import { resolve } from 'node:path';

import {
  type ExportNote,
  exportRules,
  loadRuleFiles,
  problemText,
  RuleFileError,
  type RuleProblem,
} from '@dwcp/alerting';
import { ruleTestFailures, type RuleTestReport, runRuleTestFile } from '@dwcp/alerting/rule-tests';

import { Client } from './client.ts';
import { type ExitCode, type Io, styleFor, UsageError } from './io.ts';
import { RULE_GROUP_ACTIONS } from './rule-groups.ts';
import { readArgs, SERVER_OPTIONS } from './run.ts';

/**
 * Checks and tests rule files, with promtool's exit codes, tries them on stored history, and keeps
 * rule groups on a running server.
 */
export async function rules(io: Io): Promise<ExitCode> {
  const { values, positionals } = readArgs({
    args: [...io.argv],
    options: {
      ...SERVER_OPTIONS,
      rules: { type: 'string', multiple: true },
      start: { type: 'string' },
      end: { type: 'string' },
      by: { type: 'string' },
      comment: { type: 'string' },
      limit: { type: 'string' },
      label: { type: 'string', multiple: true },
      version: { type: 'string' },
      'dry-run': { type: 'boolean' },
    },
    strict: true,
    allowPositionals: true,
  });
  const [action, ...files] = positionals;
  const kept = RULE_GROUP_ACTIONS.get(action ?? '');
  const allowed = kept?.options ?? (action === 'backtest' ? ['rules', 'start', 'end'] : undefined);
  const other = Object.keys(values).find(
    (name) => name !== 'json' && !(allowed && ['url', ...allowed].includes(name)),
  );
  if (other !== undefined) {
    const isOfBacktest = ['url', 'rules', 'start', 'end'].includes(other);
    throw new UsageError(
      isOfBacktest ? `--${other} goes with rules backtest` : `rules ${action} takes no --${other}`,
    );
  }
  if (kept !== undefined) return await kept.run(io, new Client(io, values.url), files, values);
  if (action === 'backtest') {
    if (files.length > 0) throw new UsageError('rules backtest wants its files with --rules');
    const { backtest } = await import('./rules-backtest.ts');
    return await backtest(io, values);
  }
  const run = ACTIONS.get(action ?? '');
  if (run === undefined) {
    throw new UsageError(
      `rules wants check, test, export, backtest, ${[...RULE_GROUP_ACTIONS.keys()].join(', ')}${action === undefined ? '' : `, got ${JSON.stringify(action)}`}`,
    );
  }
  if (files.length === 0) throw new UsageError(`rules ${action} wants one file or more`);
  return run(io, files, values.json === true);
}

const ACTIONS: ReadonlyMap<
  string,
  (io: Io, files: readonly string[], json: boolean) => Promise<ExitCode>
> = new Map(Object.entries({ check, test, export: exportFiles }));

interface Checked {
  readonly file: string;
  /** 0 where the file is wrong. */
  readonly rules: number;
  readonly problems: readonly RuleProblem[];
}

/** Whether a server would take these files up. */
async function check(io: Io, files: readonly string[], json: boolean): Promise<ExitCode> {
  const checked: Checked[] = [];
  for (const file of files) checked.push(await checkFile(io, file));
  if (json) tellJson(io, checked);
  else for (const one of checked) tellChecked(io, one);
  return checked.every(({ problems }) => problems.length === 0) ? 0 : 1;
}

async function checkFile(io: Io, file: string): Promise<Checked> {
  try {
    const groups = await loadRuleFiles([resolve(io.cwd, file)]);
    return { file, rules: groups.flatMap((group) => group.rules).length, problems: [] };
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    return { file, rules: 0, problems: asGiven(io, file, error.problems) };
  }
}

function tellChecked(io: Io, { file, rules: count, problems }: Checked): void {
  io.out.write(`Checking ${file}\n`);
  if (problems.length === 0) {
    const style = styleFor(io.out, io.env);
    io.out.write(`  ${style.green('SUCCESS')}: ${count} rule${count === 1 ? '' : 's'} found\n\n`);
    return;
  }
  const style = styleFor(io.err, io.env);
  const lines = problems.map((problem) => `    ${problemText(problem)}\n`);
  io.err.write(`  ${style.red('FAILED')}:\n${lines.join('')}\n`);
}

/** Runs unit tests of rules in promtool's format. */
async function test(io: Io, files: readonly string[], json: boolean): Promise<ExitCode> {
  const reports: RuleTestReport[] = [];
  for (const file of files) {
    const found = await runRuleTestFile(resolve(io.cwd, file));
    const report = { ...found, path: file, problems: asGiven(io, file, found.problems) };
    reports.push(report);
    if (!json) tellTested(io, report);
  }
  if (json) tellJson(io, reports);
  return reports.every(({ passed }) => passed) ? 0 : 1;
}

function tellTested(io: Io, report: RuleTestReport): void {
  io.out.write(`Unit Testing:  ${report.path}\n`);
  for (const warning of report.warnings) io.err.write(`  WARNING: ${warning}\n`);
  if (report.passed) io.out.write(`  ${styleFor(io.out, io.env).green('SUCCESS')}\n\n`);
  else {
    const style = styleFor(io.err, io.env);
    io.err.write(`  ${style.red('FAILED')}:\n${ruleTestFailures(report)}\n\n`);
  }
}

/** Writes rule files as one that Prometheus reads, and tells what it cannot say in it. */
async function exportFiles(io: Io, files: readonly string[], json: boolean): Promise<ExitCode> {
  try {
    const groups = await loadRuleFiles(files.map((file) => resolve(io.cwd, file)));
    const { notes, yaml } = exportRules(groups);
    if (json) io.out.write(`${JSON.stringify({ yaml, notes }, undefined, 2)}\n`);
    else {
      io.out.write(yaml);
      for (const note of notes) tellNote(io, note);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    const problems = files.reduce((given, file) => asGiven(io, file, given), error.problems);
    for (const problem of problems) io.err.write(`${problemText(problem)}\n`);
    return 1;
  }
}

function tellNote(io: Io, { group, key, outcome, reason, rule }: ExportNote): void {
  const what = styleFor(io.err, io.env).yellow(outcome === 'changed' ? 'changed' : 'left out');
  io.err.write(`${what}: group "${group}", rule "${rule}", ${key}: ${reason}\n`);
}

/** Problems of a file under the name that the command line has for it. */
function asGiven(io: Io, file: string, problems: readonly RuleProblem[]): readonly RuleProblem[] {
  const path = resolve(io.cwd, file);
  return problems.map((problem) => (problem.path === path ? { ...problem, path: file } : problem));
}

function tellJson(io: Io, files: readonly (Checked | RuleTestReport)[]): void {
  io.out.write(`${JSON.stringify({ files }, undefined, 2)}\n`);
}
