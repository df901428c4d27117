// PromQL on our server, Prometheus and VictoriaMetrics, over the same data; see README.md.
//
//   npm run bench:promql [-- --quick] [-- --only anchor] [-- --help]
//
// Exits with 1 when a bar is missed or something could not be measured, with 2 on a wrong option.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

import { cleanUpAtExit } from '../metrics/cleanup.ts';
import { build, startDwcp } from '../metrics/dwcp.ts';
import { startPrometheus, startVictoriaMetrics } from '../metrics/peers.ts';
import { pinTo } from '../metrics/process-stats.ts';
import { requestFile } from '../metrics/request-file.ts';
import { type BenchServer, GENERATOR_CORE, type ServerName } from '../metrics/server.ts';
import { dashboardSet } from './dashboard-data.ts';
import { liveSet } from './live.ts';
import { ingestMeanwhile, load as loadData, type Loaded, measureCosts, repeat } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { judge, lineOf, type Results, table } from './results.ts';

const log = (line: string): void => console.log(line);
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
const load = (): string => loadavg()[0]?.toFixed(1) ?? '';

function start(name: ServerName, { form, keep }: Options): Promise<BenchServer> {
  if (name === 'prometheus') return startPrometheus(keep);
  return name === 'victoria-metrics' ? startVictoriaMetrics(keep) : startDwcp({ form, keep });
}

async function main(options: Options): Promise<boolean> {
  if (availableParallelism() < 2) {
    throw new Error('this needs two cores: one for the generator, one for the server');
  }
  cleanUpAtExit();
  const startedMs = performance.now();
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.versions.node}`;
  log(`${new Date().toISOString()}, ${machine}, load average ${load()}`);
  if (options.isQuick) log('QUICK: 3 hours of data, one round; only the full run is quoted');
  if (options.servers.includes('dwcp') && options.form === 'dist') build();

  const { hours, liveSeconds } = options;
  const files = {
    stored: [
      await requestFile(`query-${hours}h`, log),
      await requestFile(dashboardSet(hours), log),
    ],
    live: options.hasLive ? await requestFile(liveSet(hours, liveSeconds), log) : undefined,
  };
  pinTo(GENERATOR_CORE);

  const results: Results = {
    costs: new Map(),
    repeated: new Map(),
    live: new Map(),
    wrong: [],
    comparedCount: 0,
    failures: [],
  };
  await using started = new AsyncDisposableStack();
  const loaded: Loaded[] = [];
  for (const name of options.servers) {
    const title = `${name}: `;
    const fail = (what: string, error: unknown): void => {
      results.failures.push(`${title}${what}: ${messageOf(error)}`);
      log(`${title}FAILED ${what}: ${messageOf(error)}`);
    };
    try {
      const server = started.use(await start(name, options));
      log(`${title}load average ${load()}${options.keep ? `, data in ${server.folder}` : ''}`);
      const measuring = {
        server,
        options,
        files,
        results,
        log: (line: string) => log(title + line),
        fail,
      };
      const reference = loaded.find((one) => one.server.name === 'prometheus')?.answers;
      loaded.push(await loadData(measuring, reference));
    } catch (error) {
      fail('not measured', error);
    }
  }
  await measureCosts(loaded, options);
  for (const one of loaded) {
    try {
      if (options.hasRepeated && one.server.name !== 'prometheus') await repeat(one);
      if (files.live !== undefined) await ingestMeanwhile(one, files.live);
    } catch (error) {
      one.fail('not measured', error);
    }
    // What it still has to do is not to be on the core of the next.
    await one.server[Symbol.asyncDispose]();
  }

  const bars = judge(results, options);
  log(`\nserver CPU ms per query\n${table(results, options.queries)}\n`);
  for (const wrong of results.wrong) log(`DIFFERS ${wrong}`);
  for (const failure of results.failures) log(`FAILED ${failure}`);
  for (const bar of bars) log(lineOf(bar));
  const judged = bars.filter(({ isReached }) => isReached !== undefined);
  const reached = judged.filter(({ isReached }) => isReached === true);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  log(
    `${options.isQuick ? 'QUICK: ' : ''}${reached.length} of ${judged.length} bars reached in ${seconds} s, load average ${load()}`,
  );
  if (options.jsonFile !== undefined) {
    const result = {
      measuredAt: new Date().toISOString(),
      machine,
      isQuick: options.isQuick,
      form: options.form,
      runs: options.runs,
      bars,
      costs: Object.fromEntries(
        [...results.costs].map(([server, costs]) => [server, Object.fromEntries(costs)]),
      ),
      repeated: Object.fromEntries(results.repeated),
      live: Object.fromEntries(results.live),
      wrong: results.wrong,
      failures: results.failures,
    };
    writeFileSync(options.jsonFile, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  return (
    reached.length === judged.length && results.wrong.length === 0 && results.failures.length === 0
  );
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
