import { type Labels } from '@dwcp/core';

import { formatShortFloat } from '../../../parser/go-text.ts';
import { executionError } from '../../errors.ts';
import { anyPresent, type Column } from '../../values.ts';
import { type Aggregator, type AggregatorOptions } from './aggregator.ts';
import { labelHash } from './label-hash.ts';

/**
 * `limit_ratio`: a sample of the series that is the same at every step and for every query. The
 * ratios r and r - 1 give complements. The same series are taken as by Prometheus 3.
 */
export class LimitRatio implements Aggregator {
  readonly keepsColumns = true;
  readonly #ratios: Float64Array;
  readonly #kept: Column[] = [];

  constructor({ node, parameter = new Float64Array(), annotations }: AggregatorOptions) {
    if (parameter.some(Number.isNaN)) throw executionError('Ratio value is NaN', node);
    this.#ratios = parameter.map((ratio) => Math.max(-1, Math.min(1, ratio)));
    for (const ratio of [
      parameter.reduce((a, b) => Math.max(a, b), 0),
      parameter.reduce((a, b) => Math.min(a, b), 0),
    ]) {
      const capped = Math.max(-1, Math.min(1, ratio));
      if (capped === ratio) continue;
      annotations.warn(
        `ratio value should be between -1 and 1, got ${formatShortFloat(ratio)}, capping to ${capped}`,
        node.parameter ?? node,
      );
    }
  }

  add(column: Column): void {
    const place = placeOf(column.labels);
    const present = column.present.map((is, step) => {
      const ratio = this.#ratios[step] ?? 0;
      return is === 1 && (ratio >= 0 ? place < ratio : place >= 1 + ratio) ? 1 : 0;
    });
    const taken = { ...column, present };
    if (anyPresent(taken)) this.#kept.push(taken);
  }

  finish(): Column[] {
    return this.#kept;
  }
}

/** A number in [0, 1] that depends on the labels alone. */
function placeOf(labels: Labels): number {
  return Number(labelHash(labels)) / 2 ** 64;
}
