import { Labels } from '@dwcp/core';

import { type CallExpression } from '../../parser/ast.ts';
import { quote } from '../../parser/go-text.ts';
import { unsupported } from '../errors.ts';
import { type Evaluator } from '../evaluator.ts';
import { type Grid, lastTime, timeAt } from '../grid.ts';
import { larger, smaller } from '../operators/scalar-operators.ts';
import { constantColumn, type Value } from '../values.ts';
import { absent, absentOverTime } from './absent.ts';
import { type Call, type Implementation, scalarArgument, vectorArgument } from './call.ts';
import { dateFunctions, elementFunctions, mapColumns } from './element-functions.ts';
import {
  histogramFraction,
  histogramQuantile,
  histogramQuantiles,
  nativeOnly,
} from './histogram-calls.ts';
import { overTimeFunctions } from './over-time-functions.ts';
import { rateFunctions } from './rate-functions.ts';
import {
  clamp,
  dateParts,
  joinLabels,
  replaceLabels,
  round,
  scalarOfVector,
  sorted,
  sortedByLabel,
  timestamp,
} from './vector-calls.ts';
import { predictLine, quantileOfWindow, smooth, windowed } from './window-calls.ts';

/** Evaluates a call. @throws QueryError naming a function that is not supported */
export async function callFunction(
  evaluation: Evaluator,
  node: CallExpression,
  grid: Grid,
): Promise<Value> {
  const implementation = implementations.get(node.name);
  if (implementation === undefined) throw unsupported(`function ${quote(node.name)} is`, node);
  const result = await implementation({ evaluation, node, grid });
  return result instanceof Float64Array
    ? { kind: 'scalar', values: result }
    : { kind: 'vector', columns: result };
}

async function extremeOfScalars(
  call: Call,
  compute: (a: number, b: number) => number,
): Promise<Float64Array> {
  const [a, b] = [await scalarArgument(call, 0), await scalarArgument(call, 1)];
  return a.map((value, i) => compute(value, b[i] ?? 0));
}

function everywhere(call: Call, value: number): Promise<Float64Array> {
  return Promise.resolve(new Float64Array(call.grid.count).fill(value));
}

const implementations = new Map<string, Implementation>([
  ['absent', absent],
  ['absent_over_time', absentOverTime],
  ['clamp', clamp],
  ['clamp_max', clamp],
  ['clamp_min', clamp],
  ['double_exponential_smoothing', smooth],
  ['end', (call) => everywhere(call, lastTime(call.evaluation.queryGrid) / 1000)],
  ['histogram_avg', nativeOnly],
  ['histogram_count', nativeOnly],
  ['histogram_fraction', histogramFraction],
  ['histogram_quantile', histogramQuantile],
  ['histogram_quantiles', histogramQuantiles],
  ['histogram_stddev', nativeOnly],
  ['histogram_stdvar', nativeOnly],
  ['histogram_sum', nativeOnly],
  ['label_join', joinLabels],
  ['label_replace', replaceLabels],
  ['max_of', (call) => extremeOfScalars(call, larger)],
  ['min_of', (call) => extremeOfScalars(call, smaller)],
  ['pi', (call) => everywhere(call, Math.PI)],
  ['predict_linear', predictLine],
  ['quantile_over_time', quantileOfWindow],
  [
    'range',
    (call) => {
      const { queryGrid } = call.evaluation;
      return everywhere(call, (lastTime(queryGrid) - queryGrid.startMs) / 1000);
    },
  ],
  ['round', round],
  ['scalar', scalarOfVector],
  ['sort', (call) => sorted(call, 1)],
  ['sort_desc', (call) => sorted(call, -1)],
  ['sort_by_label', (call) => sortedByLabel(call, 1)],
  ['sort_by_label_desc', (call) => sortedByLabel(call, -1)],
  ['start', (call) => everywhere(call, call.evaluation.queryGrid.startMs / 1000)],
  [
    'step',
    (call) => {
      const { queryGrid } = call.evaluation;
      return everywhere(call, queryGrid.count === 1 ? 0 : queryGrid.stepMs / 1000);
    },
  ],
  [
    'time',
    ({ grid }) =>
      Promise.resolve(Float64Array.from({ length: grid.count }, (_, i) => timeAt(grid, i) / 1000)),
  ],
  ['timestamp', timestamp],
  ['vector', async (call) => [constantColumn(await scalarArgument(call, 0), Labels.empty)]],
  ...Object.entries({ ...rateFunctions, ...overTimeFunctions }).map(
    ([name, compute]): [string, Implementation] => [name, (call) => windowed(call, 0, compute)],
  ),
  ...Object.entries(elementFunctions).map(([name, compute]): [string, Implementation] => [
    name,
    async (call) => mapColumns(await vectorArgument(call, 0), compute),
  ]),
  ...Object.entries(dateFunctions).map(([name, compute]): [string, Implementation] => [
    name,
    (call) => dateParts(call, compute),
  ]),
]);
