import {
  type ChangeTracker,
  type Clock,
  type InstantQuery,
  type MetricQuery,
  type QueryOptions,
  type QueryResult,
  type RangeQuery,
  type Series,
} from '@dwcp/core';

import { type Expression } from '../parser/ast.ts';
import { ParseError } from '../parser/parse-error.ts';
import { parseExpression } from '../parser/parsed.ts';
import { between, joined, sizeOf } from './kept-series.ts';
import { type Reach, reachOf } from './reach.ts';

const DEFAULT_LOOKBACK_MS = 5 * 60_000;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** An answer that takes more of the whole than one of so many parts is not kept. */
const PARTS = 8;

export interface CachedQueryOptions {
  /** Answers what is not kept. */
  readonly query: MetricQuery;
  /** The store that `query` reads: tells what is to be forgotten. */
  readonly changes: ChangeTracker;
  readonly clock: Clock;
  /** As the engine has it; 5 minutes by default. */
  readonly lookbackMs?: number;
  /** Memory for answers; 64 MiB by default. */
  readonly maxBytes?: number;
  /** Told of each range query how it was answered. */
  readonly onAnswer?: (from: CacheOutcome) => void;
}

/**
 * `hit`: wholly from what was kept; `partial`: in part; `miss`: not at all; `bypass`: not looked up, since it
 * was told not to, or since the steps of the expression cannot be told apart.
 */
export type CacheOutcome = 'hit' | 'partial' | 'miss' | 'bypass';

export interface QueryCacheStats {
  readonly entries: number;
  readonly sizeBytes: number;
}

/** The answer to a range query, right as of a mark in the changes of the store. */
interface Kept {
  readonly reach: Reach;
  readonly mark: number;
  readonly startUnixMs: number;
  /** The last step. */
  readonly endUnixMs: number;
  readonly series: readonly Series[];
  readonly infos: readonly string[];
  readonly sizeBytes: number;
}

/** A range query whose steps are whole milliseconds, and its last step. */
interface Steps extends RangeQuery {
  readonly lastUnixMs: number;
  readonly count: number;
}

/**
 * Keeps the answers of range queries, and evaluates only the steps that are new or may have changed.
 *
 * The value at a step is decided by samples up to it (see Reach), so a step is kept as long as no
 * sample that old has come, gone or changed since; how late samples are, or how quickly a dashboard asks
 * again, makes no difference. Answers belong together when expression, step, and the steps' place in
 * time (start modulo step) are alike. An answer with warnings is not kept, since it cannot be told which
 * steps they are about. Infos, which are about the expression, stay with what is kept.
 */
export class CachedQuery implements MetricQuery {
  readonly #options: Required<CachedQueryOptions>;
  /** The least recently used first. */
  readonly #kept = new Map<string, Kept>();
  #sizeBytes = 0;

