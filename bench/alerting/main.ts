// Rules and notifications of our server, rules beside Prometheus; see README.md.
//
//   npm run bench:alerting [-- --quick] [-- --only rules-1000] [-- --help]
//
// Exits with 1 when a bar is missed or something could not be measured, with 2 on a wrong option.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

import { cleanUpAtExit } from '../metrics/cleanup.ts';
import { build } from '../metrics/dwcp.ts';
import { short } from '../metrics/figures.ts';
import { pinTo } from '../metrics/process-stats.ts';
import { GENERATOR_CORE } from '../metrics/server.ts';
import { median } from '../promql/cost.ts';
import { evaluate, type Evaluated } from './evaluate.ts';
import { notify } from './notify.ts';
import { type Options, type PartName, readOptions, rulePart, USAGE } from './options.ts';
import { judge, lineOf, type Results } from './results.ts';
import { ruleFile, startWithRules } from './servers.ts';

const NOTIFY_RUNS = 5;
/** Before those that count. */
const NOTIFY_WARM_RUNS = 3;

const log = (line: string): void => console.log(line);
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
const load = (): string => loadavg()[0]?.toFixed(1) ?? '';

async function evaluated(
  name: 'prometheus' | 'dwcp',
  part: Exclude<PartName, 'notify'>,
  options: Options,
): Promise<Evaluated> {
  const what = rulePart(part, options.isQuick);
  const rules = ruleFile(what.rules, what.intervalMs);
  await using server = await startWithRules(name, rules, options);
  const found = await evaluate(server, what);
  const of = (figure: 'evaluationMs' | 'cpuMs'): string =>
    short(median(found.passes.map((pass) => pass[figure])));
  log(
    `${part} ${name}: evaluation ${of('evaluationMs')} ms, CPU ${of('cpuMs')} ms per pass, ` +
      `load average ${load()}${options.keep ? `, data in ${server.folder}` : ''}`,
  );
  return found;
}

async function measure(options: Options): Promise<Results> {
  const results: Results = { evaluated: new Map(), notified: [], failures: [] };
  const guarded = async (part: PartName, run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      results.failures.push(`${part}: ${messageOf(error)}`);
    }
  };
  // In this process, which has both cores until the servers come.
  if (options.parts.includes('notify')) {
    await guarded('notify', async () => {
      for (let time = 0; time < NOTIFY_WARM_RUNS; time++) await notify();
      for (let time = 0; time < NOTIFY_RUNS; time++) results.notified.push(await notify());
    });
  }
  pinTo(GENERATOR_CORE);
  for (let run = 0; run < options.runs; run++) {
    for (const part of options.parts) {
      if (part === 'notify') continue;
      await guarded(part, async () => {
        const theirs =
          part === 'rules-1000' ? await evaluated('prometheus', part, options) : undefined;
        const ours = await evaluated('dwcp', part, options);
        const rounds = results.evaluated.get(part) ?? [];
        results.evaluated.set(part, [...rounds, { ours, theirs }]);
      });
    }
  }
  return results;
}

async function main(options: Options): Promise<boolean> {
  if (availableParallelism() < 2) {
    throw new Error('this needs two cores: one for who asks, one for the server');
  }
  cleanUpAtExit();
  const startedMs = performance.now();
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.versions.node}`;
  log(`${new Date().toISOString()}, ${machine}, load average ${load()}`);
  if (options.isQuick) log('QUICK: one round, few passes; only the full run is quoted');
  if (options.form === 'dist') build();

  const results = await measure(options);
  const bars = judge(results, options.parts);
  for (const failure of results.failures) log(`FAILED ${failure}`);
  for (const bar of bars) log(lineOf(bar));
  const reached = bars.filter(({ isReached }) => isReached);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  log(
    `${options.isQuick ? 'QUICK: ' : ''}${reached.length} of ${bars.length} bars reached in ${seconds} s, load average ${load()}`,
  );
  if (options.jsonFile !== undefined) {
    const result = {
      measuredAt: new Date().toISOString(),
      machine,
      isQuick: options.isQuick,
      form: options.form,
      runs: options.runs,
      bars,
      passes: Object.fromEntries(
        [...results.evaluated].map(([part, rounds]) => [
          part,
          rounds.map(({ ours, theirs }) => ({ ours: ours.passes, theirs: theirs?.passes })),
        ]),
      ),
      notified: results.notified,
      failures: results.failures,
    };
    writeFileSync(options.jsonFile, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  return reached.length === bars.length && results.failures.length === 0;
}

let options: Options | undefined;
try {
  options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(USAGE);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
if (options !== undefined) {
  try {
    process.exitCode = (await main(options)) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
