import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from './temporary-directory.ts';

const HOURS = 24;
/** Everything is there for at most 6 hours, and is gone some two hours later. */
const EARLY = { from: 10, to: 14 };
const LATE = { from: 20, to: 24 };

/** From the early hours to the late ones. */
const MAX_GROWTH = {
  heapUsed: 1.05,
  arrayBuffers: 1.05,
  external: 1.05,
  diskBytes: 1.05,
  series: 1,
  files: 1,
  descriptors: 1,
  timers: 1,
  // The garbage of an hour, some 30 MB, is given back to the system or not, as it lies in the C heap:
  // a step, now and then, which does not come twice.
  rss: 1.25,
};

/** Else V8 takes and gives back tens of megabytes for its young objects as it sees fit. */
const AS_THE_SERVER = [
  '--semi-space-growth-factor=1',
  '--max-semi-space-size=4',
  '--heap-growing-percent=20',
];

type Measured = Readonly<Record<string, number>>;

/** A day of appending, churn, queries and retention in a process of its own. */
async function runADay(): Promise<{ hours: readonly Measured[]; problems: readonly string[] }> {
  const writer = join(import.meta.dirname, 'long-run-writer.ts');
  const node = ['--expose-gc', '--conditions=@dwcp/source', ...AS_THE_SERVER, writer];
  const child = spawn(process.execPath, [...node, temporaryDirectory(), String(HOURS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, text }).toMatchObject({ code: 0 });
  const lines = text.trim().split('\n');
  const { problems } = JSON.parse(lines.pop() ?? '') as { readonly problems: readonly string[] };
  return { hours: lines.map((line) => JSON.parse(line) as Measured), problems };
}

function mean(hours: readonly Measured[], what: string, { from, to }: typeof EARLY): number {
  const values = hours.slice(from - 1, to).map((one) => one[what] ?? Number.NaN);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function tableOf(hours: readonly Measured[]): string {
  const columns = Object.keys(hours[0] ?? {});
  const cells = hours.map((one) =>
    columns.map((name) => {
      const value = one[name] ?? Number.NaN;
      return value >= 1e6 ? `${(value / 1e6).toFixed(2)} MB` : String(value);
    }),
  );
  return [columns, ...cells].map((row) => row.map((cell) => cell.padStart(12)).join('')).join('\n');
}

test(
  'in a day of churn nothing grows but with the series there are, and the answers are right',
  { timeout: 600_000 },
  async () => {
    const { hours, problems } = await runADay();
    process.stdout.write(`${tableOf(hours)}\n`);
    expect(problems).toEqual([]);
    expect(hours).toHaveLength(HOURS);
    const growing = Object.entries(MAX_GROWTH).filter(
      ([what, limit]) => mean(hours, what, LATE) / mean(hours, what, EARLY) > limit,
    );
    expect(growing).toEqual([]);
  },
);
