import { type ValueType } from './ast.ts';

/** The signature of a function. */
export interface FunctionSignature {
  readonly name: string;
  readonly args: readonly ValueType[];
  /** How many arguments at the end may be left out or repeated; -1 means any number of them. */
  readonly variadic: number;
  readonly returns: ValueType;
}

const signatures = new Map<string, FunctionSignature>();

function define(returns: ValueType, args: readonly ValueType[], names: string, variadic = 0): void {
  for (const name of names.split(' ')) signatures.set(name, { name, args, variadic, returns });
}

define('vector', [
  'vector',
], 'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg ' +
  'histogram_count histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin ' +
  'sinh sort sort_desc sqrt start_timestamp tan tanh timestamp');
define('vector', [
  'matrix',
], 'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta ' +
  'increase irate last_over_time mad_over_time max_over_time min_over_time present_over_time ' +
  'rate resets stddev_over_time stdvar_over_time sum_over_time ts_of_first_over_time ' +
  'ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time');
define(
  'vector',
  ['vector'],
  'day_of_month day_of_week day_of_year days_in_month hour minute month year',
  1,
);
define('vector', ['vector', 'scalar', 'scalar'], 'clamp');
define('vector', ['vector', 'scalar'], 'clamp_max clamp_min');
define('vector', ['vector', 'scalar'], 'round', 1);
define('vector', ['matrix', 'scalar', 'scalar'], 'double_exponential_smoothing');
define('vector', ['matrix', 'scalar'], 'predict_linear');
define('vector', ['scalar', 'matrix'], 'quantile_over_time');
define('vector', ['scalar', 'vector'], 'histogram_quantile');
define('vector', ['vector', 'string', 'scalar', 'scalar'], 'histogram_quantiles', 9);
define('vector', ['scalar', 'scalar', 'vector'], 'histogram_fraction');
define('vector', ['vector', 'vector'], 'info', 1);
define('vector', ['vector', 'string', 'string', 'string'], 'label_join', -1);
define('vector', ['vector', 'string', 'string', 'string', 'string'], 'label_replace');
define('vector', ['vector', 'string'], 'sort_by_label sort_by_label_desc', -1);
define('vector', ['scalar'], 'vector');
define('scalar', ['vector'], 'scalar');
define('scalar', [], 'end pi range start step time');
define('scalar', ['scalar', 'scalar'], 'max_of min_of');

/** The signature of a function, undefined when there is none of that name. */
export function functionSignature(name: string): FunctionSignature | undefined {
  return signatures.get(name);
}

/** The type's name as the documentation of PromQL has it. */
export function documentedType(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}
