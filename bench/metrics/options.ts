import { parseArgs } from 'node:util';

import { type Form } from './dwcp.ts';
import { FULL, type Part, QUICK } from './parts.ts';
import { SERVER_NAMES, type ServerName } from './server.ts';

export const USAGE = `npm run bench:metrics [-- options]

  --quick           about 2 M samples a server in place of 20 M, one round, no queries
  --only PART,...   ${FULL.map(({ name }) => name).join(', ')}; with --quick: ${QUICK.map(({ name }) => name).join(', ')}
  --servers S,...   of ${SERVER_NAMES.join(', ')}; what has no other side is not judged
  --runs N          rounds, of which the median counts (3; with --quick 1)
  --source          run ours from its sources in place of dist
  --keep            leave the data folders and say where they are
  --json FILE       write all figures there as well
`;

export interface Options {
  readonly isQuick: boolean;
  readonly parts: readonly Part[];
  readonly servers: readonly ServerName[];
  readonly runs: number;
  readonly form: Form;
  readonly keep: boolean;
  readonly jsonFile: string | undefined;
}

/** @returns undefined when help was asked for  @throws Error naming the option, value and choices */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      servers: { type: 'string' },
      runs: { type: 'string' },
      source: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;

  const all = values.quick ? QUICK : FULL;
  const names = chosen(
    '--only',
    values.only,
    all.map(({ name }) => name),
  );
  const runs = values.runs ?? (values.quick ? '1' : '3');
  if (!/^[1-9]\d?$/.test(runs)) throw new Error(`--runs wants a number from 1 to 99, got ${runs}`);
  return {
    isQuick: values.quick,
    parts: all.filter(({ name }) => names.includes(name)),
    servers: chosen('--servers', values.servers, SERVER_NAMES),
    runs: Number(runs),
    form: values.source ? 'source' : 'dist',
    keep: values.keep,
    jsonFile: values.json,
  };
}

function chosen<Name extends string>(
  option: string,
  value: string | undefined,
  choices: readonly Name[],
): readonly Name[] {
  if (value === undefined) return choices;
  const wanted = value.split(',');
  const unknown = wanted.find((name) => !choices.some((choice) => choice === name));
  if (unknown !== undefined) {
    throw new Error(
      `${option} has ${JSON.stringify(unknown)}, which is none of ${choices.join(', ')}`,
    );
  }
  return choices.filter((name) => wanted.includes(name));
}
