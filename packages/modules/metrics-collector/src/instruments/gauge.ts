import { type BoundGauge, type Exemplar, type Gauge, type LabelValues } from '@dwcp/core';

import { Cell } from './cell.ts';
import { Instrument, type InstrumentContext } from './instrument.ts';
import { unitOf } from './names.ts';
import { type RejectionReason } from './rejections.ts';

const shape = [{ suffix: '' }];

class GaugeCell extends Cell implements BoundGauge {
  #value = 0;
  readonly #reject: (reason: RejectionReason) => void;

  constructor(labelValues: LabelValues, reject: (reason: RejectionReason) => void) {
    super(labelValues);
    this.#reject = reject;
  }

  /** NaN and the infinities are values a gauge may have. */
  set(value: number): void {
    if (typeof value === 'number') this.#value = value;
    else this.#reject('invalid_value');
  }

  /** A step that is not finite is refused: no later step could undo it. */
  inc(value: number = 1): void {
    if (Number.isFinite(value)) this.#value += value;
    else this.#reject('invalid_value');
  }

  dec(value: number = 1): void {
    // Negating would make a number of a text, and throw for a symbol.
    if (typeof value === 'number') this.inc(-value);
    else this.#reject('invalid_value');
  }

  fill(out: Float64Array): void {
    out[0] = this.#value;
  }

  exemplar(): Exemplar | undefined {
    return undefined;
  }
}

export class GaugeInstrument extends Instrument<GaugeCell> implements Gauge {
  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    context: InstrumentContext,
  ) {
    super({ name, type: 'gauge', help, unit: unitOf(name) }, shape, labelNames, context);
  }

  set(value: number): void {
    this.unbound().set(value);
  }

  inc(value?: number): void {
    this.unbound().inc(value);
  }

  dec(value?: number): void {
    this.unbound().dec(value);
  }

  protected makeCell(labelValues: LabelValues): GaugeCell {
    return new GaugeCell(labelValues, this.reject);
  }
}
