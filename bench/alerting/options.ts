import { parseArgs } from 'node:util';

import { type Form } from '../metrics/dwcp.ts';

export const USAGE = `npm run bench:alerting [-- options]

  --quick           one round, fewer passes; under a minute
  --only PART,...   rules-1000, rules-100, notify
  --runs N          rounds, of which the median counts (3; with --quick 1)
  --source          run ours from its sources in place of dist
  --keep            leave the data folders and say where they are
  --json FILE       write all figures there as well
`;

export const PARTS = ['rules-1000', 'rules-100', 'notify'] as const;
export type PartName = (typeof PARTS)[number];

export interface Options {
  readonly isQuick: boolean;
  readonly parts: readonly PartName[];
  readonly runs: number;
  readonly form: Form;
  readonly keep: boolean;
  readonly jsonFile: string | undefined;
}

/** What is evaluated in a part. */
export interface RulePart {
  readonly rules: number;
  readonly intervalMs: number;
  /** Passes with the data before the first that counts: code is warm, and what fires does. */
  readonly warmPasses: number;
  readonly passes: number;
}

export function rulePart(part: Exclude<PartName, 'notify'>, isQuick: boolean): RulePart {
  return part === 'rules-100'
    ? { rules: 100, intervalMs: 500, warmPasses: isQuick ? 12 : 20, passes: isQuick ? 6 : 30 }
    : {
        rules: 1_000,
        intervalMs: isQuick ? 1_500 : 3_000,
        warmPasses: isQuick ? 7 : 10,
        passes: isQuick ? 4 : 10,
      };
}

/** @returns undefined when help was asked for  @throws Error naming the option and value */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
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
  for (const name of only ?? []) {
    if (!PARTS.some((part) => part === name)) {
      throw new Error(`--only has ${JSON.stringify(name)}, which is none of ${PARTS.join(', ')}`);
    }
  }
  return {
    isQuick: values.quick,
    parts: PARTS.filter((name) => only?.includes(name) ?? true),
    runs: Number(runs),
    form: values.source ? 'source' : 'dist',
    keep: values.keep,
    jsonFile: values.json,
  };
}
