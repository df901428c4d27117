import {
  type BoundCounter,
  type Counter,
  type Exemplar,
  type LabelValues,
  type ObservationOptions,
} from '@dwcp/core';

import { Cell } from './cell.ts';
import { makeExemplar } from './exemplars.ts';
import { Instrument, type InstrumentContext } from './instrument.ts';
import { unitOf } from './names.ts';
import { type RejectionReason } from './rejections.ts';

const shape = [{ suffix: '' }];

class CounterCell extends Cell implements BoundCounter {
  #value = 0;
  #exemplar: Exemplar | undefined;
  readonly #context: InstrumentContext;
  readonly #reject: (reason: RejectionReason) => void;

  constructor(
    labelValues: LabelValues,
    context: InstrumentContext,
    reject: (reason: RejectionReason) => void,
  ) {
    super(labelValues);
    this.#context = context;
    this.#reject = reject;
  }

  inc(value: number = 1, options?: ObservationOptions): void {
    if (typeof value === 'number' && value >= 0 && value < Infinity) {
      this.#value += value;
      if (options?.exemplar !== undefined) this.#remember(options.exemplar, value);
    } else {
      this.#reject(typeof value === 'number' && value < 0 ? 'negative_increment' : 'invalid_value');
    }
  }

  fill(out: Float64Array): void {
    out[0] = this.#value;
  }

  exemplar(): Exemplar | undefined {
    return this.#exemplar;
  }

  #remember(labels: LabelValues, value: number): void {
    const exemplar = makeExemplar(labels, value, this.#context.clock);
    if (exemplar === undefined) this.#reject('invalid_exemplar');
    else this.#exemplar = exemplar;
  }
}

export class CounterInstrument extends Instrument<CounterCell> implements Counter {
  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    context: InstrumentContext,
  ) {
    super({ name, type: 'counter', help, unit: unitOf(name) }, shape, labelNames, context);
  }

  inc(value?: number, options?: ObservationOptions): void {
    this.unbound().inc(value, options);
  }

  protected makeCell(labelValues: LabelValues): CounterCell {
    return new CounterCell(labelValues, this.context, this.reject);
  }
}
