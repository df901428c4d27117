import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { type Failure, runScript, type ScriptOutcome } from '../test/support/promql-runner.ts';
import { ScriptError } from '../test/support/promql-script.ts';

/** What became of one script. */
export interface FileReport {
  readonly file: string;
  readonly passed: boolean;
  readonly evals: number;
  readonly evalsPassed: number;
  /** Queries asked: each eval, and its repeats that must give the same. */
  readonly queries: number;
  readonly stages: ScriptOutcome['stages'] | undefined;
  readonly failures: readonly (Failure & { readonly file: string })[];
  /** Why the script did not run. */
  readonly error: { readonly line: number; readonly message: string } | undefined;
}

/** There is nothing to run; the message names the folder. */
export class NoScriptsError extends Error {}

/** The scripts of a folder, sorted by name. @throws NoScriptsError */
export function scriptsIn(folder: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NoScriptsError(`${folder} cannot be read: ${reason}`, { cause });
  }
  const scripts = names.filter((name) => name.endsWith('.test')).sort();
  if (scripts.length === 0) throw new NoScriptsError(`${folder} has no files that end in .test`);
  return scripts.map((name) => join(folder, name));
}

export async function runFile(file: string): Promise<FileReport> {
  try {
    const { evals, passed, queries, stages, failures } = await runScript(
      readFileSync(file, 'utf8'),
    );
    return {
      file,
      passed: failures.length === 0,
      evals,
      evalsPassed: passed,
      queries,
      stages,
      failures: failures.map((failure) => ({ file, ...failure })),
      error: undefined,
    };
  } catch (error) {
    const unrun = { file, passed: false, evals: 0, evalsPassed: 0, queries: 0, failures: [] };
    if (error instanceof ScriptError)
      return {
        ...unrun,
        stages: undefined,
        error: { line: error.line, message: error.message.replace(/^line \d+: /, '') },
      };
    throw error;
  }
}

/** A line for the file, and what was expected and what came for each failure. */
export function describeFile(report: FileReport): string {
  const { file, passed, evals, evalsPassed, queries, failures, error } = report;
  const name = basename(file);
  if (error !== undefined)
    return `failed  ${name}  cannot be read\n  ${file}:${error.line}: ${error.message}\n`;
  const head = `${passed ? 'passed' : 'failed'}  ${name}  ${evalsPassed} of ${evals} evals`;
  const lines = [`${head}, ${queries} queries`];
  for (const { line, expression, repeat, expected, got } of failures) {
    lines.push(`  ${file}:${line}: ${expression}`);
    if (repeat !== undefined) lines.push(`    repeated as ${repeat}`);
    lines.push(`    expected ${expected}`, `    got      ${got}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The whole in one line. */
export function describeAll(reports: readonly FileReport[]): string {
  const sum = (pick: (report: FileReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  const files = reports.filter(({ passed }) => passed).length;
  return (
    `${files} of ${reports.length} files passed, ${sum(({ evalsPassed }) => evalsPassed)} of ` +
    `${sum(({ evals }) => evals)} evals, ${sum(({ queries }) => queries)} queries\n`
  );
}
