import { type AggregateExpression } from '../../../parser/ast.ts';
import { type Annotations } from '../../annotations.ts';
import { type Budget } from '../../budget.ts';
import { type Column, type ColumnSink } from '../../values.ts';
import { GroupedAggregator } from './accumulators.ts';
import { CountValues } from './count-values.ts';
import { LimitRatio } from './limit-ratio.ts';
import { Quantiles } from './quantiles.ts';
import { SelectK } from './select-k.ts';

/** What an aggregation is asked for, apart from its series. */
export interface AggregatorOptions {
  readonly node: AggregateExpression;
  /** The parameter by step, where it is a number. */
  readonly parameter: Float64Array | undefined;
  /** The parameter of `count_values`. */
  readonly labelName: string | undefined;
  /** Steps of the grid. */
  readonly count: number;
  readonly annotations: Annotations;
  readonly budget: Budget;
}

/** Aggregates a vector over `by` or `without`, one series after the other, sorted by labels. */
export interface Aggregator extends ColumnSink {
  /** The result; to be called once, after the last series. */
  finish(): Column[] | Promise<Column[]>;
}

/** @throws QueryError when the parameter is none that the operator takes */
export function aggregatorOf(options: AggregatorOptions): Aggregator {
  switch (options.node.operator) {
    case 'topk':
      return new SelectK(options, -1);
    case 'bottomk':
      return new SelectK(options, 1);
    case 'limitk':
      return new SelectK(options, 0);
    case 'limit_ratio':
      return new LimitRatio(options);
    case 'count_values':
      return new CountValues(options);
    case 'quantile':
      return new Quantiles(options);
    case 'avg':
    case 'count':
    case 'group':
    case 'max':
    case 'min':
    case 'stddev':
    case 'stdvar':
    case 'sum':
      return new GroupedAggregator(options);
  }
}
