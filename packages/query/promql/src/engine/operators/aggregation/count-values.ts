import { type Labels, type NativeHistogram } from '@dwcp/core';

import { formatFloat, quote } from '../../../parser/go-text.ts';
import { executionError } from '../../errors.ts';
import { histogramText } from '../../histograms/text.ts';
import { type Column, newColumn } from '../../values.ts';
import { type Aggregator, type AggregatorOptions } from './aggregator.ts';
import { groupingNames, groupLabels } from './groups.ts';

/** `count_values`: how many elements have each value, which becomes a label. */
export class CountValues implements Aggregator {
  readonly keepsColumns = false;
  readonly #options: AggregatorOptions;
  readonly #name: string;
  readonly #labelsOf: (labels: Labels) => Labels;
  readonly #out = new Map<string, Column>();

  constructor(options: AggregatorOptions) {
    const { labelName = '', node } = options;
    if (labelName === '' || !labelName.isWellFormed()) {
      throw executionError(`invalid label name ${quote(labelName)}`, node);
    }
    this.#options = options;
    this.#name = labelName;
    const names = new Set(groupingNames(node));
    if (!node.without) names.add(labelName);
    this.#labelsOf = groupLabels(node, names);
  }

  add(column: Column): void {
    const { count } = this.#options;
    const { dropName, labels, present, values, histograms } = column;
    const seen = new Map<number | NativeHistogram, Column>();
    // Values that stand still are not looked up at each step.
    let last: number | NativeHistogram | undefined;
    let counted: Column | undefined;
    for (let step = 0; step < count; step++) {
      if (present[step] === 0) continue;
      const value = histograms?.[step] ?? values[step] ?? 0;
      if (counted === undefined || value !== last) counted = seen.get(value);
      last = value;
      if (counted === undefined) {
        const text = typeof value === 'number' ? formatFloat(value) : histogramText(value);
        const group = this.#labelsOf(labels.with({ [this.#name]: text }));
        counted = this.#out.get(group.key) ?? this.#column(group, dropName);
        this.#out.set(group.key, counted);
        seen.set(value, counted);
      }
      counted.values[step] = (counted.values[step] ?? 0) + 1;
      counted.present[step] = 1;
    }
  }

  #column(labels: Labels, dropName: boolean): Column {
    const { budget, count } = this.#options;
    budget.chargeColumn(count);
    return newColumn(labels, dropName, count);
  }

  finish(): Column[] {
    return [...this.#out.values()];
  }
}
