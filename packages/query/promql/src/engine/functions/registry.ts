import { Labels } from '@dwcp/core';

import { type CallExpression } from '../../parser/ast.ts';
import { quote } from '../../parser/go-text.ts';
import { unsupported } from '../errors.ts';
import { type Evaluator } from '../evaluator.ts';
import { type Grid, lastTime, timeAt } from '../grid.ts';
import { larger, smaller } from '../operators/scalar-operators.ts';
import { type ColumnSink, constantColumn, type Value } from '../values.ts';
import { absent, absentOverTime } from './absent.ts';
import {
  argument,
  type Call,
  type Implementation,
  scalarArgument,
  type StreamingImplementation,
} from './call.ts';
import { dateFunctions, elementFunctions, mapColumns } from './element-functions.ts';
import {
  histogramFraction,
  histogramQuantile,
  histogramQuantiles,
  nativeFunctions,
} from './histogram-calls.ts';
import { info } from './info.ts';
import { medianAbsoluteDeviation, overTimeFunctions } from './over-time-functions.ts';
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
  startTimestamp,
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

/** Whether a call gives the columns of its vector one by one. */
export function isStreaming({ name }: CallExpression): boolean {
  return streaming.has(name);
}

/** Evaluates a call that `isStreaming`. */
export async function streamFunction(
  evaluation: Evaluator,
  node: CallExpression,
  grid: Grid,
  sink: ColumnSink,
): Promise<void> {
  const implementation = streaming.get(node.name);
  if (implementation === undefined) throw new Error(`${node.name} does not stream`);
  await implementation({ evaluation, node, grid }, sink);
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
  ['end', (call) => everywhere(call, lastTime(call.evaluation.queryGrid) / 1000)],
  ['histogram_fraction', histogramFraction],
  ['histogram_quantile', histogramQuantile],
  ['histogram_quantiles', histogramQuantiles],
  ['info', info],
  ['label_join', joinLabels],
  ['label_replace', replaceLabels],
  ['max_of', (call) => extremeOfScalars(call, larger)],
  ['min_of', (call) => extremeOfScalars(call, smaller)],
  ['pi', (call) => everywhere(call, Math.PI)],
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
  ['start_timestamp', startTimestamp],
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
  ...Object.entries(nativeFunctions),
  ...Object.entries(dateFunctions).map(([name, compute]): [string, Implementation] => [
    name,
    (call) => dateParts(call, compute),
  ]),
]);

const streaming = new Map<string, StreamingImplementation>([
  ['double_exponential_smoothing', smooth],
  ['mad_over_time', (call, sink) => windowed(call, 0, medianAbsoluteDeviation(), sink)],
  ['predict_linear', predictLine],
  ['quantile_over_time', quantileOfWindow],
  ...Object.entries({ ...rateFunctions, ...overTimeFunctions }).map(
    ([name, compute]): [string, StreamingImplementation] => [
      name,
      (call, sink) => windowed(call, 0, compute, sink),
    ],
  ),
  ...Object.entries(elementFunctions).map(([name, compute]): [string, StreamingImplementation] => [
    name,
    (call, sink) =>
      call.evaluation.stream(argument(call, 0), call.grid, {
        // Columns of their own come out.
        keepsColumns: false,
        add: (column) => {
          if (sink.keepsColumns) call.evaluation.budget.chargeColumn(call.grid.count);
          for (const mapped of mapColumns([column], compute)) sink.add(mapped);
        },
      }),
  ]),
]);
