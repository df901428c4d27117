import { type MetricQuery, type MetricStore, QueryError, type QueryResult } from '@dwcp/core';
import { type Expression, parseExpression, printExpression, PromqlEngine } from '@dwcp/promql';
import { ManualClock, MemoryMetricStore } from '@dwcp/testing';

import { checkSorted, checkValue, describeExpected } from './compare-values.ts';
import { load } from './load.ts';
import { Mismatch } from './mismatch.ts';
import { type Eval, parseScript, ScriptError } from './promql-script.ts';
import { type Stage, StageTracker } from './stages.ts';
import { asksForBounds, canBePinned, evaluationTimes, pin } from './variants.ts';

/** What a script's evals came to. */
export interface ScriptOutcome {
  readonly evals: number;
  readonly passed: number;
  /** Queries asked: each eval, and its repeats that must give the same. */
  readonly queries: number;
  readonly failures: readonly Failure[];
  /** How many evals of each stage there are, and how many passed. */
  readonly stages: Readonly<Record<Stage, { readonly evals: number; readonly passed: number }>>;
}

export interface Failure {
  readonly line: number;
  readonly stage: Stage;
  /** As the script has it. */
  readonly expression: string;
  /** Of the repeats of an eval, the one that failed; undefined for the eval itself. */
  readonly repeat?: string;
  readonly expected: string;
  readonly got: string;
}

/**
 * Runs a promqltest script against a fresh store. An instant eval is run again in ways that must
 * not change its answer: pinned to its time with `@` and evaluated at other times, and each of
 * those as the middle step of a range query.
 * @throws ScriptError when the script cannot be read or loaded
 */
export async function runScript(
  text: string,
  engineOver: (store: MetricStore) => MetricQuery = plainEngine,
): Promise<ScriptOutcome> {
  const store = new MemoryMetricStore();
  const engine = engineOver(store);
  const failures: Failure[] = [];
  const stages = {
    classic: { evals: 0, passed: 0 },
    experimental: { evals: 0, passed: 0 },
    native: { evals: 0, passed: 0 },
    'start time': { evals: 0, passed: 0 },
  };
  const tracker = new StageTracker();
  let evals = 0;
  let queries = 0;
  for (const command of parseScript(text)) {
    tracker.see(command);
    if (command.kind === 'clear') store.clear();
    else if (command.kind === 'load') {
      try {
        load(store, command);
      } catch (cause) {
        throw new ScriptError(command.line, reasonOf(cause), { cause });
      }
    } else {
      const stage = tracker.stageOf(command);
      evals++;
      stages[stage].evals++;
      const run = new EvalRun(engine, command);
      const failure = await run.all();
      queries += run.queries;
      if (failure === undefined) stages[stage].passed++;
      else {
        const { line, expression } = command;
        failures.push({ line, stage, expression, ...failure });
      }
    }
  }
  return { evals, passed: evals - failures.length, queries, failures, stages };
}

function plainEngine(store: MetricStore): MetricQuery {
  return new PromqlEngine({ store, clock: new ManualClock() });
}

type Reason = Pick<Failure, 'expected' | 'got' | 'repeat'>;

/** One eval with its repeats. */
class EvalRun {
  readonly #engine: MetricQuery;
  readonly #wanted: Eval;
  /** What the eval itself was warned of; repeats have other positions. */
  #messages: readonly string[] = [];
  queries = 0;

  constructor(engine: MetricQuery, wanted: Eval) {
    this.#engine = engine;
    this.#wanted = wanted;
  }

