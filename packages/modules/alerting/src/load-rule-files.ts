import { glob, readFile } from 'node:fs/promises';

import { RuleFileError, type RuleProblem } from './errors.ts';
import { parseRuleFile } from './rule-file.ts';
import { type RuleGroup } from './rule.ts';

/**
 * Reads all files that the patterns name, all or nothing.
 *
 * @param patterns paths, with `*`, `**`, `?` and `{a,b}` if wanted; a pattern without any of these
 *   must name a file that is there
 * @returns groups by path, then by their order in the file
 * @throws RuleFileError with the problems of every file
 */
export async function loadRuleFiles(patterns: readonly string[]): Promise<readonly RuleGroup[]> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    if (!/[*?{[]/.test(pattern)) paths.add(pattern);
    else for await (const path of glob(pattern)) paths.add(path);
  }
  const groups: RuleGroup[] = [];
  const problems: RuleProblem[] = [];
  for (const path of [...paths].sort()) {
    try {
      groups.push(...parseRuleFile(await readFile(path, 'utf8'), path));
    } catch (error) {
      if (error instanceof RuleFileError) problems.push(...error.problems);
      else problems.push(unreadable(path, error));
    }
  }
  if (problems.length > 0) throw new RuleFileError(problems);
  return groups;
}

/** The problem that a file cannot be read. @throws the error itself when it is none of the file system */
export function unreadable(path: string, error: unknown): RuleProblem {
  if (!(error instanceof Error) || !('code' in error)) throw error;
  return {
    path,
    line: 1,
    column: 1,
    where: '',
    problem: `cannot be read: ${error.message}`,
    fix: 'check the path and its permissions',
  };
}
