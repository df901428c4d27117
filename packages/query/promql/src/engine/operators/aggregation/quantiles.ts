import { type Labels } from '@dwcp/core';

import { type Span } from '../../../parser/ast.ts';
import { formatShortFloat } from '../../../parser/go-text.ts';
import { type Annotations } from '../../annotations.ts';
import { quantile } from '../../quantile.ts';
import { type Column, newColumn } from '../../values.ts';
import { type Aggregator, type AggregatorOptions } from './aggregator.ts';
import { Groups } from './groups.ts';
import { withoutHistograms } from './without-histograms.ts';

const STEPS_PER_BREATH = 16;

interface Group {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly members: Column[];
}

/** `quantile`: over the floats of each group. */
export class Quantiles implements Aggregator {
  readonly keepsColumns = true;
  readonly #options: AggregatorOptions;
  readonly #groups: Groups<Group>;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    const { node, parameter, annotations } = options;
    warnAboutQuantiles(extremesOf(parameter), annotations, node.parameter ?? node);
    this.#groups = new Groups(node, (labels, dropName) => ({ labels, dropName, members: [] }));
  }

  add(column: Column): void {
    const floats = withoutHistograms(column, this.#options);
    this.#groups.of(column.labels, column.dropName).members.push(floats);
  }

  async finish(): Promise<Column[]> {
    const result: Column[] = [];
    for (const group of this.#groups.values()) result.push(await this.#quantilesOf(group));
    return result;
  }

  async #quantilesOf({ dropName, labels, members }: Group): Promise<Column> {
    const { budget, count, parameter } = this.#options;
    budget.chargeColumn(count);
    const out = newColumn(labels, dropName, count);
    const values = new Float64Array(members.length);
    for (let step = 0; step < count; step++) {
      let size = 0;
      for (const member of members) {
        if (member.present[step] === 1) values[size++] = member.values[step] ?? 0;
      }
      if (size === 0) continue;
      out.values[step] = quantile(parameter?.[step] ?? Number.NaN, values.subarray(0, size));
      out.present[step] = 1;
      if (step % STEPS_PER_BREATH === 0) await budget.breathe();
    }
    return out;
  }
}

/** Of the quantiles of all steps those that Prometheus judges: NaN, the largest and the smallest. */
function extremesOf(quantiles: Float64Array = new Float64Array()): number[] {
  const numbers = quantiles.filter((q) => !Number.isNaN(q));
  const extremes = numbers.length === quantiles.length ? [] : [Number.NaN];
  if (numbers.length === 0) return extremes;
  return [
    ...extremes,
    numbers.reduce((a, b) => Math.max(a, b)),
    numbers.reduce((a, b) => Math.min(a, b)),
  ];
}

/** Warns of each quantile outside [0, 1]. */
export function warnAboutQuantiles(
  quantiles: Iterable<number>,
  annotations: Annotations,
  span: Span,
): void {
  for (const q of new Set(quantiles)) {
    if (!(q >= 0 && q <= 1)) {
      annotations.warn(
        `quantile value should be between 0 and 1, got ${formatShortFloat(q)}`,
        span,
      );
    }
  }
}
