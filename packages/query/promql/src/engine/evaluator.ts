import { type Expression, type VectorSelector } from '../parser/ast.ts';
import { type Annotations } from './annotations.ts';
import { type Budget } from './budget.ts';
import { type Grid } from './grid.ts';
import { type Column, type RangeVector } from './values.ts';

/** What a function may ask of the evaluation it is part of. */
export interface Evaluator {
  readonly budget: Budget;
  readonly annotations: Annotations;
  /** The grid of the whole query. */
  readonly queryGrid: Grid;
  vector(node: Expression, grid: Grid): Promise<readonly Column[]>;
  scalar(node: Expression, grid: Grid): Promise<Float64Array>;
  range(node: Expression, grid: Grid): Promise<RangeVector>;
  /** A selector's values, or the times of its samples in seconds. */
  selectColumns(node: VectorSelector, grid: Grid, what: 'value' | 'time'): Promise<Column[]>;
}
