import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { configFixturesIn, runConfigFixture } from './config-fixtures.ts';
import { type InhibitFile, runInhibit } from './inhibit.ts';
import { type LiveFile, runLive } from './live.ts';
import { type MatcherFile, runClassicMatchers, runUtf8Matchers } from './matchers.ts';
import { type FileOutcome } from './outcome.ts';
import { type PromRulesFile } from './prom-rules-replay.ts';
import { runPromRules } from './prom-rules.ts';
import {
  type RecordedRoutesFile,
  type RouteMatchFile,
  runRecordedRoutes,
  runRouteMatch,
} from './routes.ts';
import { runTemplates, type TemplateFile } from './templates.ts';
import { runTimeIntervals, type TimeIntervalFile } from './time-intervals.ts';

interface Kind {
  /** How the names of such files begin. */
  readonly prefix: string;
  /** Whether a file of another name has the fields of this kind. */
  readonly is: (content: Readonly<Record<string, unknown>>) => boolean;
  readonly run: (content: unknown) => FileOutcome | Promise<FileOutcome>;
}

/** A list whose first element has these fields. */
function listOf(value: unknown, ...fields: readonly string[]): boolean {
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  return typeof first === 'object' && first !== null && fields.every((field) => field in first);
}

/** A file is of the first kind whose prefix its name has, else of the first whose fields it has. */
const KINDS: readonly Kind[] = [
  {
    prefix: 'am-matchers-classic',
    is: () => false,
    run: (content) => runClassicMatchers(content as MatcherFile),
  },
  {
    prefix: 'am-matchers',
    is: ({ cases }) => listOf(cases, 'input', 'want'),
    run: (content) => runUtf8Matchers(content as MatcherFile),
  },
  {
    prefix: 'am-route-match',
    is: ({ suites }) => listOf(suites, 'route', 'cases'),
    run: (content) => runRouteMatch(content as RouteMatchFile),
  },
  {
    prefix: 'am-routes',
    is: ({ suites }) => listOf(suites, 'config', 'cases'),
    run: (content) => runRecordedRoutes(content as RecordedRoutesFile),
  },
  {
    prefix: 'am-inhibit',
    is: ({ has_equal: equal, rule_matches: rules }) => equal !== undefined && rules !== undefined,
    run: (content) => runInhibit(content as InhibitFile),
  },
  {
    prefix: 'am-time-intervals',
    is: ({ intervals }) => listOf(intervals, 'interval', 'contains'),
    run: (content) => runTimeIntervals(content as TimeIntervalFile),
  },
  {
    prefix: 'am-live',
    is: ({ steps, notifications }) => listOf(steps, 't', 'scn') && notifications !== undefined,
    run: (content) => runLive(content as LiveFile),
  },
  {
    prefix: 'prom-rules',
    is: ({ value_timeline: timeline, snapshots }) =>
      Array.isArray(timeline) && listOf(snapshots, 't'),
    run: (content) => runPromRules(content as PromRulesFile),
  },
  {
    prefix: 'prom-templates',
    is: ({ cases }) => listOf(cases, 'text'),
    run: (content) => runTemplates(content as TemplateFile),
  },
];

/** There is nothing to run; the message names the folder. */
export class NothingToRunError extends Error {}

export interface FileReport {
  readonly file: string;
  readonly outcome: FileOutcome | undefined;
  /** Why the file could not be run. */
  readonly error?: string;
  /** It is of no kind that is run here. */
  readonly isUnknown?: true;
}

/** Runs every conformance file of a folder and below, and the configuration fixtures there. */
export async function* runFolder(folder: string): AsyncIterableIterator<FileReport> {
  let names: readonly string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NothingToRunError(`${folder} cannot be read: ${reason}`, { cause });
  }
  const files = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  const fixtures = new Set(configFixturesIn(folder));
  let hasRun = false;
  for (const file of files) {
    const report = await runFile(file, fixtures.has(file));
    hasRun ||= report.isUnknown !== true;
    yield report;
  }
  if (hasRun) return;
  throw new NothingToRunError(
    `${folder} has no ${KINDS.map(({ prefix }) => `${prefix}*.json`).join(', ')} and no Alertmanager configuration`,
  );
}

async function runFile(file: string, isConfig: boolean): Promise<FileReport> {
  if (isConfig) return { file, outcome: { cases: [runConfigFixture(file)], leftOut: [] } };
  const unknown = { file, outcome: undefined, isUnknown: true } as const;
  if (!file.endsWith('.json')) return unknown;
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const kind =
      KINDS.find(({ prefix }) => basename(file).startsWith(prefix)) ??
      (typeof content === 'object' && content !== null
        ? KINDS.find(({ is }) => is(content as Readonly<Record<string, unknown>>))
        : undefined);
    return kind === undefined ? unknown : { file, outcome: await kind.run(content) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { file, outcome: undefined, error: reason };
  }
}

export function passed({ outcome, isUnknown, error }: FileReport): boolean {
  if (isUnknown === true) return true;
  return error === undefined && outcome?.cases.every((found) => found.passed) === true;
}

/** A line for the file, and what was expected and what came for each failure. */
export function describeFile(report: FileReport): string {
  const { file, outcome, error, isUnknown } = report;
  const name = basename(file);
  if (isUnknown === true) return `unknown ${name}  of no kind that is run here\n`;
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
  const run = reports.filter(({ isUnknown }) => isUnknown !== true);
  const cases = run.flatMap(({ outcome }) => outcome?.cases ?? []);
  return (
    `${run.filter(passed).length} of ${run.length} files passed, ` +
    `${cases.filter((found) => found.passed).length} of ${cases.length} cases\n`
  );
}
