import { type Expression, type VectorSelector } from '../parser/ast.ts';
import { type Annotations } from './annotations.ts';
import { type Budget } from './budget.ts';
import { type Grid } from './grid.ts';
import { type SampleField } from './streaming/instant-selector.ts';
import { type Column, type ColumnSink, type RangeStream, type RangeVector } from './values.ts';

/** What a function may ask of the evaluation it is part of. */
export interface Evaluator {
  readonly budget: Budget;
  readonly annotations: Annotations;
  /** The grid of the whole query. */
  readonly queryGrid: Grid;
  vector(node: Expression, grid: Grid): Promise<readonly Column[]>;
  scalar(node: Expression, grid: Grid): Promise<Float64Array>;
  /** Evaluates a vector, its columns one after the other. */
  stream(node: Expression, grid: Grid, sink: ColumnSink): Promise<void>;
  range(node: Expression, grid: Grid): Promise<RangeVector>;
  /** A range vector, its series one after the other. */
  rangeStream(node: Expression, grid: Grid): RangeStream;
  /** A selector's values, or the times of its samples in seconds. */
  selectColumns(node: VectorSelector, grid: Grid, what: SampleField): Promise<Column[]>;
}
