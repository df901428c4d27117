import { type CallExpression, type Expression, unwrapParens } from '../../parser/ast.ts';
import { quote } from '../../parser/go-text.ts';
import { executionError } from '../errors.ts';
import { HistogramNotes } from '../histograms/notes.ts';
import { type Extension, mixedFunction } from '../histograms/window-functions.ts';
import { overMixedWindows } from '../histograms/windows.ts';
import { warnAboutQuantiles } from '../operators/aggregation/quantiles.ts';
import { SeriesWindows } from '../streaming/series-windows.ts';
import { type Column, type ColumnSink } from '../values.ts';
import { type WindowFunction } from '../window.ts';
import { argument, type Call, scalarArgument } from './call.ts';
import { extendedFunctions } from './extended-functions.ts';
import { doubleExponentialSmoothing, quantileOverTime } from './over-time-functions.ts';
import { predictLinear } from './rate-functions.ts';

/** Functions that take a parameter, or the time of the step. */
const VARIES_BY_STEP: ReadonlySet<string> = new Set([
  'double_exponential_smoothing',
  'predict_linear',
  'quantile_over_time',
]);
/** Functions over windows whose answer is still a value of the metric. */
const KEEPS_NAME: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);

export async function windowed(
  call: Call,
  rangeIndex: number,
  compute: WindowFunction,
  sink: ColumnSink,
): Promise<void> {
  const { evaluation, grid, node } = call;
  const arg = unwrapParens(argument(call, rangeIndex));
  const modifier = modifierOf(arg);
  const extended = modifier === undefined ? undefined : extendedFunction(modifier, arg, node);
  const range = evaluation.rangeStream(arg, grid);
  const keepsName = KEEPS_NAME.has(node.name);
  const variesByStep = VARIES_BY_STEP.has(node.name);
  const notes = new HistogramNotes(evaluation.annotations, argument(call, 0));
  const mixedOptions = {
    budget: evaluation.budget,
    compute: mixedFunction(node.name, extended ?? compute, modifier),
    notes,
    keepsName,
    variesByStep,
  };
  const windows = new SeriesWindows({
    shape: range,
    grid,
    budget: evaluation.budget,
    compute: extended ?? compute,
    kernel: node.name,
    keepsName,
    variesByStep,
    mixed: (series) => overMixedWindows(series, range, grid, mixedOptions),
    sink: node.name === 'rate' || node.name === 'increase' ? hintingAtCounters(call, sink) : sink,
  });
  await range.each((series) => windows.add(series));
}

function modifierOf(arg: Expression): Extension | undefined {
  return arg.kind === 'matrix-selector' ? arg.selector.extension : undefined;
}

/** What a function does on a range that is `anchored` or `smoothed`. */
function extendedFunction(
  modifier: Extension,
  arg: Expression,
  node: CallExpression,
): WindowFunction {
  const functions = extendedFunctions[modifier];
  const compute = functions[node.name];
  if (compute !== undefined) return compute;
  const names = Object.keys(functions).sort().join(', ');
  throw executionError(
    `${modifier} modifier can only be used with: ${names} - not with ${node.name}`,
    arg,
  );
}

/** A rate of what is no counter is a common mistake; names tell. */
function hintingAtCounters({ evaluation, node }: Call, sink: ColumnSink): ColumnSink {
  const [arg = node] = node.args;
  const hint = ({ labels, histograms, present }: Column): void => {
    const hasFloats =
      histograms === undefined ||
      present.some((is, step) => is === 1 && histograms[step] === undefined);
    if (!hasFloats) return;
    const name = labels.metricName;
    const type = labels.get('__type__');
    if (name === '' || /_(?:total|sum|count|bucket)$/.test(name)) return;
    if (type === 'counter' || type === 'histogram') return;
    evaluation.annotations.info(
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(name)}`,
      arg,
    );
  };
  return {
    keepsColumns: sink.keepsColumns,
    add: (column) => {
      hint(column);
      sink.add(column);
    },
  };
}

export async function smooth(call: Call, sink: ColumnSink): Promise<void> {
  const smoothing = await scalarArgument(call, 1);
  const trend = await scalarArgument(call, 2);
  for (const [name, factors] of [
    ['smoothing', smoothing],
    ['trend', trend],
  ] as const) {
    const bad = factors.find((factor) => !(factor > 0 && factor < 1));
    if (bad !== undefined) {
      throw executionError(`invalid ${name} factor. Expected: 0 < tf < 1, got: ${bad}`, call.node);
    }
  }
  await windowed(call, 0, doubleExponentialSmoothing(smoothing, trend), sink);
}

export async function predictLine(call: Call, sink: ColumnSink): Promise<void> {
  await windowed(call, 0, predictLinear(await scalarArgument(call, 1)), sink);
}

export async function quantileOfWindow(call: Call, sink: ColumnSink): Promise<void> {
  const q = await scalarArgument(call, 0);
  const compute = quantileOverTime(q);
  const isBad = q.some((one) => !(one >= 0 && one <= 1));
  const warning: WindowFunction = (window) => {
    const used = [q[window.step] ?? Number.NaN];
    warnAboutQuantiles(used, call.evaluation.annotations, argument(call, 0));
    return compute(window);
  };
  await windowed(call, 1, isBad ? warning : compute, sink);
}
