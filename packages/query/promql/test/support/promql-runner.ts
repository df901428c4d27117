import {
  isStale,
  type Labels,
  type QueryResult,
  QueryError,
  type Series,
  setStale,
} from '@dwcp/core';
import { parseExpression, printExpression, PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';

import { type Eval, type Load, parseScript, type SeriesLine } from './promql-script.ts';
import { type Stage, StageTracker } from './stages.ts';
import { canBePinned, evaluationTimes, pin } from './variants.ts';

/** What a script's evals came to. */
export interface ScriptOutcome {
  readonly evals: number;
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** How many evals of each stage there are, and how many passed. */
  readonly stages: Readonly<Record<Stage, { readonly evals: number; readonly passed: number }>>;
}

export interface Failure {
  readonly line: number;
  readonly stage: Stage;
  readonly reason: string;
}

const MIN_NORMAL = 2 ** -1022;

/** Runs a promqltest script against a fresh store. */
export async function runScript(text: string): Promise<ScriptOutcome> {
  const store = new MemoryMetricStore();
  const engine = new PromqlEngine({ store, clock: new ManualClock() });
  const failures: Failure[] = [];
  const stages = {
    classic: { evals: 0, passed: 0 },
    experimental: { evals: 0, passed: 0 },
    native: { evals: 0, passed: 0 },
    'start time': { evals: 0, passed: 0 },
  };
  const tracker = new StageTracker();
  let evals = 0;
  for (const command of parseScript(text)) {
    tracker.see(command);
    if (command.kind === 'clear') store.clear();
    else if (command.kind === 'load') load(store, command);
    else {
      const stage = tracker.stageOf(command);
      evals++;
      stages[stage].evals++;
      try {
        await check(engine, command);
        await checkVariants(engine, command);
        stages[stage].passed++;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures.push({ line: command.line, stage, reason: `${command.expression}: ${reason}` });
      }
    }
  }
  return { evals, passed: evals - failures.length, failures, stages };
}

/**
 * Runs an instant eval again in ways that must not change its answer: pinned to its time with `@`
 * and evaluated at other times, and each of those as the middle step of a range query.
 */
async function checkVariants(engine: PromqlEngine, wanted: Eval): Promise<void> {
  const { expression, startMs, stepMs } = wanted;
  const failing = wanted.expectations.some(({ kind }) => kind === 'fail');
  if (stepMs !== undefined || failing) return;
  const runs = [{ expression, unixMs: startMs }];
  if (canBePinned(expression)) {
    const pinned = printExpression(pin(parseExpression(expression), startMs));
    for (const unixMs of evaluationTimes(startMs)) runs.push({ expression: pinned, unixMs });
  }
  const bound = /\b(?:start|end|range|step)\s*\(/i.test(expression);
  const overRange =
    !wanted.ordered && wanted.text === undefined && wanted.rangeVector === undefined && !bound;
  for (const [i, run] of runs.entries()) {
    try {
      if (i > 0) checkValue(await engine.instant(run), wanted);
      if (!overRange) continue;
      const minute = { startUnixMs: run.unixMs - 60_000, endUnixMs: run.unixMs + 60_000 };
      const range = await engine.range({ expression: run.expression, ...minute, stepMs: 60_000 });
      checkValue(middleOf(range, run.unixMs, wanted), wanted);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`as ${run.expression} at ${run.unixMs}: ${reason}`, { cause });
    }
  }
}

/** The answer of a range query at one step, as an instant query gives it. */
function middleOf({ value, ...rest }: QueryResult, unixMs: number, wanted: Eval): QueryResult {
  if (value.kind !== 'matrix') throw new Error('a range query gave no matrix');
  const samples = value.series.flatMap(({ labels, timestamps, values, histograms }) => {
    const at = timestamps.indexOf(unixMs);
    if (at === -1) return [];
    const histogram = histograms?.[at];
    const sample = { labels, unixMs, value: values[at] ?? Number.NaN };
    return [histogram === undefined ? sample : { ...sample, histogram }];
  });
  if (wanted.scalar !== undefined) {
    return { ...rest, value: { kind: 'scalar', unixMs, value: samples[0]?.value ?? Number.NaN } };
  }
  return { ...rest, value: { kind: 'vector', samples } };
}

function load(store: MemoryMetricStore, { series, stepMs }: Load): void {
  // Of the same labels twice in one load the last line counts.
  const lines = new Map(
    series.filter((line) => !line.isStartTimes).map((line) => [line.labels.key, line]),
  );
  for (const line of lines.values()) {
    const loaded = toSeries(line, 0, stepMs);
    if (loaded.timestamps.length > 0) store.put(loaded);
  }
}

/** The samples of a series line; value i stands at `startMs + i * stepMs`. */
function toSeries({ labels, values }: SeriesLine, startMs: number, stepMs: number): Series {
  const present = values
    .map((value, i) => ({ value, unixMs: startMs + i * stepMs }))
    .filter(({ value }) => value.kind !== 'missing');
  const numbers = new Float64Array(present.length);
  for (const [i, { value }] of present.entries()) {
    if (value.kind === 'stale') setStale(numbers, i);
    else numbers[i] = value.kind === 'float' ? value.value : Number.NaN;
  }
  const timestamps = Float64Array.from(present, ({ unixMs }) => unixMs);
  const histograms = present.map(({ value }) =>
    value.kind === 'histogram' ? value.histogram : undefined,
  );
  return histograms.some((histogram) => histogram !== undefined)
    ? { labels, timestamps, values: numbers, histograms }
    : { labels, timestamps, values: numbers };
}

async function check(engine: PromqlEngine, wanted: Eval): Promise<void> {
  const { expression, startMs, endMs, stepMs, expectations } = wanted;
  const fail = expectations.find(({ kind }) => kind === 'fail');
  let result: QueryResult;
  try {
    result =
      stepMs === undefined
        ? await engine.instant({ expression, unixMs: startMs })
        : await engine.range({ expression, startUnixMs: startMs, endUnixMs: endMs, stepMs });
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const message = error.message.replace(/^\d+:\d+: parse error: /, '');
    if (fail === undefined || /not supported yet/.test(message)) throw error;
    if (!fail.matches(message)) throw new Error(`failed with ${message}, wanted ${fail.text}`);
    return;
  }
  if (fail !== undefined) throw new Error(`should fail with ${fail.text}`);
  checkMessages('warn', result.warnings, wanted, wanted.noWarn);
  checkMessages('info', result.infos, wanted, wanted.noInfo);
  checkValue(result, wanted);
}

function checkMessages(
  kind: 'warn' | 'info',
  found: readonly string[],
  wanted: Eval,
  wantsNone: boolean,
): void {
  if (wantsNone && found.length > 0) throw new Error(`unexpected ${kind}: ${found.join('; ')}`);
  const expected = wanted.expectations.filter((expectation) => expectation.kind === kind);
  if (expected.length === 0) return;
  const extra = found.find((message) => !expected.some(({ matches }) => matches(message)));
  const missing = expected.find(({ matches }) => !found.some(matches));
  if (extra !== undefined) throw new Error(`unexpected ${kind}: ${extra}`);
  if (missing !== undefined) throw new Error(`missing ${kind}: ${missing.text}`);
}

function checkValue({ value }: QueryResult, wanted: Eval): void {
  if (wanted.text !== undefined) {
    if (value.kind !== 'string' || value.value !== wanted.text) throw new Error('other string');
    return;
  }
  if (wanted.scalar !== undefined) {
    if (value.kind !== 'scalar') throw new Error(`got a ${value.kind}, wanted a scalar`);
    if (!almostEqual(value.value, wanted.scalar)) {
      throw new Error(`got ${value.value}, wanted ${wanted.scalar}`);
    }
    return;
  }
  if (value.kind === 'matrix') {
    const grid = wanted.rangeVector ?? {
      fromMs: wanted.startMs,
      stepMs: wanted.stepMs ?? 0,
      toMs: 0,
    };
    const series = wanted.series.map((line) => toSeries(line, grid.fromMs, grid.stepMs));
    checkSeries(value.series, series);
    const isSorted = value.series.every(
      ({ labels }, i) => i === 0 || (value.series[i - 1]?.labels.compare(labels) ?? -1) < 0,
    );
    if (!isSorted) throw new Error('the matrix is not sorted by labels');
  } else if (value.kind === 'vector') {
    const found = value.samples.map(({ labels, value: sample, histogram }) => ({
      labels,
      timestamps: Float64Array.of(0),
      values: Float64Array.of(sample),
      ...(histogram === undefined ? {} : { histograms: [histogram] }),
    }));
    const expected = wanted.series.map((line) => toSeries(line, 0, 1));
    checkSeries(found, expected);
    if (wanted.ordered) {
      for (const [i, { labels }] of expected.entries()) {
        if (found[i]?.labels.key !== labels.key) throw new Error(`other order at ${i}`);
      }
    }
  } else throw new Error(`got a ${value.kind}, wanted series`);
}

function checkSeries(found: readonly Series[], expected: readonly Series[]): void {
  // A series of nothing but gaps asks for nothing.
  const wanted = new Map(
    expected.filter(({ values }) => values.length > 0).map((series) => [series.labels.key, series]),
  );
  if (new Set(found.map(({ labels }) => labels.key)).size !== found.length) {
    throw new Error('two series with the same labels');
  }
  for (const series of found) {
    const other = wanted.get(series.labels.key);
    if (other === undefined) throw new Error(`unexpected ${series.labels.toString()}`);
    checkPoints(series.labels, series, other);
  }
  if (found.length !== wanted.size) {
    const keys = new Set(found.map(({ labels }) => labels.key));
    const missing = [...wanted.values()].find(({ labels }) => !keys.has(labels.key));
    throw new Error(`missing ${missing?.labels.toString() ?? ''}`);
  }
}

function checkPoints(labels: Labels, found: Series, wanted: Series): void {
  const name = labels.toString();
  if (found.values.length !== wanted.values.length) {
    throw new Error(`${name}: ${found.values.length} points, wanted ${wanted.values.length}`);
  }
  for (let i = 0; i < wanted.values.length; i++) {
    if (found.timestamps[i] !== wanted.timestamps[i]) {
      throw new Error(`${name}: point at ${found.timestamps[i]}, wanted ${wanted.timestamps[i]}`);
    }
    const histogram = wanted.histograms?.[i];
    if (histogram !== undefined || found.histograms?.[i] !== undefined) {
      if (JSON.stringify(found.histograms?.[i]) !== JSON.stringify(histogram)) {
        throw new Error(`${name}: other histogram at ${i}`);
      }
      continue;
    }
    const bothStale = isStale(found.values, i) && isStale(wanted.values, i);
    const [a, b] = [found.values[i] ?? 0, wanted.values[i] ?? 0];
    if (!bothStale && !almostEqual(a, b)) throw new Error(`${name}: got ${a}, wanted ${b}`);
  }
}

function almostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  // An expected 0 means exactly 0.
  if (a === 0 || b === 0 || size < MIN_NORMAL) return difference < 1e-6 * MIN_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < 1e-6;
}
