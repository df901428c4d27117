import { Labels, type LabelValues, METRIC_NAME, SampleBatchBuilder } from '@dwcp/core';

import { type MetricSink } from './metric-collector.ts';

interface Known {
  readonly labels: Labels;
  lastRun: number;
}

/** Where a sample stood in the last run: collectors tend to repeat themselves. */
interface Slot {
  name: string;
  given: LabelValues | undefined;
  known: Known;
}

/** A label set that was not seen for so many runs is forgotten. */
const FORGET_AFTER_RUNS = 120;

/**
 * Turns what a collector adds into rows of a batch. Label sets are built once: a sample at the same
 * place as in the last run is recognised by identity, another one by its content.
 */
export class LabelledSink implements MetricSink {
  readonly #extra: LabelValues;
  readonly #known = new Map<string, Map<string, Known>>();
  readonly #slots: Slot[] = [];
  #builder: SampleBatchBuilder | undefined;
  #unixMs = 0;
  #position = 0;
  #run = 0;

  /** @param extra added to every label set; a label of the sample wins over it */
  constructor(extra: LabelValues) {
    this.#extra = extra;
  }

  /** Starts a run; what is added from now on carries the moment. */
  begin(unixMs: number): void {
    this.#builder = new SampleBatchBuilder();
    this.#unixMs = unixMs;
    this.#position = 0;
    this.#run++;
    if (this.#run % FORGET_AFTER_RUNS === 0) this.#forget();
  }

  /** Ends the run; what a late collector adds after it goes nowhere. */
  end(): SampleBatchBuilder {
    const builder = this.#builder ?? new SampleBatchBuilder();
    this.#builder = undefined;
    return builder;
  }

  add(name: string, given: LabelValues | undefined, value: number): void {
    const builder = this.#builder;
    if (builder === undefined) return;
    const slot = this.#slots[this.#position];
    let known: Known;
    if (slot !== undefined && slot.name === name && slot.given === given) {
      ({ known } = slot);
    } else {
      known = this.#find(name, given);
      this.#slots[this.#position] = { name, given, known };
    }
    known.lastRun = this.#run;
    this.#position++;
    builder.add(known.labels, this.#unixMs, value);
  }

  #find(name: string, given: LabelValues | undefined): Known {
    let family = this.#known.get(name);
    if (family === undefined) this.#known.set(name, (family = new Map<string, Known>()));
    let key = '';
    for (const label in given) {
      const value = given[label] ?? '';
      key += `${label}=${value.length}:${value},`;
    }
    let known = family.get(key);
    if (known === undefined) {
      const labels = Labels.from({ ...this.#extra, ...given, [METRIC_NAME]: name });
      family.set(key, (known = { labels, lastRun: this.#run }));
    }
    return known;
  }

  #forget(): void {
    const oldest = this.#run - FORGET_AFTER_RUNS;
    for (const [name, family] of this.#known) {
      for (const [key, known] of family) if (known.lastRun < oldest) family.delete(key);
      if (family.size === 0) this.#known.delete(name);
    }
    this.#slots.length = 0;
  }
}
