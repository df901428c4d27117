import { type CallExpression, type Expression, unwrapParens } from '../../parser/ast.ts';
import { quote } from '../../parser/go-text.ts';
import { executionError } from '../errors.ts';
import { refuseHistograms } from '../native.ts';
import { warnAboutQuantiles } from '../operators/aggregation.ts';
import { type Column } from '../values.ts';
import { overWindows, type WindowFunction } from '../window.ts';
import { argument, type Call, scalarArgument } from './call.ts';
import { extendedFunctions } from './extended-functions.ts';
import { doubleExponentialSmoothing, quantileOverTime } from './over-time-functions.ts';
import { predictLinear } from './rate-functions.ts';

/** Functions over windows that can tell how many samples there are, whatever those are. */
const TAKES_HISTOGRAMS: ReadonlySet<string> = new Set(['count_over_time', 'present_over_time']);
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
): Promise<Column[]> {
  const { evaluation, grid, node } = call;
  const arg = unwrapParens(argument(call, rangeIndex));
  const extended = extension(arg, node);
  const vector = await evaluation.range(arg, grid);
  if (!TAKES_HISTOGRAMS.has(node.name)) {
    refuseHistograms(vector.series, `${node.name}()`, node);
  }
  const keepsName = KEEPS_NAME.has(node.name);
  const variesByStep = VARIES_BY_STEP.has(node.name);
  const options = { keepsName, variesByStep };
  const columns = await overWindows(vector, grid, evaluation.budget, extended ?? compute, options);
  if (node.name === 'rate' || node.name === 'increase') hintAtCounters(call, columns);
  return columns;
}

/** What a function does on a range that is `anchored` or `smoothed`. */
function extension(arg: Expression, node: CallExpression): WindowFunction | undefined {
  const modifier = arg.kind === 'matrix-selector' ? arg.selector.extension : undefined;
  if (modifier === undefined) return undefined;
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
function hintAtCounters({ evaluation, node }: Call, columns: readonly Column[]): void {
  const [arg = node] = node.args;
  for (const { labels } of columns) {
    const name = labels.metricName;
    const type = labels.get('__type__');
    if (name === '' || /_(?:total|sum|count|bucket)$/.test(name)) continue;
    if (type === 'counter' || type === 'histogram') continue;
    evaluation.annotations.info(
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(name)}`,
      arg,
    );
  }
}

export async function smooth(call: Call): Promise<Column[]> {
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
  return windowed(call, 0, doubleExponentialSmoothing(smoothing, trend));
}

export async function predictLine(call: Call): Promise<Column[]> {
  return windowed(call, 0, predictLinear(await scalarArgument(call, 1)));
}

export async function quantileOfWindow(call: Call): Promise<Column[]> {
  const q = await scalarArgument(call, 0);
  warnAboutQuantiles(q, call.evaluation.annotations, argument(call, 0));
  return windowed(call, 1, quantileOverTime(q));
}
