import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { type Clock } from '@dwcp/core';

/** How much the heap may grow from one full collection to the next, in percent of what was in use. */
const SPARING = 20;
const GENEROUS = 100;
/** So many full collections within this time are work that memory could save. */
const BUSY_COLLECTIONS = 3;
const BUSY_WITHIN_MS = 3_000;
/** Without two of them so close together for as long again, memory is what counts. */
const CALM_MS = 6_000;

/**
 * What the start left behind would lie there for minutes: it is collected, so often because code that is
 * not used any more goes with the seventh full collection.
 */
const TIDYINGS = 7;
const TIDY_EVERY_MS = 6_000;
/** A larger heap takes longer to collect than ingestion should wait, and some MB are nothing to it. */
const TIDY_UP_TO_BYTES = 64 * 1024 ** 2;

export interface HeapGrowthOptions {
  readonly clock: Clock;
  /** Sets how much the heap may grow, in percent. */
  readonly set: (percent: number) => void;
}

/**
 * Spends memory while there is much to do, as panels that are asked for again and again, and not
 * when there is not: a heap that is kept small is collected often, for a fifth of the time of queries.
 */
export class HeapGrowth implements Disposable {
  readonly #options: HeapGrowthOptions;
  #recent: readonly number[] = [];
  #timer: Disposable | undefined;

  constructor(options: HeapGrowthOptions) {
    this.#options = options;
  }

  /** A full collection took place. */
  collected(): void {
    const { clock, set } = this.#options;
    const nowMs = clock.monotonicMs();
    const sinceLastMs = nowMs - (this.#recent.at(-1) ?? Number.NEGATIVE_INFINITY);
    this.#recent = [...this.#recent, nowMs].slice(-BUSY_COLLECTIONS);
    if (this.#timer === undefined) {
      const isFull = this.#recent.length === BUSY_COLLECTIONS;
      if (!isFull || nowMs - (this.#recent[0] ?? 0) > BUSY_WITHIN_MS) return;
      set(GENEROUS);
    } else if (sinceLastMs > CALM_MS) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.schedule(2 * CALM_MS, () => {
      this.#timer = undefined;
      this.#recent = [];
      set(SPARING);
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }
}

function tidyUp(clock: Clock, times: number, onNext: (next: Disposable) => void): Disposable {
  return clock.schedule(TIDY_EVERY_MS, () => {
    if (getHeapStatistics().used_heap_size > TIDY_UP_TO_BYTES) return;
    collect();
    if (times > 1) onNext(tidyUp(clock, times - 1, onNext));
  });
}

/** One full collection, which the language has no call for. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  gc();
}

/** Lets the heap of this process grow by what it has to do. */
export function adaptHeapGrowth(clock: Clock): Disposable {
  const growth = new HeapGrowth({
    clock,
    set: (percent) => setFlagsFromString(`--heap-growing-percent=${percent}`),
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (!('detail' in entry)) continue;
      const { kind } = entry.detail as { readonly kind: number };
      if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) growth.collected();
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  let tidying = tidyUp(clock, TIDYINGS, (next) => (tidying = next));
  return {
    [Symbol.dispose]: () => {
      tidying[Symbol.dispose]();
      observer.disconnect();
      growth[Symbol.dispose]();
    },
  };
}