  /** @returns the first thing that differs */
  async all(): Promise<Reason | undefined> {
    const { expression, startMs, stepMs } = this.#wanted;
    if (stepMs !== undefined) return this.#failureOf(() => this.#range());
    const first =
      (await this.#failureOf(() => this.#instant(expression, startMs))) ??
      (await this.#asRange(expression, startMs));
    if (first !== undefined) return first;
    const tree = parsed(expression);
    if (tree === undefined || !canBePinned(tree)) return undefined;
    const pinned = printExpression(pin(tree, startMs));
    for (const unixMs of evaluationTimes(startMs)) {
      const failure =
        (await this.#failureOf(
          () => this.#instant(pinned, unixMs, true),
          `${pinned} at ${unixMs / 1000}s`,
        )) ?? (await this.#asRange(pinned, unixMs));
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  async #failureOf(check: () => Promise<void>, repeat?: string): Promise<Reason | undefined> {
    try {
      await check();
      return undefined;
    } catch (error) {
      const place = repeat === undefined ? {} : { repeat };
      if (error instanceof Mismatch) return { ...place, expected: error.expected, got: error.got };
      const got =
        error instanceof QueryError
          ? `error: ${error.message}`
          : error instanceof Error
            ? `${error.name}: ${error.message}`
            : String(error);
      return { ...place, expected: this.#expected(), got };
    }
  }

  #expected(): string {
    const fail = this.#wanted.expectations.find(({ kind }) => kind === 'fail');
    return fail === undefined ? describeExpected(this.#wanted) : `error: ${fail.text}`;
  }

  async #instant(expression: string, unixMs: number, isRepeat = false): Promise<void> {
    this.queries++;
    const result = await this.#unlessFailing(() => this.#engine.instant({ expression, unixMs }));
    if (result === undefined) return;
    this.#checkMessages(result, isRepeat);
    checkValue(result, this.#wanted);
  }

  async #range(): Promise<void> {
    const { expression, startMs, endMs, stepMs = 0 } = this.#wanted;
    this.queries++;
    const result = await this.#unlessFailing(() =>
      this.#engine.range({ expression, startUnixMs: startMs, endUnixMs: endMs, stepMs }),
    );
    if (result === undefined) return;
    this.#checkMessages(result, false);
    checkValue(result, this.#wanted);
  }

  /** As the middle step of a range of three. */
  async #asRange(expression: string, unixMs: number): Promise<Reason | undefined> {
    const { ordered, rangeVector, text, expectations } = this.#wanted;
    const fails = expectations.some(({ kind }) => kind === 'fail');
    if (ordered || fails || text !== undefined || rangeVector !== undefined) return undefined;
    if (asksForBounds(expression)) return undefined;
    return this.#failureOf(
      async () => {
        this.queries++;
        const result = await this.#engine.range({
          expression,
          startUnixMs: unixMs - 60_000,
          endUnixMs: unixMs + 60_000,
          stepMs: 60_000,
        });
        checkValue(middleOf(result, unixMs, this.#wanted.scalar !== undefined), this.#wanted);
      },
      `${expression} at ${unixMs / 1000}s in a range`,
    );
  }

  /** Undefined when it failed as wanted. */
  async #unlessFailing(ask: () => Promise<QueryResult>): Promise<QueryResult | undefined> {
    const fail = this.#wanted.expectations.find(({ kind }) => kind === 'fail');
    let result: QueryResult;
    try {
      result = await ask();
    } catch (error) {
      if (!(error instanceof QueryError) || fail === undefined) throw error;
      const message = error.message.replace(/^\d+:\d+: parse error: /, '');
      if (/not supported yet/.test(message)) throw error;
      if (!fail.matches(message)) throw new Mismatch(`error: ${fail.text}`, `error: ${message}`);
      return undefined;
    }
    if (fail !== undefined) throw new Mismatch(`error: ${fail.text}`, `a ${result.value.kind}`);
    return result;
  }

  #checkMessages({ warnings, infos }: QueryResult, isRepeat: boolean): void {
    if (!isRepeat) this.#messages = [...warnings, ...infos];
    const { noWarn, noInfo } = this.#wanted;
    this.#checkMessagesOf('warn', isRepeat ? this.#asFirst(warnings) : warnings, noWarn);
    this.#checkMessagesOf('info', isRepeat ? this.#asFirst(infos) : infos, noInfo);
  }

  /** Messages of a repeat with the positions that the eval itself had: `@` shifts them. */
  #asFirst(messages: readonly string[]): readonly string[] {
    const bare = (message: string): string => message.replace(/ \(\d+:\d+\)$/, '');
    return messages.flatMap((message) => {
      const known = this.#messages.filter((other) => bare(other) === bare(message));
      return known.length === 0 ? [message] : known;
    });
  }

  #checkMessagesOf(kind: 'warn' | 'info', found: readonly string[], wantsNone: boolean): void {
    const wanted = this.#wanted.expectations.filter((expectation) => expectation.kind === kind);
    const all = found.join('; ');
    if (wantsNone && found.length > 0) throw new Mismatch(`no ${kind}`, `${kind}: ${all}`);
    if (wanted.length === 0) return;
    const missing = wanted.find(({ matches }) => !found.some(matches));
    if (missing !== undefined)
      throw new Mismatch(`${kind}: ${missing.text}`, `${kind}: ${all || 'none'}`);
    const extra = found.find((message) => !wanted.some(({ matches }) => matches(message)));
    if (extra !== undefined)
      throw new Mismatch(
        `${kind}: ${wanted.map(({ text }) => text).join('; ')}`,
        `${kind}: ${extra}`,
      );
  }
}

function parsed(expression: string): Expression | undefined {
  try {
    return parseExpression(expression);
  } catch {
    // The eval itself has told this, or wanted it.
    return undefined;
  }
}

/** The answer of a range query at one step, as an instant query gives it. */
function middleOf({ value, ...rest }: QueryResult, unixMs: number, isScalar: boolean): QueryResult {
  if (value.kind !== 'matrix') throw new Mismatch('a matrix', `a ${value.kind}`);
  checkSorted(value.series);
  const samples = value.series.flatMap(({ labels, timestamps, values, histograms }) => {
    const at = timestamps.indexOf(unixMs);
    if (at === -1) return [];
    const histogram = histograms?.[at];
    const sample = { labels, unixMs, value: values[at] ?? Number.NaN };
    return [histogram === undefined ? sample : { ...sample, histogram }];
  });
  const first = samples[0];
  if (!isScalar || first === undefined) return { ...rest, value: { kind: 'vector', samples } };
  return { ...rest, value: { kind: 'scalar', unixMs, value: first.value } };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