  constructor(options: CachedQueryOptions) {
    this.#options = {
      lookbackMs: DEFAULT_LOOKBACK_MS,
      maxBytes: DEFAULT_MAX_BYTES,
      onAnswer: () => undefined,
      ...options,
    };
  }

  get stats(): QueryCacheStats {
    return { entries: this.#kept.size, sizeBytes: this.#sizeBytes };
  }

  instant(query: InstantQuery, options?: QueryOptions): Promise<QueryResult> {
    return this.#options.query.instant(query, options);
  }

  async range(query: RangeQuery, options: QueryOptions = {}): Promise<QueryResult> {
    const steps = stepsOf(query);
    const { lookbackMs = this.#options.lookbackMs } = options;
    if (steps === undefined || options.noCache === true) return this.#bypass(query, options);
    const { stepMs } = steps;
    const key = `${stepMs} ${steps.startUnixMs % stepMs} ${lookbackMs} ${query.expression}`;
    const kept = this.#kept.get(key);
    const reach = kept?.reach ?? reachOfText(query.expression, { stepMs, lookbackMs });
    if (reach === undefined) return this.#bypass(query, options);
    // What changes from here on, also while the rest is evaluated, is after this mark.
    const mark = this.#options.changes.changeMark;
    const usable = kept === undefined ? undefined : this.#usable(kept, steps);
    if (usable === undefined) {
      this.#options.onAnswer('miss');
      const result = await this.#options.query.range(query, options);
      this.#keep(key, { reach, mark }, steps, result);
      return result;
    }
    this.#kept.delete(key);
    if (kept !== undefined) this.#kept.set(key, kept);
    if (usable.fromUnixMs === steps.startUnixMs && usable.toUnixMs === steps.lastUnixMs) {
      this.#options.onAnswer('hit');
      return this.#answerWhole(usable, steps, options);
    }
    this.#options.onAnswer('partial');
    const result = await this.#answerRest(usable, steps, options);
    this.#keep(key, { reach, mark }, steps, result);
    return result;
  }

  #bypass(query: RangeQuery, options: QueryOptions): Promise<QueryResult> {
    this.#options.onAnswer('bypass');
    return this.#options.query.range(query, options);
  }

  /** What of a kept answer holds for these steps. */
  #usable(kept: Kept, { startUnixMs, lastUnixMs, stepMs }: Steps): Usable | undefined {
    const changedUnixMs = this.#options.changes.oldestChangeSince(kept.mark);
    const { aheadMs, absoluteMs } = kept.reach;
    if (absoluteMs >= changedUnixMs) return undefined;
    const fromUnixMs = Math.max(startUnixMs, kept.startUnixMs);
    let toUnixMs = Math.min(lastUnixMs, kept.endUnixMs);
    if (toUnixMs + aheadMs >= changedUnixMs) {
      // The last step that sees nothing of what changed.
      const before = Math.ceil((changedUnixMs - aheadMs - fromUnixMs) / stepMs) - 1;
      toUnixMs = fromUnixMs + before * stepMs;
    }
    // Two small evaluations cost more than one large.
    if (toUnixMs - fromUnixMs < (lastUnixMs - startUnixMs) / 2 || toUnixMs < fromUnixMs) {
      return undefined;
    }
    const isWhole = fromUnixMs === kept.startUnixMs && toUnixMs === kept.endUnixMs;
    const series = isWhole ? kept.series : between(kept.series, fromUnixMs, toUnixMs);
    return { fromUnixMs, toUnixMs, series, infos: kept.infos };
  }

  #answerWhole({ series, infos }: Usable, { count }: Steps, options: QueryOptions): QueryResult {
    const result: QueryResult = { value: { kind: 'matrix', series }, warnings: [], infos };
    if (options.stats !== true) return result;
    const nothing = { durationMs: 0, seriesRead: 0, samplesRead: 0, peakSamples: 0 };
    return {
      ...result,
      stats: { ...nothing, cachedSteps: count, steps: count, onWorker: false },
    };
  }

  /** Evaluates what lies before and behind the usable part. */
  async #answerRest(usable: Usable, steps: Steps, options: QueryOptions): Promise<QueryResult> {
    const { query, clock } = this.#options;
    const { startUnixMs, lastUnixMs, stepMs, expression } = steps;
    const begunMs = clock.monotonicMs();
    const evaluate = (from: number, to: number): Promise<QueryResult> | undefined =>
      from > to
        ? undefined
        : query.range({ expression, stepMs, startUnixMs: from, endUnixMs: to }, options);
    const before = await evaluate(startUnixMs, usable.fromUnixMs - stepMs);
    const behind = await evaluate(usable.toUnixMs + stepMs, lastUnixMs);
    const parts = [before, behind].filter((part) => part !== undefined);
    const series = joined([seriesOf(before), usable.series, seriesOf(behind)]);
    const result: QueryResult = {
      value: { kind: 'matrix', series },
      warnings: [...new Set(parts.flatMap(({ warnings }) => warnings))],
      infos: [...new Set([usable, ...parts].flatMap(({ infos }) => infos))],
    };
    const stats = parts.flatMap((part) => part.stats ?? []);
    const last = stats.at(-1);
    if (last === undefined) return result;
    const cachedSteps = (usable.toUnixMs - usable.fromUnixMs) / stepMs + 1;
    return {
      ...result,
      stats: {
        ...last,
        durationMs: clock.monotonicMs() - begunMs,
        seriesRead: stats.reduce((sum, { seriesRead }) => sum + seriesRead, 0),
        samplesRead: stats.reduce((sum, { samplesRead }) => sum + samplesRead, 0),
        peakSamples: Math.max(...stats.map(({ peakSamples }) => peakSamples)),
        cachedSteps,
        steps: steps.count,
      },
    };
  }

  #keep(
    key: string,
    { reach, mark }: Pick<Kept, 'reach' | 'mark'>,
    { startUnixMs, lastUnixMs }: Steps,
    { value, warnings, infos }: QueryResult,
  ): void {
    if (value.kind !== 'matrix' || warnings.length > 0) return;
    // A query that began later may have ended before.
    if ((this.#kept.get(key)?.mark ?? mark) > mark) return;
    const { maxBytes } = this.#options;
    const sizeBytes = key.length * 2 + 512 + sizeOf(value.series);
    this.#forget(key);
    if (sizeBytes > maxBytes / PARTS) return;
    const { series } = value;
    this.#kept.set(key, {
      reach,
      mark,
      startUnixMs,
      endUnixMs: lastUnixMs,
      series,
      infos,
      sizeBytes,
    });
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#sizeBytes <= maxBytes) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#sizeBytes -= this.#kept.get(key)?.sizeBytes ?? 0;
    this.#kept.delete(key);
  }
}

interface Usable {
  /** The first and the last step of which the value is kept. */
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
  readonly series: readonly Series[];
  readonly infos: readonly string[];
}

/** Undefined for a query that the engine refuses, or whose steps are not to be compared exactly. */
function stepsOf(query: RangeQuery): Steps | undefined {
  const { startUnixMs, endUnixMs, stepMs } = query;
  if (!Number.isSafeInteger(startUnixMs) || !Number.isSafeInteger(stepMs) || stepMs < 1) {
    return undefined;
  }
  const count = Math.floor((endUnixMs - startUnixMs) / stepMs) + 1;
  // Of a few steps each is as quickly evaluated; of too many the engine has something to say.
  if (!(count >= 2 && count <= 11_001)) return undefined;
  return { ...query, count, lastUnixMs: startUnixMs + (count - 1) * stepMs };
}

function reachOfText(
  text: string,
  context: { readonly stepMs: number; readonly lookbackMs: number },
): Reach | undefined {
  let expression: Expression;
  try {
    expression = parseExpression(text);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
  return reachOf(expression, context);
}

function seriesOf(result: QueryResult | undefined): readonly Series[] {
  return result?.value.kind === 'matrix' ? result.value.series : [];
}
