import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { configFixturesIn, runConfigFixture } from './config-fixtures.ts';
import { type InhibitFile, runInhibit } from './inhibit.ts';
import { type LiveFile, runLive } from './live.ts';
import { type MatcherFile, runClassicMatchers, runUtf8Matchers } from './matchers.ts';
import { type FileOutcome } from './outcome.ts';
import {
  type RecordedRoutesFile,
  type RouteMatchFile,
  runRecordedRoutes,
  runRouteMatch,
} from './routes.ts';
import { runTemplates, type TemplateFile } from './templates.ts';
import { runTimeIntervals, type TimeIntervalFile } from './time-intervals.ts';

/** What is run by a file's name: the first that it begins with. */
const RUNNERS: readonly (readonly [
  prefix: string,
  run: (content: unknown) => FileOutcome | Promise<FileOutcome>,
])[] = [
  ['am-matchers-classic', (content) => runClassicMatchers(content as MatcherFile)],
  ['am-matchers', (content) => runUtf8Matchers(content as MatcherFile)],
  ['am-route-match', (content) => runRouteMatch(content as RouteMatchFile)],
  ['am-routes', (content) => runRecordedRoutes(content as RecordedRoutesFile)],
  ['am-inhibit', (content) => runInhibit(content as InhibitFile)],
  ['am-time-intervals', (content) => runTimeIntervals(content as TimeIntervalFile)],
  ['am-live', (content) => runLive(content as LiveFile)],
  ['prom-templates', (content) => runTemplates(content as TemplateFile)],
];

/** There is nothing to run; the message names the folder. */
export class NothingToRunError extends Error {}

export interface FileReport {
  readonly file: string;
  readonly outcome: FileOutcome | undefined;
  /** Why the file could not be run. */
  readonly error?: string;
  /** Why it is not run at all. */
  readonly skipped?: string;
}

/** Runs every conformance file of a folder and the configuration fixtures below it. */
export async function* runFolder(folder: string): AsyncIterableIterator<FileReport> {
  let names: readonly string[];
  try {
    names = readdirSync(folder).sort();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NothingToRunError(`${folder} cannot be read: ${reason}`, { cause });
  }
  const files = names.filter((name) => name.endsWith('.json') && isFile(join(folder, name)));
  const fixtures = configFixturesIn(folder);
  if (files.length === 0 && fixtures.length === 0) {
    throw new NothingToRunError(
      `${folder} has no ${RUNNERS.map(([prefix]) => `${prefix}*.json`).join(', ')} and no Alertmanager configuration`,
    );
  }
  for (const name of files) yield await runFile(join(folder, name));
  for (const file of fixtures) {
    yield { file, outcome: { cases: [runConfigFixture(file)], leftOut: [] } };
  }
}

async function runFile(file: string): Promise<FileReport> {
  const runner = RUNNERS.find(([prefix]) => basename(file).startsWith(prefix))?.[1];
  if (runner === undefined)
    return { file, outcome: undefined, skipped: 'no kind that is run here' };
  try {
    return { file, outcome: await runner(JSON.parse(readFileSync(file, 'utf8'))) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { file, outcome: undefined, error: reason };
  }
}

function isFile(path: string): boolean {
  return statSync(path).isFile();
}

export function passed({ outcome, skipped, error }: FileReport): boolean {
  if (skipped !== undefined) return true;
  return error === undefined && outcome?.cases.every((found) => found.passed) === true;
}

/** A line for the file, and what was expected and what came for each failure. */
export function describeFile(report: FileReport): string {
  const { file, outcome, error, skipped } = report;
  const name = basename(file);
  if (skipped !== undefined) return `skipped ${name}  ${skipped}\n`;
  if (outcome === undefined) return `failed  ${name}  ${error ?? ''}\n`;
  const { cases, leftOut, notes = [] } = outcome;
  const failures = cases.filter((found) => !found.passed);
  const left = leftOut.length === 0 ? '' : `, ${leftOut.length} left out: ${reasonsOf(leftOut)}`;
  const head = `${passed(report) ? 'passed' : 'failed'}  ${name}  ${cases.length - failures.length} of ${cases.length} cases${left}`;
  return `${[
    head,
    ...notes.map((note) => `  note: ${note}`),
    ...failures.flatMap((found) => [
      `  ${found.name}`,
      `    expected ${found.expected}`,
      `    got      ${found.got}`,
    ]),
  ].join('\n')}\n`;
}

function reasonsOf(leftOut: readonly { readonly reason: string }[]): string {
  return [...new Set(leftOut.map(({ reason }) => reason))].join('; ');
}

/** The whole in one line. */
export function describeAll(reports: readonly FileReport[]): string {
  const run = reports.filter(({ skipped }) => skipped === undefined);
  const cases = run.flatMap(({ outcome }) => outcome?.cases ?? []);
  return (
    `${run.filter(passed).length} of ${run.length} files passed, ` +
    `${cases.filter((found) => found.passed).length} of ${cases.length} cases\n`
  );
}
