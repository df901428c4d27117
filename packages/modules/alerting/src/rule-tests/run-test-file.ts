import { glob, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { type Clock, systemClock } from '@dwcp/core';

import { RuleFileError, type RuleProblem } from '../errors.ts';
import { loadRuleFiles, unreadable } from '../load-rule-files.ts';
import { type RuleGroup } from '../rule.ts';
import { type RuleTestFile, type RuleTestReport, type RuleTestResult } from './rule-test.ts';
import { runRuleTest } from './run-test.ts';
import { parseRuleTestFile } from './test-file.ts';

export interface RunRuleTestsOptions {
  /** Default: that of the system. */
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Runs the rule unit tests of a file, in promtool's format and with its verdict.
 * @returns a report, also where the file or its rules cannot be read
 * @see https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 */
export async function runRuleTestFile(
  path: string,
  options: RunRuleTestsOptions = {},
): Promise<RuleTestReport> {
  const warnings: string[] = [];
  try {
    const file = parseRuleTestFile(await readText(path), path);
    const paths = await ruleFilesOf(file, warnings);
    // Without a test nothing asks for the rules, as in promtool.
    const groups = file.tests.length === 0 ? [] : await loadRuleFiles(paths);
    const tests = await runAll(file, inOrder(groups, file.groupEvalOrder), options);
    const passed = tests.every(({ failures }) => failures.length === 0);
    return { path, passed, warnings, problems: [], tests };
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    return { path, passed: false, warnings, problems: error.problems, tests: [] };
  }
}

async function runAll(
  file: RuleTestFile,
  groups: readonly RuleGroup[],
  options: RunRuleTestsOptions,
): Promise<readonly RuleTestResult[]> {
  const { clock = systemClock, signal = new AbortController().signal } = options;
  const { evaluationIntervalMs, fuzzyCompare } = file;
  const results: RuleTestResult[] = [];
  for (const test of file.tests) {
    const conditions = { groups, evaluationIntervalMs, fuzzyCompare, clock, signal };
    results.push({ name: test.name, failures: await runRuleTest(test, conditions) });
  }
  return results;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new RuleFileError([unreadable(path, error) satisfies RuleProblem], { cause: error });
  }
}

/** The files that the patterns match; a pattern that matches none is only told. */
async function ruleFilesOf(file: RuleTestFile, warnings: string[]): Promise<readonly string[]> {
  const folder = dirname(file.path);
  const found: string[] = [];
  for (const pattern of file.ruleFiles) {
    const matches: string[] = [];
    for await (const match of glob(resolve(folder, pattern))) matches.push(match);
    if (matches.length === 0) warnings.push(`no file match pattern ${pattern}`);
    found.push(...matches);
  }
  return found;
}

/** Groups that the order does not name count as its first. */
function inOrder(groups: readonly RuleGroup[], order: readonly string[]): readonly RuleGroup[] {
  const rankOf = ({ name }: RuleGroup): number => Math.max(0, order.indexOf(name));
  return groups.toSorted((a, b) => rankOf(a) - rankOf(b));
}
