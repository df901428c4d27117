import { type Labels } from '@dwcp/core';

import { type AggregateExpression } from '../../../parser/ast.ts';
import { type Column } from '../../values.ts';
import { type Aggregator, type AggregatorOptions } from './aggregator.ts';
import { Count, Group } from './count.ts';
import { Extreme } from './extreme.ts';
import { Groups } from './groups.ts';
import { Mean } from './mean.ts';
import { Spread } from './spread.ts';
import { Sum } from './sum.ts';
import { Totals } from './totals.ts';
import { withoutHistograms } from './without-histograms.ts';

/** The elements of a group by step. */
export type GroupValues = Pick<Column, 'values' | 'present' | 'histograms'>;

/** Gathers the columns of one group, all steps of a series at a time. */
export interface Accumulator {
  /** Takes a series in, whose arrays may hold something else afterwards. */
  add(column: Column): void;
  /** To be called once, after the last series. */
  finish(): GroupValues;
}

interface AccumulatingGroup {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly accumulator: Accumulator;
}

/** Operators for which a histogram is an element like any other. */
const TAKES_HISTOGRAMS: ReadonlySet<AggregateExpression['operator']> = new Set([
  'avg',
  'count',
  'group',
  'sum',
]);

/** Operators that hold no more than some numbers per group and step. */
export class GroupedAggregator implements Aggregator {
  readonly keepsColumns = false;
  readonly #options: AggregatorOptions;
  readonly #groups: Groups<AccumulatingGroup>;

  constructor(options: AggregatorOptions) {
    const { budget, count, node } = options;
    this.#options = options;
    this.#groups = new Groups(node, (labels, dropName) => {
      budget.chargeColumn(count);
      return { labels, dropName, accumulator: accumulatorOf(options) };
    });
  }

  add(column: Column): void {
    const taken = TAKES_HISTOGRAMS.has(this.#options.node.operator)
      ? column
      : withoutHistograms(column, this.#options);
    this.#groups.of(column.labels, column.dropName).accumulator.add(taken);
  }

  finish(): Column[] {
    return Array.from(this.#groups.values(), ({ labels, dropName, accumulator }) => ({
      labels,
      dropName,
      ...accumulator.finish(),
    }));
  }
}

function accumulatorOf({ node, count, annotations }: AggregatorOptions): Accumulator {
  const { operator } = node;
  switch (operator) {
    case 'sum':
      return new Totals('sum', new Sum(count), { annotations, node });
    case 'avg':
      return new Totals('mean', new Mean(count), { annotations, node });
    case 'min':
      return new Extreme(count, -1);
    case 'max':
      return new Extreme(count, 1);
    case 'count':
      return new Count(count);
    case 'group':
      return new Group(count);
    case 'stddev':
      return new Spread(count, Math.sqrt);
    case 'stdvar':
      return new Spread(count, (variance) => variance);
    case 'bottomk':
    case 'topk':
    case 'limitk':
    case 'limit_ratio':
    case 'quantile':
    case 'count_values':
      throw new Error(`${operator} does not accumulate`);
  }
}
