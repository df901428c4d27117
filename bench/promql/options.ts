import { parseArgs } from 'node:util';

import { type Form } from '../metrics/dwcp.ts';
import { SERVER_NAMES, type ServerName } from '../metrics/server.ts';
import { ALL_QUERIES, type BenchQuery } from './queries.ts';

export const USAGE = `npm run bench:promql [-- options]

  --quick           3 hours of data in place of 24, one round
  --only NAME,...   queries whose names begin so: anchor, cpu-busy, ...; without the parts below
                    live: ingestion while queries run; repeated: the result cache
  --servers S,...   of ${SERVER_NAMES.join(', ')}; what has no other side is not judged
  --runs N          rounds, of which the median counts (3; with --quick 1)
  --source          run ours from its sources in place of dist
  --keep            leave the data folders and say where they are
  --json FILE       write all figures there as well
`;

export interface Options {
  readonly isQuick: boolean;
  readonly hours: number;
  readonly liveSeconds: number;
  readonly queries: readonly BenchQuery[];
  readonly hasLive: boolean;
  readonly hasRepeated: boolean;
  readonly servers: readonly ServerName[];
  readonly runs: number;
  readonly form: Form;
  readonly keep: boolean;
  readonly jsonFile: string | undefined;
}

/** @returns undefined when help was asked for  @throws Error naming the option and value */
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
  const runs = values.runs ?? (values.quick ? '1' : '3');
  if (!/^[1-9]\d?$/.test(runs)) throw new Error(`--runs wants a number from 1 to 99, got ${runs}`);
  const only = values.only?.split(',');
  for (const prefix of only ?? []) {
    const isKnown =
      ['live', 'repeated'].includes(prefix) ||
      ALL_QUERIES.some(({ name }) => name.startsWith(prefix));
    if (!isKnown) throw new Error(`--only has ${JSON.stringify(prefix)}, and no query begins so`);
  }
  const servers = values.servers?.split(',');
  for (const name of servers ?? []) {
    if (!SERVER_NAMES.some((known) => known === name)) {
      throw new Error(
        `--servers has ${JSON.stringify(name)}; there are ${SERVER_NAMES.join(', ')}`,
      );
    }
  }
  return {
    isQuick: values.quick,
    hours: values.quick ? 3 : 24,
    liveSeconds: values.quick ? 12 : 40,
    queries: ALL_QUERIES.filter(
      ({ name }) => only === undefined || only.some((prefix) => name.startsWith(prefix)),
    ),
    hasLive: only?.includes('live') ?? true,
    hasRepeated: only?.includes('repeated') ?? true,
    servers: SERVER_NAMES.filter((name) => servers?.includes(name) ?? true),
    runs: Number(runs),
    form: values.source ? 'source' : 'dist',
    keep: values.keep,
    jsonFile: values.json,
  };
}
