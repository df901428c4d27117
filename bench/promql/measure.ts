// What is measured: the data loaded, each query's cost, panels repeated, ingestion while a server answers.
import { short } from '../metrics/figures.ts';
import { ingest } from '../metrics/ingest.ts';
import { untilIdle } from '../metrics/process-stats.ts';
import { type PackedRequest, readRequests } from '../metrics/request-file.ts';
import { type BenchServer } from '../metrics/server.ts';
import { type Answer, answerOf, ask, difference, pointCount, urlOf } from './ask.ts';
import { costOf, median } from './cost.ts';
import { startLiveWriter } from './live.ts';
import { type Options } from './options.ts';
import { ALL_QUERIES } from './queries.ts';
import { PANEL_POINTS, type Repeated, type Results } from './results.ts';

const TOLERANCE = 1e-9;
const REPEATS = 30;

export interface Measuring {
  readonly server: BenchServer;
  readonly options: Options;
  readonly files: { readonly stored: readonly string[]; readonly live: string | undefined };
  readonly results: Results;
  readonly log: (line: string) => void;
  /** Something that cannot be had; it does not cost the others. */
  readonly fail: (what: string, error: unknown) => void;
}

/** A server that has the data. */
export interface Loaded extends Measuring {
  readonly answers: ReadonlyMap<string, Answer>;
}

/** @param reference what Prometheus answered, by query */
export async function load(
  measuring: Measuring,
  reference: ReadonlyMap<string, Answer> | undefined,
): Promise<Loaded> {
  const { server, files, log } = measuring;
  const { sampleCount, serverCpuSeconds } = await ingest(server, together(files.stored));
  log(`${short(sampleCount / 1e6)} M samples loaded with ${short(serverCpuSeconds)} CPU s`);
  await server.flush();
  await untilIdle(server.pid);
  return { ...measuring, answers: await compareAnswers(measuring, reference) };
}

/**
 * The sets side by side, each in a lane of its own: both have a request for every 15 seconds, and
 * Prometheus takes nothing that is an hour older than its newest sample.
 */
function* together(paths: readonly string[]): Generator<PackedRequest> {
  const sets = paths.map((path) => readRequests(path));
  try {
    for (;;) {
      const next = sets.map((requests) => requests.next());
      for (const [lane, { done, value }] of next.entries()) {
        if (done !== true) yield { ...value, lane };
      }
      if (next.every(({ done }) => done)) return;
    }
  } finally {
    for (const requests of sets) requests.return(undefined);
  }
}

async function compareAnswers(
  { server, options, results, fail }: Measuring,
  reference: ReadonlyMap<string, Answer> | undefined,
): Promise<ReadonlyMap<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const query of options.queries) {
    try {
      const { body } = await ask(urlOf(server, { query, span: options, useCache: false }));
      const answer = answerOf(body);
      answers.set(query.name, answer);
      if (server.name === 'prometheus' && pointCount(answer) === 0 && !options.isQuick) {
        throw new Error('the answer is empty, so nothing can be compared with it');
      }
      const wanted = reference?.get(query.name);
      // VictoriaMetrics does not extrapolate, by design.
      if (wanted === undefined || server.name !== 'dwcp') continue;
      results.comparedCount++;
      const found = difference(answer, wanted, TOLERANCE);
      if (found !== undefined) results.wrong.push(`${query.name}: ${found}`);
    } catch (error) {
      fail(query.name, error);
    }
  }
  return answers;
}

/**
 * Each query is asked of one server after the other: how quick the machine is changes within minutes,
 * and ratios are of what was measured within seconds.
 */
export async function measureCosts(
  servers: readonly Loaded[],
  { queries, runs }: Pick<Options, 'queries' | 'runs'>,
): Promise<void> {
  for (const { server, results } of servers) {
    results.costs.set(server.name, new Map(queries.map(({ name }) => [name, []])));
  }
  for (let round = 1; round <= runs; round++) {
    for (const query of queries) {
      for (const { server, options, results, answers, log, fail } of servers) {
        if (!answers.has(query.name)) continue;
        try {
          const cost = await costOf(
            server,
            urlOf(server, { query, span: options, useCache: false }),
          );
          results.costs.get(server.name)?.get(query.name)?.push(cost);
          log(
            `[${round}/${runs}] ${query.name}: ${short(cost.cpuMs)} CPU ms, ` +
              `p50 ${short(cost.wallP50Ms)} ms (${cost.runs} runs)`,
          );
        } catch (error) {
          fail(query.name, error);
        }
      }
    }
  }
}

/** Panels a second time and again, as dashboards ask; the answers may come from a cache. */
export async function repeat({ server, options, results, log, fail }: Loaded): Promise<void> {
  const all: Repeated[] = [];
  for (const query of ALL_QUERIES.filter(({ range }) => range !== undefined)) {
    const panel = { query, span: options, useCache: true, isAligned: true } as const;
    // Within the data.
    const moves = Math.min(REPEATS, 3_600 / (query.range?.stepSeconds ?? 1));
    try {
      const { body } = await ask(urlOf(server, { ...panel, stepsBack: moves }));
      const points = pointCount(answerOf(body));
      const movingMs: number[] = [];
      for (let back = moves - 1; back >= 0; back--) {
        movingMs.push((await ask(urlOf(server, { ...panel, stepsBack: back }))).wallMs);
      }
      const sameMs: number[] = [];
      let kept = body;
      for (let run = 0; run < REPEATS; run++) {
        const reply = await ask(urlOf(server, panel));
        sameMs.push(reply.wallMs);
        kept = reply.body;
      }
      const fresh = await ask(urlOf(server, { ...panel, useCache: false }));
      const found = difference(answerOf(kept), answerOf(fresh.body), TOLERANCE);
      if (found !== undefined && server.name === 'dwcp') {
        results.wrong.push(`${query.name} from the cache: ${found}`);
      }
      all.push({
        query: query.name,
        points,
        sameP50Ms: median(sameMs),
        movingP50Ms: median(movingMs),
      });
    } catch (error) {
      fail(`${query.name}, repeated`, error);
    }
  }
  results.repeated.set(server.name, all);
  for (const { query, points, sameP50Ms, movingP50Ms } of all) {
    log(
      `repeated ${query}: p50 ${short(sameP50Ms)} ms, window moving ${short(movingP50Ms)} ms, ` +
        `${points} points${points > PANEL_POINTS ? ' (not judged)' : ''}`,
    );
  }
}

export async function ingestMeanwhile(
  { server, options, results, log, fail }: Loaded,
  requestsPath: string,
): Promise<void> {
  const writer = startLiveWriter(server, requestsPath);
  let asked = 0;
  const waitMs: number[] = [];
  while (!writer.isDone) {
    for (const query of ALL_QUERIES) {
      if (writer.isDone) break;
      try {
        const url = urlOf(server, { query, span: options, useCache: false });
        waitMs.push((await ask(url)).wallMs);
        asked++;
      } catch (error) {
        fail(`${query.name}, while samples come in`, error);
      }
    }
  }
  const live = await writer.done();
  results.live.set(server.name, live);
  log(
    `while ${asked} queries ran (p50 ${short(median(waitMs))}, longest ${short(Math.max(...waitMs))} ms): ` +
      `${short(live.sampleCount / live.seconds)} samples per second, acknowledgements p50 ${short(live.ackP50Ms)} ` +
      `p99 ${short(live.ackP99Ms)} longest ${short(live.ackMaxMs)} ms`,
  );
}
