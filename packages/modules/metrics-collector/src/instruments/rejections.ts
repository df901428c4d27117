import { type Exemplar, type MetricMetadata, type ObservationOptions } from '@dwcp/core';

import { Cell } from './cell.ts';

/** Why an observation was refused. */
export type RejectionReason =
  | 'invalid_value'
  | 'negative_increment'
  | 'wrong_labels'
  | 'label_value_too_long'
  | 'too_many_label_sets'
  | 'invalid_exemplar';

const shape = [{ suffix: '' }];

class RejectionCell extends Cell {
  count = 0;

  fill(out: Float64Array): void {
    out[0] = this.count;
  }

  exemplar(): Exemplar | undefined {
    return undefined;
  }
}

/** Counts what instruments refused; shown as `dwcp_instrument_rejected_total`. */
export class Rejections {
  static readonly metadata: MetricMetadata = {
    name: 'dwcp_instrument_rejected_total',
    type: 'counter',
    help: 'Observations that an instrument refused, by reason.',
    unit: '',
  };
  readonly metadata = Rejections.metadata;
  readonly shape = shape;
  readonly #cells = new Map<string, RejectionCell>();

  count(instrument: string, reason: RejectionReason): void {
    const key = `${instrument} ${reason}`;
    let cell = this.#cells.get(key);
    if (cell === undefined)
      this.#cells.set(key, (cell = new RejectionCell({ instrument, reason })));
    cell.count++;
  }

  cells(): Iterable<RejectionCell> {
    return this.#cells.values();
  }
}

/** Stands in for the bound instrument that could not be given: counts what is observed on it. */
export class Refused {
  readonly #rejections: Rejections;
  readonly #instrument: string;
  readonly #reason: RejectionReason;

  constructor(rejections: Rejections, instrument: string, reason: RejectionReason) {
    this.#rejections = rejections;
    this.#instrument = instrument;
    this.#reason = reason;
  }

  inc(_value?: number, _options?: ObservationOptions): void {
    this.#rejections.count(this.#instrument, this.#reason);
  }
  dec(_value?: number): void {
    this.inc();
  }
  set(_value: number): void {
    this.inc();
  }
  observe(_value: number, _options?: ObservationOptions): void {
    this.inc();
  }
}
