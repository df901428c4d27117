// The metric store against Prometheus and VictoriaMetrics; see README.md.
//
//   npm run bench:metrics [-- --quick] [-- --only ingest-10k] [-- --help]
//
// Exits with 1 when a bar is missed or something could not be measured, with 2 on a wrong option.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

import { cleanUpAtExit } from './cleanup.ts';
import { build, startDwcp } from './dwcp.ts';
import { Figures, judge, table } from './figures.ts';
import { type Answers, measure } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { type Part } from './parts.ts';
import { startPrometheus, startVictoriaMetrics } from './peers.ts';
import { pinTo } from './process-stats.ts';
import { requestFile } from './request-file.ts';
import { type BenchServer, GENERATOR_CORE, type ServerName } from './server.ts';

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
  log(
    `${machine}, load average ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}`,
  );
  if (options.isQuick) log('QUICK: a tenth of the samples, one round; only the full run is quoted');

  const figures = new Figures();
  const failures: string[] = [];
  let servers = options.servers;
  if (servers.includes('dwcp') && options.form === 'dist') {
    try {
      build();
    } catch (error) {
      failures.push(`dwcp: ${messageOf(error)}`);
      servers = servers.filter((name) => name !== 'dwcp');
    }
  }
  if (servers.includes('dwcp')) log(`ours runs from ${options.form}`);

  const requests = new Map<Part, string>();
  for (const part of options.parts) requests.set(part, await requestFile(part.workload, log));
  pinTo(GENERATOR_CORE);

  for (let run = 1; run <= options.runs; run++) {
    for (const [part, requestsPath] of requests) {
      let reference: Answers | undefined;
      for (const name of part.servers.filter((server) => servers.includes(server))) {
        const title = `[${run}/${options.runs}] ${part.name} ${name}: `;
        const failed = (error: unknown): void => {
          failures.push(`${part.name} ${name}, run ${run}: ${messageOf(error)}`);
          log(`${title}FAILED: ${messageOf(error)}`);
        };
        try {
          await using server = await start(name, options);
          log(`${title}load average ${load()}${options.keep ? `, data in ${server.folder}` : ''}`);
          const answers = await measure(server, {
            part,
            requestsPath,
            figures,
            log: (line) => log(title + line),
            fail: failed,
            reference,
          });
          if (name === 'prometheus') reference = answers;
        } catch (error) {
          failed(error);
        }
      }
    }
  }

  const lines = options.parts.flatMap((part) => judge(part, figures, options.servers));
  log(`\n${table(lines)}`);
  if (options.runs > 1) log(`median of ${options.runs}`);
  for (const failure of failures) log(`FAILED ${failure}`);
  const missed = lines.filter(({ verdict }) => verdict === 'MISSED').length;
  const judged = lines.filter(({ verdict }) => verdict !== 'told').length;
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  log(
    `${options.isQuick ? 'QUICK: ' : ''}${judged - missed} of ${judged} bars reached in ${seconds} s, load average ${load()}`,
  );
  if (options.jsonFile !== undefined) {
    const result = {
      measuredAt: new Date().toISOString(),
      machine,
      loadAverage: loadavg(),
      isQuick: options.isQuick,
      form: options.form,
      runs: options.runs,
      lines,
      figures,
      failures,
    };
    writeFileSync(options.jsonFile, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  return missed === 0 && failures.length === 0;
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
