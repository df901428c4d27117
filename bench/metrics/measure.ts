// One server, one part: what is sent, and what is read off.
import { type Figures, short } from './figures.ts';
import { ingest } from './ingest.ts';
import { type FigureName, type Part } from './parts.ts';
import { cpuSeconds, untilIdle } from './process-stats.ts';
import {
  countSamples,
  largestDifference,
  measureQuery,
  QUERY_NAMES,
  type QueryFigures,
  type QueryName,
  relativeDifference,
} from './query.ts';
import { readRequests } from './request-file.ts';
import { type BenchServer } from './server.ts';
import { workload } from './workload.ts';

export type Answers = Readonly<Record<QueryName, QueryFigures>>;

export interface Measured {
  readonly part: Part;
  readonly requestsPath: string;
  readonly figures: Figures;
  readonly log: (line: string) => void;
  /** A figure that cannot be had; it does not cost the others. */
  readonly fail: (error: unknown) => void;
  /** What Prometheus answered to the queries in this round. */
  readonly reference: Answers | undefined;
}

/** @returns the answers to the queries, where the part has any */
export async function measure(
  server: BenchServer,
  { part, requestsPath, figures, log, fail, reference }: Measured,
): Promise<Answers | undefined> {
  const add = (name: FigureName, value: number): void =>
    figures.add(part.name, server.name, name, value);
  const { sampleCount, series } = workload(part.workload);

  const sent = await ingest(server, readRequests(requestsPath));
  if (sent.sampleCount !== sampleCount) {
    throw new Error(`${requestsPath} has ${sent.sampleCount} samples in place of ${sampleCount}`);
  }
  add('samples per CPU second', sent.samplesPerCpuSecond);
  add('samples per second', sent.samplesPerSecond);
  add('resident MiB', sent.residentMiB);
  log(
    `${short(sent.samplesPerCpuSecond)} samples per CPU second (${short(sent.serverCpuSeconds)} s), ` +
      `${short(sent.samplesPerSecond)} per second, ack p50 ${short(sent.ackP50Ms)} p99 ${short(sent.ackP99Ms)} ms, ` +
      `resident ${short(sent.residentMiB)} peak ${short(sent.peakMiB)} MiB, ` +
      `generator ${short(sent.generatorCpuSeconds)} CPU s`,
  );

  const cpuBefore = cpuSeconds(server.pid);
  await server.flush();
  const flushSeconds = cpuSeconds(server.pid) - cpuBefore;
  if (flushSeconds > 0.02)
    log(`${short(flushSeconds)} CPU s more to flush, which are not in these`);

  if (part.hasDiskUse) {
    try {
      const { bytes, sampleCount: onDisk = sampleCount, how } = await server.diskUse();
      add('bytes per sample', bytes / onDisk);
      const among = onDisk === sampleCount ? '' : ` of ${short(onDisk)} samples`;
      log(`${short(bytes / onDisk)} bytes per sample${among} (${how})`);
    } catch (error) {
      fail(error);
    }
  }
  let answers: Answers | undefined;
  if (part.hasQueries) {
    await untilIdle(server.pid);
    const [a, b, c] = [
      await measureQuery(server, 'a'),
      await measureQuery(server, 'b'),
      await measureQuery(server, 'c'),
    ];
    answers = { a, b, c };
    for (const name of QUERY_NAMES) report(name, answers[name], reference?.[name], { add, log });
  }

  // What was acknowledged and is not there was not measured either.
  const stored = await countSamples(server, new Set(series.map(([name]) => name?.[1] ?? '')));
  if (stored !== sampleCount) {
    throw new Error(`it acknowledged ${sampleCount} samples and has ${stored}`);
  }
  return answers;
}

interface Report {
  readonly add: (name: FigureName, value: number) => void;
  readonly log: (line: string) => void;
}

function report(
  name: QueryName,
  query: QueryFigures,
  wanted: QueryFigures | undefined,
  { add, log }: Report,
): void {
  add(`query ${name}, cold ms`, query.coldMs);
  add(`query ${name}, warm ms`, query.warmP50Ms);
  add(`query ${name}, CPU ms`, query.cpuMsPerRun);
  log(
    `query ${name}: cold ${short(query.coldMs)} ms, warm p50 ${short(query.warmP50Ms)} ms, ` +
      `${short(query.cpuMsPerRun)} CPU ms a run, checksum ${query.checksum.toPrecision(10)}`,
  );
  if (wanted === undefined) return;
  const largest = largestDifference(query.betweenSamples, wanted.betweenSamples);
  const checksum = relativeDifference(query.checksum, wanted.checksum);
  add(`query ${name}, largest difference to Prometheus`, largest);
  add(`query ${name}, checksum difference to Prometheus`, checksum);
  log(
    `query ${name}: differs from Prometheus by ${short(largest)} at most between samples, ` +
      `checksum on the minute ${wanted.checksum.toPrecision(10)} there (${short(checksum)})`,
  );
}
