// Runs the Alertmanager, rule and template conformance files in and below a folder against our alerting:
//   npm run conformance:alerting -- FOLDER [--json]
// Exit codes: 0 all passed, 1 something failed, 2 wrong command line or nothing to run.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import {
  describeAll,
  describeFile,
  type FileReport,
  NothingToRunError,
  passed,
  runFolder,
} from '../test/alertmanager/conformance/run-folder.ts';

const USAGE = 'usage: npm run conformance:alerting -- FOLDER [--json]';

/** Where the command puts its text. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** @param folderOf resolves what the user typed */
export async function main(
  argv: readonly string[],
  folderOf: (path: string) => string,
  { out, err }: Output,
): Promise<number> {
  const reports: FileReport[] = [];
  let json = false;
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) {
      err(`conformance: wants one folder; ${USAGE}\n`);
      return 2;
    }
    json = values.json;
    for await (const report of runFolder(folderOf(folder))) {
      reports.push(report);
      if (!json) out(describeFile(report));
    }
  } catch (error) {
    if (error instanceof NothingToRunError) err(`conformance: ${error.message}\n`);
    else if (error instanceof TypeError && 'code' in error) {
      err(`conformance: ${error.message}; ${USAGE}\n`);
    } else throw error;
    return 2;
  }
  const all = reports.every(passed);
  out(
    json
      ? `${JSON.stringify({ passed: all, files: reports }, undefined, 2)}\n`
      : describeAll(reports),
  );
  return all ? 0 : 1;
}

if (import.meta.main) {
  // A reader that has seen enough, as "head" does, is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(1);
  });
  // npm runs scripts in the package's folder; a path is meant from where the user stands.
  const from = process.env['INIT_CWD'] ?? process.cwd();
  process.exitCode = await main(process.argv.slice(2), (path) => resolve(from, path), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
}
